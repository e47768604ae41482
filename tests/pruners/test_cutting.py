"""The sentence that no longer fits is cut to what answers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ragcompress as rc
from ragcompress.core.context import Context
from ragcompress.core.render import render
from ragcompress.core.select import best_run
from ragcompress.pruners.cutting import TRIES, fill_cutting
from ragcompress.pruners.labelling import LabellingPruner
from ragcompress.scorers.labels import LabelScorer

LONG = "Visitors who come in spring will see that the old tower, which was painted dark brown last year, stands open. "
SHORT = "The town likes its tower."
COUNT = rc.counter(lambda text: len(text.split()))


def told(*answers: str):
    """Labels that find these words, and no others."""
    return lambda words: [5.0 if s.text.strip(" ,.") in answers else 0.0 for s in words.segments]


def filled(limit: int, chances=(0.8, 0.1), weigh=None) -> str:
    context = Context.of("What colour?", [LONG, SHORT]).split().with_scores(chances)
    return render(fill_cutting(context, rc.TokenBudget(limit, COUNT), weigh or told("dark", "brown")))


def test_what_fits_stays_whole():
    assert filled(25) == f"{LONG.strip()}\n\n{SHORT}"
    assert filled(20) == LONG.strip()


def test_the_best_sentence_is_cut_where_it_answers():
    text = filled(10)
    assert "dark brown" in text
    assert text in LONG
    assert len(text.split()) == 10


def test_a_whole_sentence_that_is_worth_more_comes_first():
    assert filled(10, chances=(0.2, 0.7)) == SHORT  # and five words of room are too little for a stretch
    assert filled(14, chances=(0.2, 0.7)).endswith(SHORT)
    assert "dark brown" in filled(14, chances=(0.2, 0.7))


def test_without_a_likely_stretch_the_next_sentence_is_taken():
    assert filled(10, weigh=lambda words: [0.0] * len(words.segments)) == SHORT
    assert filled(10, weigh=lambda words: [-math.inf] * len(words.segments)) == SHORT


def test_the_rest_of_a_cut_sentence_is_dropped_over_budget():
    context = Context.of("What colour?", [LONG, SHORT]).split().with_scores([0.8, 0.1])
    out = fill_cutting(context, rc.TokenBudget(10, COUNT), told("dark", "brown"))
    assert all(out.is_verbatim(at) for at in range(len(out.segments)))
    gone = [dropped.segment.text for dropped in out.dropped]
    assert sorted([*gone, *(segment.text for segment in out.segments)], key=LONG.find) != gone
    assert sum(map(len, gone)) + sum(len(segment.text) for segment in out.segments) == len(LONG) + len(SHORT)
    assert {dropped.reason for dropped in out.dropped} == {"over budget"}


@pytest.mark.parametrize(
    "text",
    [
        "It is by no means true, whatever the visitors who come in spring say, that the old tower is dark brown now. ",
        "colours = {'tower': 'dark brown', 'house': 'white', 'gate': 'dark green', 'roof': 'slate', 'door': 'red'}; ",
        "| tower | dark brown | 1889 | house | white | 1901 | gate | dark green | 1950 | roof | slate | 1960 | ",
    ],
    ids=["negated", "code", "table"],
)
def test_what_half_of_it_would_falsify_is_never_cut(text):
    context = Context.of("What colour?", [text, SHORT]).split().with_scores([0.8, 0.1])
    assert len(context.segments) == 2
    assert render(fill_cutting(context, rc.TokenBudget(10, COUNT), told("dark", "brown"))) == SHORT


def test_of_thousands_of_sentences_only_the_best_are_tried():
    asked = []

    def weigh(words):
        asked.append(words.segments[0].support)
        return [0.0] * len(words.segments)

    context = Context.of("What colour?", [LONG] * 1000).split().with_scores([0.001] * 1000)
    assert render(fill_cutting(context, rc.TokenBudget(9, COUNT), weigh)) == ""
    assert len(set(asked)) == TRIES


def test_rewritten_text_is_never_cut():
    context = Context.of("What colour?", [LONG, SHORT]).split().with_scores([0.8, 0.1])
    new = rc.Segment("Brown it is said to be by all of those who have seen it.", (context.segments[0].support[0],), 0.8)
    out = fill_cutting(context.rewrite({0: [new]}), rc.TokenBudget(10, COUNT), told("Brown"))
    assert render(out) == SHORT


@given(
    weights=st.lists(st.floats(0, 1), max_size=8),
    costs=st.lists(st.integers(0, 5), min_size=8, max_size=8),
    limit=st.integers(0, 20),
)
def test_no_run_within_the_limit_weighs_more(weights, costs, limit):
    costs = costs[: len(weights)]
    start, end = best_run(weights, costs, limit)
    runs = [(a, b) for a in range(len(weights)) for b in range(a + 1, len(weights) + 1) if sum(costs[a:b]) <= limit]
    assert sum(costs[start:end]) <= limit
    assert sum(weights[start:end]) == pytest.approx(max((sum(weights[a:b]) for a, b in runs), default=0), abs=1e-9)


def test_the_labeller_cuts_what_it_reads():
    question = "What colour is the tower painted?"
    cut = rc.compress(question, [LONG, SHORT], budget=12)
    assert "dark brown" in cut.text
    assert cut.tokens_out <= 12
    assert rc.compress(question, [LONG, SHORT], budget=12, compressor=LabellingPruner(cut=False)).text == SHORT


def test_labels_are_read_once(monkeypatch: pytest.MonkeyPatch):
    read = []
    judge = LabelScorer.judge
    monkeypatch.setattr(LabelScorer, "judge", lambda self, context: read.append(1) or judge(self, context))
    rc.compress("Which colour was the tower painted then?", [LONG, SHORT], budget=12)
    assert len(read) == 1
