"""How much work a question takes, counted: calls of tokenisers, forwards, characters that counters see. No clock."""

from __future__ import annotations

import math
from collections import Counter

import pytest

import ragcompress as rc
from ragcompress.core import wordwise
from ragcompress.models.sessions import LateSession

SUBJECTS = ("tower", "bridge", "harbour", "museum", "garden", "station", "castle", "river", "market", "library")
FACTS = ("was opened in {n} by the city.", "is {n} metres long today.", "had {n} visitors last year.", "has {n} doors.")


def asked(salt: str, size: int = 20) -> tuple[str, list[rc.Passage]]:
    """A question and passages that no other test has seen."""
    passages = [
        rc.Passage(
            " ".join(f"The {subject} of {salt} {fact.format(n=at * 7 + place)}" for place, fact in enumerate(FACTS)),
            title=f"{subject} {at}",
        )
        for at, subject in ((at, SUBJECTS[at % len(SUBJECTS)]) for at in range(size))
    ]
    return f"How long is the {SUBJECTS[3]} of {salt}?", passages


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts tokeniser calls and forwards from here on."""
    seen: Counter[str] = Counter()
    encoded, sizes, run = wordwise._encoded, wordwise._sizes, LateSession.run

    def counted(asked):
        def counting(tokenizer, words):
            seen["tokeniser"] += 1
            seen["words"] += len(words)
            return asked(tokenizer, words)

        return counting

    def ran(self, names, feeds):
        seen["forwards"] += 1
        seen["positions"] += next(iter(feeds.values())).shape[1]
        return run(self, names, feeds)

    monkeypatch.setattr(wordwise, "_encoded", counted(encoded))
    monkeypatch.setattr(wordwise, "_sizes", counted(sizes))
    monkeypatch.setattr(LateSession, "run", ran)
    return seen


def test_a_question_needs_few_calls_of_the_tokeniser(work):
    rc.compress(*asked("Arven"), budget=80)
    assert work["tokeniser"] <= 6
    before = work["tokeniser"]
    rc.compress(*asked("Arven"), budget=60)
    assert work["tokeniser"] == before  # every word is known


@pytest.mark.parametrize(("method", "most"), [("lexical", 0), ("dense", 21), ("student", 21), ("late", 21)])
def test_a_passage_goes_through_the_encoder_once(work, method, most):
    rc.compress(*asked(f"Bol {method}"), budget=80, compressor=method)
    assert work["forwards"] == most


def test_the_joint_graph_reads_what_may_hold_the_answer(work):
    rc.compress(*asked("Cadmar"), budget=80, compressor="student")  # fills the encoder's cache
    work.clear()
    rc.compress(*asked("Cadmar"), budget=80)
    assert 4 <= work["forwards"] <= 20
    _, passages = asked("Dorn")
    passages[7] = rc.Passage("It was in 1871 that Ada Lindqvist wrote the opera Silverwing.", title="Ada Lindqvist")
    rc.compress("Who wrote the opera Silverwing?", passages, budget=80, compressor="student")
    work.clear()
    assert "Ada Lindqvist" in rc.compress("Who wrote the opera Silverwing?", passages, budget=40).text
    assert work["forwards"] <= 8  # one passage stands out


@pytest.mark.parametrize("method", ["lexical", "dense", "labeller"])
def test_a_counter_is_asked_once_per_unit_and_little_more_to_fit(method):
    lengths: list[int] = []

    def count(text: str) -> int:
        lengths.append(len(text))
        return len(text.split())

    question, passages = asked(f"Eld {method}")
    out = rc.compress(question, passages, rc.TokenBudget(60, count), method)
    units = sum(len(rc.units(passage.text)) for passage in passages)
    whole = sum(len(passage.text) for passage in passages)
    assert 0 < out.tokens_out <= 60
    assert len(lengths) <= units + 2 * math.log2(units) + 12
    assert sum(lengths) <= 5 * whole  # all of it rendered twice, each unit once, and a few attempts


def test_work_grows_with_the_passages_and_not_faster(work):
    seen = {}
    for size in (20, 200):
        work.clear()
        rc.compress(*asked(f"Fenn {size}", size), budget=80, compressor="dense")
        seen[size] = dict(work)
    assert seen[200]["forwards"] == 201
    assert seen[200]["positions"] <= 10.5 * seen[20]["positions"]
    assert seen[200]["tokeniser"] <= seen[20]["tokeniser"] + 8


def test_many_questions_encode_a_shared_passage_once_and_give_what_one_by_one_gives(work):
    question, passages = asked("Gorm", 24)
    items = [(f"{question} {at}", passages[at : at + 12]) for at in range(10)]
    kept = [out.text for out in rc.compress_many(items, budget=60, compressor="student")]
    assert work["forwards"] == len(items) + 21  # each question, and the passages that any of them has
    assert kept == [rc.compress(*item, budget=60, compressor="student").text for item in items]


def test_what_an_index_stores_takes_one_forward_a_passage(work):
    from ragcompress.retriever.states import StateMaker
    from ragcompress.retriever.table import SHARED, Table
    from ragcompress.retriever.units import UnitMaker

    pytest.importorskip("faiss", reason="the table needs it")
    _, passages = asked("Holm", SHARED + 6)
    made = Table(384, makers=(StateMaker(), UnitMaker())).made(passages)
    assert work["forwards"] == len(passages)
    assert [len(rows) for rows in made.values()] == [len(passages)] * 2


def test_an_index_whose_encoder_is_that_of_compression_takes_one_forward_a_passage(work):
    pytest.importorskip("faiss", reason="the index needs it")
    import numpy as np

    from ragcompress.retriever.embed import as_encoder, normalise

    _, passages = asked("Ivor", 70)
    index = rc.DenseRetriever.build(passages, encoder="minilm", precompute=True)
    assert work["forwards"] == len(passages)
    index.add([rc.Passage("A tower of Ivor has no title and 3 doors.", id="plain")])
    assert work["forwards"] == len(passages) + 1
    apart = normalise(as_encoder("minilm").embed([passage.text for passage in index]))
    own = index.vectors()
    assert np.allclose(own[-1], apart[-1], atol=1e-5)
    assert (own * apart).sum(axis=1).min() > 0.85  # the others have titles


def test_words_alone_hold_little_of_a_long_text():
    import tracemalloc

    text = "The tram runs every ten minutes and dogs need a ticket. " * 40_000
    context = rc.Context.of("When does the tram run?", [text])
    tracemalloc.start()
    rc.LexicalScorer()(context)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 14 * len(text)  # its one segment is read at once, its passage in parts
