"""RagCompressor, CompressedRetriever and the compress Runnable."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("langchain_core")

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from pydantic import ValidationError

from ragcompress.budget import TokenBudget, embedded_count
from ragcompress.context import Context
from ragcompress.errors import CompressionFailed, InvalidInput
from ragcompress.integrations.langchain import CompressedRetriever, RagCompressor, compress
from ragcompress.render import fit
from ragcompress.testing import fake_chat_model, word_count
from ragcompress.testing.cases import random_cases
from ragcompress.types import Passage, Segment

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


def test_plain_documents_with_id_order_and_metadata_kept() -> None:
    before = copy.deepcopy(DOCUMENTS)
    out = RagCompressor(budget=24, compressor="lexical").compress_documents(DOCUMENTS, QUESTION)
    assert before == DOCUMENTS
    assert all(type(document) is Document for document in out)
    assert [document.id for document in out] == [d.id for d in DOCUMENTS if d.id in {o.id for o in out}]
    ada = next(document for document in out if document.id == "ada")
    assert "Ada wrote the program" in ada.page_content
    assert ada.metadata["title"] == "Ada"
    assert isinstance(ada.metadata["relevance_score"], float)
    facts = ada.metadata["ragcompress"]
    assert facts["tokens_in"] == embedded_count(DOCUMENTS[1].page_content)
    assert facts["tokens_out"] == embedded_count(ada.page_content)
    assert all(DOCUMENTS[1].page_content[a:b] in ada.page_content for a, b in facts["spans"])
    assert max(out, key=lambda document: document.metadata["relevance_score"]).id == "ada"


@pytest.mark.parametrize("per", ["passage", "span"])
@pytest.mark.parametrize("budget", [0, 1, 9, 24, 1000])
def test_the_budget_holds_for_the_joined_contents(per: Any, budget: int) -> None:
    out = RagCompressor(budget=budget, compressor="lexical", per=per).compress_documents(DOCUMENTS, QUESTION)
    assert embedded_count(joined(out)) <= budget
    assert bool(out) == (budget > 1)


def test_the_budget_holds_for_random_documents_and_counters() -> None:
    for case in random_cases(150, seed=5):
        if not case.query.strip():
            continue
        budget = TokenBudget(case.limit, case.budget().count)
        documents = [Document(p.text, id=p.id or None, metadata=dict(p.metadata)) for p in case.passages]
        for per in ("passage", "span"):
            out = RagCompressor(budget=budget, compressor="lexical", per=per).compress_documents(documents, case.query)
            assert not out or budget.count(joined(out)) <= case.limit, case


def test_one_document_per_span_is_exactly_what_stands_there() -> None:
    out = RagCompressor(budget=24, compressor="lexical", per="span").compress_documents(DOCUMENTS, QUESTION)
    sources = {document.id: document.page_content for document in DOCUMENTS}
    assert len(out) >= 2
    for document in out:
        ((start, end),) = document.metadata["ragcompress"]["spans"]
        assert sources[document.id][start:end] == document.page_content


def test_keep_empty_top_n_and_min_score() -> None:
    kept = RagCompressor(budget=8, compressor="lexical", keep_empty=True).compress_documents(DOCUMENTS, QUESTION)
    assert [document.id for document in kept] == ["rain", "ada", "heron"]
    assert [bool(document.page_content) for document in kept] == [False, True, False]
    (top,) = RagCompressor(budget=40, compressor="lexical", top_n=1).compress_documents(DOCUMENTS, QUESTION)
    assert top.id == "ada"
    assert top.page_content == DOCUMENTS[1].page_content, "the one that stays has the whole budget"
    assert RagCompressor(compressor="lexical", min_score=1e9).compress_documents(DOCUMENTS, QUESTION) == []
    scores = {
        d.id: d.metadata["relevance_score"]
        for d in RagCompressor(budget=99, compressor="lexical").compress_documents(DOCUMENTS, QUESTION)
    }
    above = RagCompressor(budget=99, compressor="lexical", min_score=scores["ada"]).compress_documents(
        DOCUMENTS, QUESTION
    )
    assert [document.id for document in above] == ["ada"]


def test_every_kind_of_budget() -> None:
    total = embedded_count(joined(DOCUMENTS))
    half = RagCompressor(budget=0.5, compressor="lexical").compress_documents(DOCUMENTS, QUESTION)
    assert 0 < embedded_count(joined(half)) <= total / 2
    words = RagCompressor(budget=TokenBudget(10, word_count), compressor="lexical").compress_documents(
        DOCUMENTS, QUESTION
    )
    assert 0 < word_count(joined(words)) <= 10
    assert embedded_count(joined(RagCompressor().compress_documents(DOCUMENTS, QUESTION))) <= total
    assert RagCompressor(budget=10).compress_documents([], QUESTION) == []


def test_a_compressor_that_reorders_or_rewrites_is_told_truly() -> None:
    def shout_backwards(context: Context, budget: Any) -> Context:
        out = context.reorder(range(len(context.segments))[::-1])
        return fit(out.rewrite({at: [Segment(s.text.upper(), s.support)] for at, s in enumerate(out.segments)}), budget)

    out = RagCompressor(budget=200, compressor=shout_backwards).compress_documents(DOCUMENTS, QUESTION)
    assert [document.id for document in out] == ["heron", "ada", "rain"]
    assert out[1].page_content == DOCUMENTS[1].page_content.upper()
    assert out[1].metadata["ragcompress"]["rewritten"] is True


def test_failures_fall_back_or_raise_as_asked() -> None:
    def broken(context: Context, budget: Any) -> Context:
        raise RuntimeError("no model")

    out = RagCompressor(budget=20, compressor=broken).compress_documents(DOCUMENTS, QUESTION)
    assert embedded_count(joined(out)) <= 20
    assert "no model" in out[0].metadata["ragcompress"]["warnings"][0]
    with pytest.raises(CompressionFailed):
        RagCompressor(budget=20, compressor=broken, on_error="raise").compress_documents(DOCUMENTS, QUESTION)


@pytest.mark.parametrize("settings", [
    {"budget": -1}, {"budget": 2.0}, {"compressor": "lexcal"}, {"per": "word"}, {"top_n": -1}, {"budget": "many"},
])  # fmt: skip
def test_settings_that_cannot_be_are_refused_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises((InvalidInput, ValidationError)):
        RagCompressor(**settings)


def test_bad_input_is_named() -> None:
    with pytest.raises(InvalidInput, match="query is empty"):
        RagCompressor().compress_documents(DOCUMENTS, " ")
    with pytest.raises(InvalidInput, match="give a list"):
        RagCompressor().compress_documents(DOCUMENTS[0], QUESTION)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="not int"):
        RagCompressor().compress_documents([1], QUESTION)  # type: ignore[list-item]


def test_a_run_appears_in_traces_and_an_error_too() -> None:
    runs = Runs()
    RagCompressor(budget=9, compressor="lexical").compress_documents(DOCUMENTS, QUESTION, callbacks=[runs])
    assert runs.ended == ["RagCompressor"]
    with pytest.raises(InvalidInput):
        RagCompressor(budget=9).compress_documents(DOCUMENTS, " ", callbacks=[runs])
    assert runs.failed == ["RagCompressor"]


def test_inside_a_chain_the_run_is_a_child_of_the_chain() -> None:
    compressor = RagCompressor(budget=9, compressor="lexical")

    def step(question: str) -> Sequence[Document]:
        return compressor.compress_documents(DOCUMENTS, question)

    runs = Runs()
    RunnableLambda(step, name="chain").invoke(QUESTION, {"callbacks": [runs]})
    assert runs.parents["RagCompressor"] == "chain"


def test_async_gives_the_same_and_runs_elsewhere() -> None:
    threads: list[str] = []

    def note_thread(context: Context, budget: Any) -> Context:
        threads.append(threading.current_thread().name)
        return fit(context.split(), budget)

    compressor, runs = RagCompressor(budget=9, compressor=note_thread), Runs()
    sync = compressor.compress_documents(DOCUMENTS, QUESTION)
    out = asyncio.run(compressor.acompress_documents(DOCUMENTS, QUESTION, callbacks=[runs]))
    assert out == sync
    assert threads[0] == threading.current_thread().name
    assert threads[1].startswith("ragcompress")
    assert runs.ended == ["RagCompressor"]


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
    assert asyncio.run(CompressedRetriever(Own(), compressor="lexical").ainvoke(QUESTION))
    assert CompressedRetriever(RunnableLambda(lambda query: DOCUMENTS), budget=9).invoke(QUESTION)
    with pytest.raises((InvalidInput, ValidationError), match="retriever must be"):
        CompressedRetriever("a name")


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
