"""Units tile any text, and a context remembers what each needs."""

from __future__ import annotations

import pytest

from ragcompress import Context, Span, Unit, units


@pytest.mark.parametrize("text", ["", "Ada wrote it. It rained.", "a\n\n# b\n- c", "no end", "   \n"])
def test_units_tile(text):
    assert "".join(text[start:end] for start, end in units(text)) == text


def test_a_segment_knows_what_its_unit_needs():
    rows = [Unit(0, 5, kind="row"), Unit(5, 10, needs=((0, 5),), kind="row")]
    context = Context.of("b?", ["x", "name\nada 1"]).split(lambda text: rows if len(text) > 1 else [(0, 1)])
    assert [segment.needs for segment in context.segments] == [(), (), (Span(1, 0, 5),)]
