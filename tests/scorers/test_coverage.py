"""Rows that look alike are told apart by the question's own words."""

from __future__ import annotations

import pytest

from ragcompress.core.context import Context
from ragcompress.scorers.coverage import covered, sharpened
from ragcompress.structure import units

PHASES = "| Phase | End |\n|---|---|\n| 1 | 2021-06-30 |\n| 2 | 2022-02-28 |\n| 3 | 2022-12-31 |\n"


def test_the_row_with_the_questions_number_covers_most():
    cover = covered(Context.of("When did phase 2 end?", [PHASES]).split(units))
    assert max(cover) == cover[3] == 1.0


def test_words_that_nobody_has_count_for_none():
    assert covered(Context.of("Quando finì?", ["Sat 9:00"]))[0] == 0.0


def test_abbreviations_count_only_where_nobody_has_the_word():
    assert covered(Context.of("Saturday?", ["Sat 9:00", "Saturday 10:00"])) == [0.0, 1.0]


def test_probability_moves_among_rows_and_its_sum_stays():
    context = Context.of("When did phase 2 end?", [f"Prose of some words here.\n\n{PHASES}"]).split(units)
    chances = [0.2 if segment.kind == "sentence" else 0.1 for segment in context.segments]
    out = [segment.score for segment in sharpened(context.with_scores(chances)).segments]
    assert sum(out) == pytest.approx(sum(chances))
    assert out[0] == 0.2
    right = next(at for at, s in enumerate(context.segments) if s.text.startswith("| 2"))
    assert max(out[1:]) == out[right]


def test_prose_is_left_as_it_is():
    context = Context.of("Who wrote?", ["Ada wrote. Bob read."]).split(units).with_scores([0.3, 0.2])
    assert sharpened(context) is context
