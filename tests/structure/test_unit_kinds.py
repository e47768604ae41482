"""What each kind of text falls into, and what its units need."""

from __future__ import annotations

import pytest

from ragcompress.structure import units


def seen(text: str, part: str) -> tuple[str, list[str]]:
    """The unit that holds ``part`` and its needs, without outer white space."""
    found = next(unit for unit in units(text) if part in text[unit.start : unit.end])
    return text[found.start : found.end].strip(), [text[a:b].strip() for a, b in found.needs]


CASES = [
    ("| A | B |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n", "| 3", "| 3 | 4 |", ["| A | B |\n|---|---|"]),
    ("id,name\n1,ada\n2,bob\n", "2,bob", "2,bob", ["id,name"]),
    ('id,name\n1,"ada\nx"\n2,bob\n', "ada", '1,"ada\nx"', ["id,name"]),
    ("A\tB\tC\n1\t2\t3\n4\t5\t6", "4", "4\t5\t6", ["A\tB\tC"]),
    (
        "Plan      Month\n----      -----\nBasic     $5\nPro       $12\nAll prices exclude VAT.", "Pro",
        "Pro       $12", ["Plan      Month", "All prices exclude VAT."],
    ),
    ("Product: X4\nWeight: 3 kg\nPrice: 9 EUR", "Price", "Price: 9 EUR", ["Product: X4"]),
    ("Hours\nMon 9-12\nTue closed", "Tue", "Tue closed", ["Hours"]),
    ("[a]\nx = 1\n\n[b]\n; why\ny = 2", "y =", "; why\ny = 2", ["[b]"]),
    ("# Top\n\n## Men\n\nText here.\n\n## Women\n\nOther text.", "Other", "Other text.", ["# Top", "## Women"]),
    ("Top\n===\n\nA sentence.", "sentence", "A sentence.", ["Top\n==="]),
    ("Bring these:\n- one\n  - two\n- three", "two", "- two", ["Bring these:", "- one"]),
    ("Q: Is it?\nA: Yes. Now.\n\nQ: So?\nA: No.", "Yes", "A: Yes. Now.", ["Q: Is it?"]),
    ("All went. At least that is what they say.", "All", "All went.", ["At least that is what they say."]),
    ("Ada was born in Trento. She died in 1902.", "She", "She died in 1902.", ["Ada was born in Trento."]),
    ("§ 3 Term\n§ 3.2 End.\n(a) One.\n(b) Two.\n§ 4 Law\n§ 4.1 Ours.", "Ours", "§ 4.1 Ours.", ["§ 4 Law"]),
    (
        "2024-06-01 12:00:01 INFO up\n2024-06-01 12:00:02 ERROR no\n  more of it\n2024-06-01 12:00:03 INFO x", "more",
        "2024-06-01 12:00:02 ERROR no\n  more of it", [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "part", "unit", "needs"), CASES)
def test_units_and_their_needs(text, part, unit, needs):
    assert seen(text, part) == (unit, needs)
