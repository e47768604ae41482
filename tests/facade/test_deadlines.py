"""Deadlines: every stage looks at the clock, and what has no time to read finds what stands around the question."""

from __future__ import annotations

import asyncio
import threading

import pytest

import ragcompress as rc
from ragcompress.core.asking import MOST, asking
from ragcompress.core.budget import embedded_count
from ragcompress.core.clock import Clock, OutOfTime, check, running, ticking
from ragcompress.core.context import Context
from ragcompress.core.render import fit
from ragcompress.pruners.failopen import attempt
from ragcompress.pruners.glance import glance
from ragcompress.scorers.labels import LabelScorer
from ragcompress.structure import units

ASK = "Who designed the aqueduct of Veld?"
FACT = "The aqueduct of Veld was designed by Ines Maurer in 1871."
LINE = "The tram runs every ten minutes and dogs need a ticket.\n"
LONG = LINE * 4_000 + FACT + "\n" + LINE * 4_000
BUDGET = rc.TokenBudget(40, embedded_count)


def stopped() -> Clock:
    clock = Clock()
    clock.stopped.set()
    return clock


@pytest.mark.parametrize(
    "stage",
    [
        lambda: Context.of("fresh", [LINE * 3 + "a"]).split(units),
        lambda: rc.LexicalScorer()(Context.of("fresh", [LINE])),
        lambda: embedded_count(LINE),
        lambda: fit(Context.of("fresh", [LINE]), BUDGET),
        lambda: LabelScorer()(Context.of("fresh", ["A sentence that nobody has read before, fresh as dew."])),
        lambda: attempt(check),
        lambda: list(ticking([1])),
        lambda: units("key: value\n" * 3 + "fresh as dew 2"),
    ],
    ids=["split", "words", "count", "fit", "labeller", "attempt", "ticking", "units"],
)
def test_every_stage_looks_at_the_clock(stage):
    with running(stopped()), pytest.raises(OutOfTime):
        stage()


def test_a_clock_stops_with_the_one_around_it():
    outer = Clock()
    with running(outer):
        inner = Clock.of(None)
    inner.check()
    outer.stopped.set()
    with pytest.raises(OutOfTime):
        inner.check()


def test_the_worker_stops_computing_when_its_answer_is_not_wanted():
    ended = threading.Event()

    def busy(context, budget):
        try:
            while True:
                check()
        finally:
            ended.set()

    out = rc.compress(ASK, [LONG], BUDGET, busy, timeout_s=0.05)
    assert ended.wait(60)
    assert "Ines Maurer" in out.text
    assert out.tokens_out <= 40
    assert "no answer within 0.05 s" in out.warnings[0]


def test_a_glance_finds_what_stands_around_the_questions_words():
    out = glance(Context.of(ASK, ["Bread is baked from flour.", LONG]), BUDGET, seconds=60)
    assert "Ines Maurer" in "".join(segment.text for segment in out.segments)
    assert out.passage_scores[1] > out.passage_scores[0] == 0
    for segment in out.segments:
        (span,) = segment.support
        assert segment.text == out.passages[span.passage].text[span.start : span.end]


@pytest.mark.parametrize(
    "text", [LONG.replace("\n", " "), LONG.replace("\n", ""), "x" * 300_000, "東京の塔。" * 20_000]
)
def test_a_glance_of_anything_is_something_within_the_budget(text):
    for limit in (12, 300):
        out = glance(Context.of(ASK, [text]), rc.TokenBudget(limit, embedded_count), seconds=0)
        assert embedded_count(rc.plain(out)) <= limit
        assert out.segments or text.startswith("x")


def test_a_counter_that_hangs_does_not_keep_the_answer():
    release = threading.Event()

    def hangs(text):
        release.wait(60)
        return len(text.split())

    count = [len]
    budget = rc.TokenBudget(40, lambda text: count[0](text) if count[0] is hangs else len(text.split()))
    count[0] = len

    def method(context, given):
        count[0] = hangs
        return context

    out = rc.compress(ASK, [LONG], budget, method, timeout_s=0.05)
    release.set()
    assert "Ines Maurer" in out.text
    assert "embedded tokenizer" in out.warnings[0]


def test_a_cancelled_task_frees_its_thread():
    begun, ended = threading.Event(), threading.Event()

    def busy(context, budget):
        begun.set()
        try:
            while True:
                check()
        finally:
            ended.set()

    async def main():
        task = asyncio.create_task(rc.acompress(ASK, [LINE], budget=5, compressor=busy))
        while not begun.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended.wait(60)


def test_acompress_gives_what_compress_gives():
    out = asyncio.run(rc.acompress(ASK, [FACT, LINE], budget=20))
    assert out == rc.compress(ASK, [FACT, LINE], budget=20)


@pytest.mark.parametrize("words", [2_000, 20_000])
def test_a_long_question_is_read_by_the_part_that_asks(words):
    question = "It rained in the hills and the tram was late again. " * (words // 11) + ASK
    assert asking(question) == ASK
    out = rc.compress(question, [FACT, LINE], budget=20)
    assert out.text == FACT
    assert out.context.query == question
    assert len(asking("why is the sky blue and the grass green " * (words // 9))) <= MOST


def test_no_model_reads_more_of_a_question_than_its_bound(monkeypatch):
    from ragcompress.models.encoders import OnnxEncoder

    seen = []
    query = OnnxEncoder.query
    monkeypatch.setattr(OnnxEncoder, "query", lambda self, text: seen.append(text) or query(self, text))
    question = "why is the sky blue and the grass green " * 300
    for method in ("dense", "late", "fused", "labeller", "hops", "cluster", "words"):
        rc.compress(question, [FACT, LINE], budget=20, compressor=method)
    assert seen
    assert max(map(len, seen)) <= MOST


def test_ten_thousand_passages_are_searched_as_one_text():
    context = Context.unopened(ASK, [LINE, *(f"{LINE} {at}" for at in range(10_000)), FACT, LINE])
    out = glance(context, BUDGET, seconds=60)
    assert (10_001, 0, len(FACT)) in [segment.support[0] for segment in out.segments]
    assert out.passage_scores[10_001] == max(out.passage_scores)
    assert not out.notes


def test_where_time_is_short_the_longest_word_is_searched_for_first():
    out = glance(Context.unopened(ASK, [LONG * 4]), BUDGET, seconds=0)
    assert "% of the search" in out.notes[0]


def test_a_deadline_counts_from_the_call(monkeypatch):
    monkeypatch.setattr("ragcompress.facade.monotonic", lambda: -1.0)  # the call began long ago
    out = rc.compress(ASK, [LONG], budget=40, timeout_s=0.05)
    assert "Ines Maurer" in out.text
    assert out.warnings[0].startswith("labeller failed: no answer within 0.05 s;")
