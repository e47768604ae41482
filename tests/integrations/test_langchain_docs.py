"""Every line of the migration table, and every Python block of docs/langchain.md, runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain.agents")
pytest.importorskip("faiss")

from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.tools import create_retriever_tool

import ragcompress as rc
from ragcompress.core.segment import tiles
from ragcompress.integrations import langchain as ours
from ragcompress.scorers.cross import CrossEncoderScorer
from ragcompress.testing import FakeEncoder, fake_chat_model

PAGE = Path(__file__).parents[2] / "docs" / "langchain.md"
if not PAGE.exists():
    pytest.skip("the page is only in the checkout", allow_module_level=True)
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?P<before>[^\n]+?) \| `(?P<now>[^\n]+)` \|$", TEXT, re.MULTILINE)
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
DOCUMENTS = [
    Document(
        f"The {name} lies in the north. It was opened in {1900 + at}. Visitors pay {at} francs.",
        id=name,
        metadata={"page": at},
    )
    for at, name in enumerate(("river", "museum", "railway", "mill", "library", "harbour"))
]
EXTRACT = "## Opening\n- The mill lies in the north.\n"


@pytest.fixture
def names(tmp_path: Path) -> dict[str, Any]:
    embeddings = ours.FaissVectorStore(FakeEncoder()).embeddings
    store = ours.FaissVectorStore.from_documents(DOCUMENTS, embeddings)
    store.save_local(tmp_path / "index")
    retriever = store.as_retriever()
    return {
        **{name: getattr(ours, name) for name in ours.__all__},
        "rc": rc,
        "tiles": tiles,
        "CrossEncoderScorer": CrossEncoderScorer,
        "cross_encoder": _Crossed(),
        "RunnablePassthrough": RunnablePassthrough,
        "documents": DOCUMENTS,
        "question": "When was the mill opened?",
        "retriever": retriever,
        "embeddings": embeddings,
        "folder": tmp_path / "index",
        "model": fake_chat_model([EXTRACT] * 5),
        "tools": [create_retriever_tool(retriever, "search", "Finds.")],
    }


def test_the_table_names_everything_that_moved() -> None:
    before = " ".join(row[0] for row in ROWS)
    for name in (
        "EmbeddingsFilter", "EmbeddingsRedundantFilter", "EmbeddingsClusteringFilter", "LongContextReorder",
        "LLMChainExtractor", "LLMChainFilter", "LLMLinguaCompressor", "CrossEncoderReranker", "FAISS",
        "ContextualCompressionRetriever", "DocumentCompressorPipeline",
    ):  # fmt: skip
        assert name in before
    assert len(ROWS) >= 14


@pytest.mark.parametrize(
    ("before", "now"), ROWS, ids=[re.findall(r"\w+", row[0])[0] + str(at) for at, row in enumerate(ROWS)]
)
def test_a_line_of_the_table(before: str, now: str, names: dict[str, Any]) -> None:
    out = eval(now.replace("\\|", "|"), names)
    assert out
    if isinstance(out, list):
        assert all(isinstance(document, Document) for document in out)
        assert "1903" in " ".join(document.page_content for document in out) or "RefinePruner" in now


@pytest.mark.parametrize("block", BLOCKS, ids=[str(at) for at in range(len(BLOCKS))])
def test_a_block(block: str, names: dict[str, Any]) -> None:
    names["model"] = RunnableLambda(str) if "counter(model)" not in block else _Counting()
    if "create_agent" in block:
        names["model"] = fake_chat_model(["done"])
    exec(block, names)
    if "agent" in names:
        assert names["agent"].invoke({"messages": [("user", "hello")]})["messages"][-1].content == "done"


class _Crossed:
    def predict(self, pairs: list[tuple[str, str]]) -> list[float]:
        return [len({*query.lower().split()} & {*text.lower().split()}) for query, text in pairs]


class _Counting:
    def get_num_tokens(self, text: str) -> int:
        return len(text.split())
