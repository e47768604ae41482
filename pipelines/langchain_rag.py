"""LangChain with compressed contexts: the classic chain, and an agent whose tool results are compressed.

python -m pipelines.langchain_rag                       (offline: a stand-in for the chat model)

The corpus is the package's demo, an invented mountain railway. Put your own model where the stand-in is: any
LangChain chat model does, such as ``init_chat_model("ollama:qwen3")``.
"""

from __future__ import annotations

import argparse
from typing import Any

from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnablePassthrough
from langchain_core.tools import create_retriever_tool

from ragcompress.core.budget import embedded_count
from ragcompress.demo import load_corpus, load_questions
from ragcompress.integrations.langchain import (
    CompressedRetriever,
    ContextCompressionMiddleware,
    FaissVectorStore,
    compress,
)
from ragcompress.testing import fake_chat_model

QUESTION = load_questions()[0].question
PROMPT = ChatPromptTemplate.from_template("Answer from the context.\n\n{context}\n\nQuestion: {question}")


def make_store(embedding: Any = None) -> FaissVectorStore:
    """The demo corpus in a vector store, encoded by the MiniLM that comes with the package unless told otherwise."""
    store = FaissVectorStore(embedding)
    store.add_documents([
        Document(p.text, id=p.id, metadata={**p.metadata, "title": p.title}) for p in load_corpus()
    ])  # fmt: skip
    return store


def classic_chain(store: FaissVectorStore, model: Runnable[Any, Any], *, budget: int) -> Runnable[str, str]:
    """Retrieve, compress to a string, prompt, answer."""
    found = {"documents": store.as_retriever(search_kwargs={"k": 8}), "question": RunnablePassthrough()}
    context = RunnablePassthrough.assign(context=compress.bind(budget=budget))
    return found | context | PROMPT | model | StrOutputParser()


def documents_chain(store: FaissVectorStore, *, budget: int) -> Runnable[str, list[Document]]:
    """The same with documents in the end: for code that wants ids, metadata and spans."""
    return CompressedRetriever(store.as_retriever(search_kwargs={"k": 8}), budget=budget)


def compressing_agent(store: FaissVectorStore, model: Any, *, budget: int) -> Any:
    """An agent that searches; what it finds is compressed, and it can read any passage again in full."""
    search = create_retriever_tool(
        store.as_retriever(search_kwargs={"k": 8}),
        "search_handbook",
        "Search the railway's handbook.",
        response_format="content_and_artifact",
    )
    middleware = ContextCompressionMiddleware(budget=budget, conversation_budget=4 * budget)
    return create_agent(model, [search], middleware=[middleware])


def main() -> None:
    """Show all three on one question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--budget", type=int, default=120, help="tokens")
    options = parser.parse_args()
    store = make_store()

    model = fake_chat_model(["(an answer)"])
    classic_chain(store, model, budget=options.budget).invoke(options.question)
    print(f"== What the chain's model was sent\n{model.seen[0][0].content}\n")

    print("== As documents")
    for document in documents_chain(store, budget=options.budget).invoke(options.question):
        print(f"{document.id} {document.metadata['ragcompress']['spans']}: {document.page_content}")

    call = {"name": "search_handbook", "args": {"query": options.question}, "id": "call-1"}
    agent = compressing_agent(
        store, fake_chat_model([AIMessage("", tool_calls=[call]), "(an answer)"]), budget=options.budget
    )
    messages = agent.invoke({"messages": [HumanMessage(options.question)]})["messages"]
    (found,) = [message for message in messages if isinstance(message, ToolMessage)]
    facts = found.response_metadata["ragcompress"]
    print(f"\n== What the agent's tool brought: {facts['tokens_in']} tokens, sent on: {embedded_count(found.text)}")
    print(found.text)


if __name__ == "__main__":
    main()
