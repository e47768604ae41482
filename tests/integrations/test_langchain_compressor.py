"""RagCompressor alone: documents in, documents out."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("langchain_core")

from langchain_cases import DOCUMENTS, QUESTION, Runs, joined
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.errors import CompressionFailed, InvalidInput
from ragcompress.core.render import fit
from ragcompress.core.types import Segment
from ragcompress.integrations.langchain import RagCompressor
from ragcompress.testing import word_count
from ragcompress.testing.cases import random_cases


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
    with pytest.raises(InvalidInput):
        RagCompressor(**settings)


@pytest.mark.parametrize(("settings", "said"), [
    ({"per": "word"}, "RagCompressor: per: Input should be 'passage' or 'span', not 'word'"),
    ({"budget": -1}, "RagCompressor: a token budget must be 0 or more, not -1"),
    ({"budgit": 3}, "RagCompressor: there is no setting 'budgit'"),
])  # fmt: skip
def test_what_is_wrong_with_settings_is_said_in_one_line(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        RagCompressor(**settings)
    assert str(caught.value) == said


def test_settings_dump_as_json_whatever_counts() -> None:
    dumped = json.loads(RagCompressor(budget=TokenBudget(30, len), compressor="late").model_dump_json())
    assert dumped["budget"].startswith("TokenBudget(limit=30")
    assert (dumped["compressor"], json.loads(RagCompressor(budget=0.5).model_dump_json())["budget"]) == ("late", 0.5)


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
