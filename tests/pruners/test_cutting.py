"""``cut="marked"``: an ending that limits nothing may go, and the mark says so."""

from __future__ import annotations

import math

import pytest

import ragcompress as rc
from ragcompress.core.budget import embedded_count
from ragcompress.core.context import Context
from ragcompress.core.render import render
from ragcompress.core.types import Span
from ragcompress.pruners.cutting import fill_marked
from ragcompress.pruners.labelling import LabellingPruner
from ragcompress.scorers.labels import LabelScorer
from ragcompress.structure import units

LONG = "The old tower is painted dark brown, a colour that visitors who come in spring like on the hill by town. "
SHORT = "The town likes its tower."
COUNT = rc.counter(lambda text: len(text.split()))


def told(*answers: str):
    """Labels that find these words, and no others."""
    return lambda words: [9.0 if s.text.strip(" ,.") in answers else 0.0 for s in words.segments]


def filled(limit: int, long: str = LONG, chances=(0.8, 0.1), weigh=None) -> Context:
    context = Context.of("What colour?", [long, SHORT]).split(units).with_scores(chances)
    return fill_marked(context, rc.TokenBudget(limit, COUNT), weigh or told("dark", "brown"))


def test_what_fits_stays_whole():
    assert render(filled(30)) == f"{LONG.strip()}\n\n{SHORT}"
    assert render(filled(22)) == LONG.strip()


def test_an_ending_that_limits_nothing_goes_and_is_marked():
    out = filled(12)
    assert render(out) == "The old tower is painted dark brown, …"
    assert out.segments[0].part_of == Span(0, 0, len(LONG))
    assert {gone.reason for gone in out.dropped} == {"over budget"}
    whole = sum(len(gone.segment.text) for gone in out.dropped) + sum(len(s.text) for s in out.segments)
    assert whole == len(LONG) + len(SHORT)


def test_a_whole_sentence_that_is_worth_more_comes_first():
    assert render(filled(9, chances=(0.2, 0.7))) == SHORT


@pytest.mark.parametrize("weigh", [lambda w: [0.0] * len(w.segments), lambda w: [-math.inf] * len(w.segments)])
def test_without_a_likely_answer_in_the_beginning_nothing_is_cut(weigh):
    assert render(filled(12, weigh=weigh)) == SHORT


@pytest.mark.parametrize(
    "rest",
    [
        "except on the side that faces the sea, where it has been left white since the last storm came over it. ",
        "which the mayor of the town and all of those who have seen it in these years have always denied to us. ",
        "as the widow of the keeper said when she was asked about it by the people of the local newspaper here. ",
        "wenn die Stadt in diesem schönen Sommer wieder genug Geld für die Farbe und die Maler des Turmes hat. ",
        "in the years between the wars and for some time after them too, as old pictures of the town still show. ",
        "with a share of 30 % white in the paint that was mixed for it by hand in the yard of the painter Brown. ",
    ],
)
def test_an_ending_that_limits_is_never_cut(rest):
    assert render(filled(12, long=f"The old tower is painted dark brown, {rest}")) == SHORT


def test_an_answer_at_the_end_keeps_its_beginning():
    long = "Of the tower that stands on the hill by town, visitors who come by like the colour, a dark brown. "
    assert render(filled(12, long=long)) == SHORT


def test_rewritten_text_is_never_cut():
    context = Context.of("What colour?", [LONG, SHORT]).split(units).with_scores([0.8, 0.1])
    new = rc.Segment("Brown, it seems, is what all of those call it who came by.", context.segments[0].support, 0.8)
    out = fill_marked(context.rewrite({0: [new]}), rc.TokenBudget(10, COUNT), told("Brown"))
    assert render(out) == SHORT


def test_by_default_a_sentence_is_whole_or_not_there_unless_it_is_longer_than_the_budget():
    question = "What colour is the tower painted?"
    size = embedded_count(LONG)
    assert rc.compress(question, [LONG, SHORT], budget=size).text == LONG.strip()
    assert rc.compress(question, [LONG, SHORT], budget=14).text == "The old tower is painted dark brown, …"
    marked = rc.compress(question, [LONG, SHORT], budget=14, compressor=LabellingPruner(cut="marked"))
    assert marked.text == "The old tower is painted dark brown, …"
    assert marked.tokens_out <= 14


@pytest.mark.parametrize("wrong", [True, "anywhere", None])
def test_cuts_anywhere_are_refused(wrong):
    with pytest.raises(rc.InvalidInput, match="marked"):
        LabellingPruner(cut=wrong)


def test_labels_are_read_once(monkeypatch: pytest.MonkeyPatch):
    read = []
    judge = LabelScorer.judge
    monkeypatch.setattr(LabelScorer, "judge", lambda self, context: read.append(1) or judge(self, context))
    rc.compress("Which colour was it then?", [LONG, SHORT], budget=12, compressor=LabellingPruner(cut="marked"))
    assert len(read) == 1
