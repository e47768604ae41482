"""CompressedRetriever and the compress Runnable."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("langchain_core")

from langchain_cases import DOCUMENTS, QUESTION, Listed, Runs, joined
from langchain_core.documents import BaseDocumentCompressor
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from pydantic import ValidationError

from ragcompress.core.budget import embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.integrations.langchain import CompressedRetriever, RagCompressor, compress
from ragcompress.testing import fake_chat_model


def test_a_retriever_that_compresses() -> None:
    retriever = CompressedRetriever(Listed(), compressor="lexical", budget=9)
    (found,) = retriever.invoke(QUESTION)
    assert found.id == "ada"
    assert embedded_count(found.page_content) <= 9
    assert asyncio.run(retriever.ainvoke(QUESTION)) == [found]


def test_the_budget_of_one_call_by_keyword_and_through_a_chains_config() -> None:
    retriever = CompressedRetriever(Listed(), compressor="lexical", budget=9)
    whole = embedded_count(joined(DOCUMENTS))
    assert embedded_count(joined(retriever.invoke(QUESTION, budget=1000))) == whole
    config: Any = {"configurable": {"budget": 1000}}
    assert embedded_count(joined(retriever.invoke(QUESTION, config))) == whole
    chain = RunnablePassthrough() | retriever
    assert embedded_count(joined(chain.invoke(QUESTION, config))) == whole
    assert embedded_count(joined(asyncio.run(chain.ainvoke(QUESTION, config)))) == whole
    assert embedded_count(joined(chain.invoke(QUESTION))) <= 9


def test_k_and_fetch_k() -> None:
    inner = Listed()
    retriever = CompressedRetriever(inner, compressor="lexical", budget=500, k=1, fetch_k=3)
    assert [document.id for document in retriever.invoke(QUESTION)] == ["ada"]
    assert inner.asked == [3]
    assert len(retriever.invoke(QUESTION, k=2)) == 2


def test_a_retriever_run_has_retrieval_and_compression_under_it() -> None:
    runs = Runs()
    CompressedRetriever(Listed(), compressor="lexical", budget=9).invoke(QUESTION, {"callbacks": [runs]})
    assert runs.parents == {
        "CompressedRetriever": None,
        "Listed": "CompressedRetriever",
        "RagCompressor": "CompressedRetriever",
    }


def test_any_runnable_or_own_retriever_can_be_inside_and_nothing_else() -> None:
    class Own:
        def retrieve(self, query: str, k: int = 10) -> list[Passage]:
            return [Passage(d.page_content, d.id or "", "T", 0.5, d.metadata) for d in DOCUMENTS][:k]

    found = CompressedRetriever(Own(), compressor="lexical", budget=500, k=2).invoke(QUESTION)
    assert [(d.id, d.metadata["title"], d.metadata["score"]) for d in found] == [("rain", "T", 0.5), ("ada", "T", 0.5)]
    assert asyncio.run(CompressedRetriever(Own(), compressor="lexical", budget=50).ainvoke(QUESTION))
    assert CompressedRetriever(RunnableLambda(lambda query: DOCUMENTS), budget=9).invoke(QUESTION)
    with pytest.raises((InvalidInput, ValidationError), match="retriever must be"):
        CompressedRetriever("a name")


def test_the_old_names_are_accepted() -> None:
    old = CompressedRetriever(base_retriever=Listed(), base_compressor=RagCompressor(budget=9, compressor="lexical"))
    new = CompressedRetriever(Listed(), compressor=RagCompressor(budget=9, compressor="lexical"))
    assert old.invoke(QUESTION) == new.invoke(QUESTION)
    assert (old.base_retriever, old.base_compressor) == (old.retriever, old.compressor)
    with pytest.raises(InvalidInput, match="old name"):
        CompressedRetriever(Listed(), base_retriever=Listed())


def test_another_document_compressor_of_langchain_can_be_inside() -> None:
    class First(BaseDocumentCompressor):
        def compress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
            return documents[:2]

    retriever = CompressedRetriever(base_retriever=Listed(), base_compressor=First(), k=1)
    assert [document.id for document in retriever.invoke(QUESTION)] == ["rain"]
    assert [document.id for document in asyncio.run(retriever.ainvoke(QUESTION, k=2))] == ["rain", "ada"]
    with pytest.raises((InvalidInput, ValidationError), match="takes no budget"):
        CompressedRetriever(Listed(), compressor=First(), budget=9)


def test_search_options_of_a_call_reach_the_retriever_inside() -> None:
    class Filtered(Listed):
        def _get_relevant_documents(self, query: str, *, run_manager: Any, k: int = 10, **options: Any) -> Any:
            return [d for d in DOCUMENTS if options["filter"] in (d.id, None)][:k]

    retriever = CompressedRetriever(Filtered(), budget=500, compressor="lexical")
    assert [document.id for document in retriever.invoke(QUESTION, filter="ada")] == ["ada"]
    assert [document.id for document in asyncio.run(retriever.ainvoke(QUESTION, filter="rain"))] == ["rain"]


def test_the_runnable_from_question_and_documents_to_a_string() -> None:
    inputs = {"question": QUESTION, "documents": DOCUMENTS}
    bound = compress.bind(budget=9, compressor="lexical")
    text = bound.invoke(inputs)
    assert "Ada wrote the program" in text
    assert embedded_count(text) <= 9
    assert asyncio.run(bound.ainvoke(inputs)) == text
    assert embedded_count(compress.invoke(inputs, {"configurable": {"budget": 9}})) <= 9
    assert bound.batch([inputs, inputs]) == [text, text]
    assert "".join(bound.stream(inputs)) == text
    with pytest.raises(InvalidInput, match="'documents' is not in"):
        compress.invoke({"question": QUESTION})


def test_the_runnable_in_a_chain_to_a_model() -> None:
    model = fake_chat_model(["Ada."])
    prompt = ChatPromptTemplate.from_template("{context}\n\nQuestion: {question}")
    found = {"documents": Listed(), "question": RunnablePassthrough()}
    chain = found | RunnablePassthrough.assign(context=compress.bind(budget=9, compressor="lexical")) | prompt | model
    assert chain.invoke(QUESTION).content == "Ada."
    assert model.seen[0][0].content == f"Ada wrote the program in 1843.\n\nQuestion: {QUESTION}"
