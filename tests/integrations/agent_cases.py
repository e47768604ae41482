"""A search tool, an agent and its messages that the middleware's tests share."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import create_retriever_tool

from ragcompress.testing import fake_chat_model

QUESTION = "When was the bridge opened?"
FILLER = "The river is cold and wide. Trout live in it, and herons hunt them. Children throw stones from the bank. "
DOCUMENTS = [
    Document(f"{FILLER * 2}The bridge was opened in 1907. {FILLER}", id="bridge-notice", metadata={"page": 3}),
    Document(f"The museum sells tickets and postcards. {FILLER * 3}", id="museum-notice"),
    Document(f"Trains run hourly. {FILLER * 2}", id="timetable"),
]


class Listed(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return DOCUMENTS


def search_tool() -> Any:
    return create_retriever_tool(Listed(), "search", "Finds.", response_format="content_and_artifact")


def calling(name: str, *argument_sets: dict[str, Any], start: int = 0) -> AIMessage:
    calls = [{"name": name, "args": args, "id": f"call-{start + at}"} for at, args in enumerate(argument_sets)]
    return AIMessage("", tool_calls=calls)


def tool_messages(messages: Any) -> list[ToolMessage]:
    return [message for message in messages if isinstance(message, ToolMessage)]


def run(middleware: Any, answers: list[Any], tools: Any = None, *, model: Any = None) -> Any:
    model = model or fake_chat_model(answers)
    agent = create_agent(model, tools or [search_tool()], middleware=[middleware])
    return agent.invoke({"messages": [HumanMessage(QUESTION)]}, {"recursion_limit": 400})["messages"]
