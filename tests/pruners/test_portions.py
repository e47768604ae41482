"""A unit longer than the budget is read in parts of its kind, and what went inside it is marked."""

from __future__ import annotations

import ragcompress as rc
from ragcompress.core.context import Context
from ragcompress.core.types import Span
from ragcompress.pruners.portions import read_units
from ragcompress.structure import units

COUNT = rc.counter(lambda text: len(text.split()))
CODE = (
    "def median(values, *, fallback):\n    if not values:\n        return fallback\n"
    "    ordered = sorted(values)\n    return ordered[len(ordered) // 2]\n"
)


def read(text: str, limit: int) -> Context:
    return read_units(Context.of("q", [text]), units, rc.TokenBudget(limit, COUNT))


def test_what_fits_stays_whole():
    assert len(read(CODE, 100).segments) == 1
    assert read(CODE, 100).segments[0].part_of is None


def test_code_is_read_in_lines_that_need_the_signature():
    found = read(CODE, 8)
    assert "".join(segment.text for segment in found.segments) == CODE
    assert {segment.part_of for segment in found.segments} == {Span(0, 0, len(CODE))}
    assert all(found.segments[0].support[0] in segment.needs for segment in found.segments[1:])


def test_the_omission_inside_is_marked():
    out = rc.compress("What is the fallback for?", [CODE], budget=rc.TokenBudget(8, COUNT), compressor="lexical")
    assert out.text.startswith("def median(values, *, fallback):")
    assert "…" in out.text
    assert out.tokens_out <= 8


def test_a_sentence_is_never_read_in_clauses():
    text = "Rooms can be refunded up to the evening before arrival, provided that the minibar has been paid in full."
    assert [segment.text for segment in read(text, 8).segments] == [text]
