"""Frames: headings, header rows, questions and keys are judged by, and kept for, what stands under them."""

from __future__ import annotations

import pytest

import ragcompress as rc
from ragcompress.core.closing import links
from ragcompress.core.context import Context
from ragcompress.core.render import fill, fit
from ragcompress.core.view import frames, in_view, shared
from ragcompress.structure import units

VISAS = "Tourist visa:\n- Fee: 40 EUR\n- Stay: 90 days\n\nStudent visa:\n- Fee: 75 EUR\n- Stay: 365 days\n"
COUNT = rc.counter(lambda text: len(text.split()))


def context(scores: list[float], text: str = VISAS) -> Context:
    return Context.of("What does a student visa cost?", [text]).split(units).with_scores(scores)


def test_frames_are_those_that_others_need():
    found = context([0.0] * 6)
    assert frames(found, links(found)) == {0: [1, 2], 3: [4, 5]}


def test_a_heading_without_anything_under_it_is_no_frame():
    alone = Context.of("q", ["# Only a heading"]).split(units)
    assert frames(alone, links(alone)) == {}


def test_probability_goes_over_to_what_stands_under_and_the_sum_stays():
    out = shared(context([0.1, 0.1, 0.1, 0.5, 0.1, 0.05]))
    scores = [segment.score for segment in out.segments]
    assert scores[0] == scores[3] == 0.0
    assert scores[4] == pytest.approx(0.1 + 0.5 * 2 / 3)
    assert sum(scores) == pytest.approx(0.95)


def test_without_any_probability_under_it_a_heading_shares_evenly():
    assert [s.score for s in shared(context([0.4, 0, 0, 0, 0, 0])).segments] == pytest.approx([0, 0.2, 0.2, 0, 0, 0])


def test_relative_scores_are_lifted_by_the_best_frame_only_where_that_is_more():
    out = in_view(context([2.0, 3.0, 0.0, 6.0, 3.0, 0.0]))
    assert [s.score for s in out.segments] == [0.0, 3.0, 1.0, 0.0, 4.5, 3.0]


def test_prose_is_left_as_it_is():
    prose = Context.of("q", ["Ada wrote. Bob read."]).split(units).with_scores([0.3, 0.2])
    assert shared(prose) is prose
    assert in_view(prose) is prose


def test_a_heading_is_never_kept_for_itself():
    found = context([9.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    assert fill(found, rc.TokenBudget(3, COUNT)).segments == ()
    kept = fill(found, rc.TokenBudget(6, COUNT))
    assert "".join(s.text for s in kept.segments).split() == ["Student", "visa:", "-", "Fee:", "75", "EUR"]


@pytest.mark.parametrize("limit", range(22))
def test_fit_leaves_no_heading_behind(limit):
    kept = fit(context([0.9, 0.2, 0.1, 0.8, 0.3, 0.05]), rc.TokenBudget(limit, COUNT)).segments
    for head, items in (("Tourist", ("40", "90")), ("Student", ("75", "365"))):
        there = any(s.text.startswith(head) for s in kept)
        assert there == any(number in s.text for s in kept for number in items)


def test_a_heading_over_the_whole_passage_is_a_title_that_may_stay_out():
    sheet = "Pump A20 of the northern plant\nWeight: 12 kg\nNoise: 40 dB\n"
    found = context([0.0, 0.9, 0.1], sheet)
    assert [s.text.strip() for s in fill(found, rc.TokenBudget(4, COUNT)).segments] == ["Weight: 12 kg"]
    assert len(fill(found, rc.TokenBudget(9, COUNT)).segments) == 2


def test_a_heading_over_a_part_stays_needed():
    assert fill(context([0.0, 0.0, 0.0, 0.0, 0.9, 0.0]), rc.TokenBudget(4, COUNT)).segments == ()


def test_a_unit_without_a_letter_or_digit_is_worth_nothing():
    texts = ["Ada wrote. ", "*** ", "Bob read."]
    context = Context.of("q", ["".join(texts)]).split(lambda text: [(0, 11), (11, 15), (15, 24)])
    scored = context.with_scores([0.2, 0.5, 0.1])
    assert [segment.score for segment in shared(scored).segments] == [0.2, 0.0, 0.1]
    assert [segment.score for segment in in_view(scored).segments] == [0.2, 0.1, 0.1]
