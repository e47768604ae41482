"""A question of two parts gets an answer to each before two to one."""

from __future__ import annotations

import pytest

import ragcompress as rc
from ragcompress.core.context import Context
from ragcompress.scorers.several import asked_parts, one_each
from ragcompress.structure import units

TEXT = "Ines designed the tower. Ines Maurer was the first designer of any. Work ended in 1911."


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("Who built it and when was it finished?", 2),
        ("What does it cost? Where is it made? Who sells it?", 3),
        ("Wer hat es gebaut und wann wurde es fertig?", 2),
        ("Qui l'a bâti et quand a-t-il été fini ?", 2),
        ("Who are the founders and owners?", 1),
        ("Is it red and round?", 1),
        ("Why?", 1),
    ],
)
def test_parts(query, parts):
    assert len(asked_parts(query)) == parts


def test_the_best_unit_of_each_part_comes_first():
    context = Context.of("Who designed the tower, and when has work ended?", [TEXT]).split(units)
    lifted = one_each(context.with_scores([0.5, 0.4, 0.01]))
    assert [s.score > 1 for s in lifted.segments] == [True, False, True]


def test_one_part_changes_nothing():
    context = Context.of("Who designed the tower?", [TEXT]).split(units).with_scores([0.5, 0.4, 0.1])
    assert one_each(context) is context


def test_scores_that_come_out_stay_probabilities():
    out = rc.compress("Who designed the tower, and when has work ended?", [TEXT], budget=12)
    assert "1911" in out.text
    assert "designed" in out.text
    assert all(0 <= segment.score <= 1 for segment in out.context.segments)
