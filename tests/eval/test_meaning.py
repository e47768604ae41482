"""The measures of meaning see a broken unit, a lost limiter and a lost number."""

from __future__ import annotations

import pytest

from eval.meaning import critical_recall, limiter_recall, whole_units
from ragcompress.core.context import Context
from ragcompress.core.types import Passage, Span
from ragcompress.structure import units

TEXT = "The pump runs for 12 hours unless it rains. Ada was a poet. She died in 1852."


def kept(*indices: int, text: str | Passage = TEXT) -> Context:
    return Context.of("q", [text]).split(units).keep(indices)


def stretch(start: int, end: int) -> Context:
    context = Context.of("q", [TEXT]).split(lambda text: [(0, start), (start, end), (end, len(text))])
    return context.keep([1])


def test_a_whole_sentence_is_whole_and_half_of_it_is_not():
    assert whole_units(kept(0)) == 1.0
    assert whole_units(stretch(4, 25)) == 0.0
    assert whole_units(Context.of("q", [TEXT]).keep([])) is None


def test_a_pronoun_without_its_name_is_not_whole():
    assert whole_units(kept(2)) == 0.0
    assert whole_units(kept(1, 2)) == 1.0
    assert whole_units(kept(2, text=Passage(TEXT, title="Ada"))) == 1.0


def test_a_lost_unless_is_seen():
    assert limiter_recall(kept(0)) == 1.0
    assert limiter_recall(stretch(4, 25)) == 0.0
    assert limiter_recall(kept(1)) is None


def test_the_facts_of_the_gold_text():
    gold = [Span(0, 0, 44)]
    assert critical_recall(kept(0), gold) == 1.0
    assert critical_recall(kept(1), gold) == 0.0
    assert critical_recall(kept(1), [Span(0, 44, 60)]) is None


@pytest.mark.parametrize("fact", ["v2.1.3", "3 May 2020", "AX-2231", "12 kg", "https://a.example/x", "$1,234.00"])
def test_kinds_of_facts(fact):
    text = f"It says {fact} there."
    context = Context.of("q", [text]).split(lambda t: [(0, 9), (9, len(t))])
    assert critical_recall(context.keep([0, 1]), [Span(0, 0, len(text))]) == 1.0
    assert critical_recall(context.keep([1]), [Span(0, 0, len(text))]) < 1.0
