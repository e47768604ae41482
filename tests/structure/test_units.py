"""Units tile any text, a need is a unit, and a context remembers what each needs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcompress import Context, Span, Unit
from ragcompress.structure import units

LINES = [
    "", " ", "a", "[", "{", "]", "}", "# Title", "Title", "=====", "- item", "  - deeper", "1. one", "(a) clause",
    "§ 3.1 Term",
    "key: value", "  key: value", "name,age", "ada,36",
    '"a","b\nc"', "| a | b |", "|---|---|", "| 1 | 2 |",
    "a\tb\tc",
    "Plan    Cost", "Pro     $12", "----  ----", '{"a": 1, "b": [2, 3]}', '[{"a": 1},', '{"b": "x, y"}]', "[tls]",
    "on = 1",

    "2024-06-01 12:00:01 INFO up", "Traceback (most recent call last):", '  File "a.py", line 1, in f',
    "ValueError: no",
    "Q: Who?", "A: She.", "Bob: Hi?", "Alice: No.", "def f(x):", "    return x", "}", "```", "$ ls -l", "> quoted",
    "<table><tr><td>1</td></tr></table>", "<a><b>1</b></a>", "1", "00:00:01,000 --> 00:00:02,000", "Mon 9:00-12:00",
    "However, it is not so.", "She left. It rained.", "---", "--- a/x", "+++ b/x", "@@ -1 +1 @@", "-old", "+new",
    "From: a@b.c", "Subject: x", "\\begin{equation}", "\\end{equation}", "**Run in.** Text.", "x" * 700, "\x00\ud800",
]  # fmt: skip
PAGES = st.lists(st.sampled_from(LINES), max_size=30).map("\n".join) | st.text(max_size=200)


@pytest.mark.parametrize("text", ["", "Ada wrote it. It rained.", "a\n\n# b\n- c", "no end", "   \n"])
def test_units_tile(text):
    assert "".join(text[unit.start : unit.end] for unit in units(text)) == text


@settings(max_examples=300, deadline=None)
@given(PAGES)
def test_units_tile_and_their_needs_are_closed(text):
    found = units(text)
    assert "".join(text[unit.start : unit.end] for unit in found) == text
    by_span = {(unit.start, unit.end): unit for unit in found}
    for unit in found:
        for need in unit.needs:
            assert need in by_span
            assert need != (unit.start, unit.end)
            assert {*by_span[need].needs} <= {*unit.needs, (unit.start, unit.end)}


def test_a_segment_knows_what_its_unit_needs():
    rows = [Unit(0, 5, kind="row"), Unit(5, 10, needs=((0, 5),), kind="row")]
    context = Context.of("b?", ["x", "name\nada 1"]).split(lambda text: rows if len(text) > 1 else [(0, 1)])
    assert [segment.needs for segment in context.segments] == [(), (), (Span(1, 0, 5),)]
