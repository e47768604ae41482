"""What is said twice counts once, and says where the other stands."""

from __future__ import annotations

import ragcompress as rc
from ragcompress.core.context import Context
from ragcompress.core.types import Span
from ragcompress.pruners.once import DUPLICATE, once
from ragcompress.structure import units


def of(*passages, scores=None) -> Context:
    context = Context.of("q", passages).split(units)
    return context.with_scores(scores) if scores else context


def texts(context: Context) -> list[str]:
    return [segment.text.strip() for segment in context.segments]


def test_the_best_copy_stays_with_all_the_probability():
    out = once(of("Ada wrote it. Rain fell.", "ada  wrote it!", scores=[0.2, 0.1, 0.3]), add=True)
    assert texts(out) == ["Rain fell.", "ada  wrote it!"]
    assert out.segments[1].score == 0.5
    assert [(gone.reason, gone.same_as) for gone in out.dropped] == [(DUPLICATE, Span(1, 0, 14))]


def test_without_scores_the_first_stays():
    assert texts(once(of("Ada wrote it.", "Ada wrote it."))) == ["Ada wrote it."]


def test_the_same_words_of_somebody_else_are_something_else():
    under = once(of("Tourist visa:\n- Fee: 40 EUR\n- Stay: 9 days\n\nWork visa:\n- Fee: 40 EUR\n- Stay: 8 days\n"))
    assert texts(under).count("- Fee: 40 EUR") == 2
    about = once(of("Ada was a poet. She died young.", "Berit was a poet. She died young."))
    assert texts(about).count("She died young.") == 2
    titled = once(of(rc.Passage("Died in 1852.", title="Ada"), rc.Passage("Died in 1852.", title="Berit")))
    assert len(titled.segments) == 2


def test_what_another_unit_needs_stays():
    out = once(of("Ada was a poet.", "Ada was a poet. She died young."))
    assert texts(out) == ["Ada was a poet.", "Ada was a poet.", "She died young."] or texts(out)[-2:] == [
        "Ada was a poet.",
        "She died young.",
    ]


def test_by_default_a_sentence_of_three_windows_is_sent_once():
    windows = ["The dam is old. 412 people were moved for it.", "412 people were moved for it. Trout live here."]
    out = rc.compress("How many people were moved for the dam?", windows, budget=20)
    assert out.text.count("412 people") == 1
    assert any(gone.reason == DUPLICATE and gone.same_as for gone in out.dropped)
