"""Documents, a retriever and a tracer that the LangChain tests share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

QUESTION = "Who wrote the program?"
DOCUMENTS = [
    Document("It rained all day. The river rose. Nobody crossed.", id="rain", metadata={"page": 1, "tags": ["x"]}),
    Document(
        "Ada wrote the program in 1843. She liked horses. Bob read the program.", id="ada", metadata={"title": "Ada"}
    ),
    Document("Herons fish. Trout swim. The program of the theatre is out.", id="heron"),
]


class Listed(BaseRetriever):
    documents: list[Document] = DOCUMENTS
    asked: list[Any] = []  # noqa: RUF012  (pydantic copies it)

    def _get_relevant_documents(self, query: str, *, run_manager: Any, k: int = 10) -> list[Document]:
        self.asked.append(k)
        return self.documents[:k]


class Runs(BaseCallbackHandler):
    """Remembers which runs started, under which, and how they ended."""

    run_inline = True

    def __init__(self) -> None:
        self.names: dict[Any, str] = {}
        self.parents: dict[str, str | None] = {}
        self.ended: list[str] = []
        self.failed: list[str] = []

    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: Any, parent_run_id: Any = None, **more: Any
    ) -> None:
        self.names[run_id] = more.get("name") or "?"
        self.parents[self.names[run_id]] = self.names.get(parent_run_id)

    on_retriever_start = on_chain_start

    def on_chain_end(self, outputs: Any, *, run_id: Any, **more: Any) -> None:
        self.ended.append(self.names[run_id])

    on_retriever_end = on_chain_end

    def on_chain_error(self, error: BaseException, *, run_id: Any, **more: Any) -> None:
        self.failed.append(self.names[run_id])


def joined(documents: Sequence[Document]) -> str:
    return "\n\n".join(document.page_content for document in documents)
