"""What each kind of text falls into, and what its units need."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Unit
from ragcompress.structure import KINDS, parts, units
from ragcompress.testing import structured_texts


def seen(text: str, part: str) -> tuple[str, list[str]]:
    """The unit that holds ``part`` and its needs, without outer white space."""
    found = next(unit for unit in units(text) if part in text[unit.start : unit.end])
    return text[found.start : found.end].strip(), [text[a:b].strip() for a, b in found.needs]


CASES = [
    ("| A | B |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n", "| 3", "| 3 | 4 |", ["| A | B |"]),
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
    ("Bring all of the following:\n- pass\n- pen\n- map\n", "pen", "- pen",
     ["Bring all of the following:", "- pass", "- map"]),
    ("III. TERM.\n\nIt runs for a year.\n\nIV. LAW.\n\nThe law of Ohio applies.", "Ohio", "The law of Ohio applies.",
     ["IV. LAW."]),
    ("1. DEFINITIONS\n1.1 Goods means all.\n2. TERM\n2.1 One year.", "One", "2.1 One year.", ["2. TERM"]),
    ("§ 3 Term\n§ 3.2 End.\n(a) By notice.\n(b) At once.\n§ 3.3 Return all.", "Return", "§ 3.3 Return all.",
     ["§ 3 Term"]),
    ("services:\n  web:\n    image: a\n    port: 1\n  db:\n    image: b\n", "image: b", "image: b",
     ["services:", "db:"]),
    ("kind: A\nmetadata:\n  name: x\n---\nkind: B\nmetadata:\n  name: y\nspec:\n  z: 1", "z: 1", "z: 1",
     ["---\nkind: B", "metadata:", "name: y", "spec:"]),
    ("<h1>Plans</h1><p>All. Of it.</p><table><tr><th>P</th><th>C</th></tr><tr><td>Pro</td><td>$9</td></tr></table>",
     "Pro",      "<tr><td>Pro</td><td>$9</td></tr></table>",
     ["<h1>Plans</h1>", "<table><tr><th>P</th><th>C</th></tr>"]),
    ("<ul>\n<li>one\n<ul><li>sub</li></ul></li>\n<li>two</li></ul>", "sub", "<ul><li>sub</li></ul></li>",
     ["<ul>\n<li>one"]),
    ("<dl><dt>Fee</dt><dd>3 EUR</dd><dt>Tax</dt><dd>none</dd></dl>", "none", "<dd>none</dd></dl>", ["<dt>Tax</dt>"]),
    ("<r>" + "".join(f'<x k="{n}"><v>{n}00</v><w>long enough to be a record</w></x>' for n in range(5)) + "</r>", "300",
     '<x k="3"><v>300</v><w>long enough to be a record</w></x>', ["<r>", "</r>"]),
    ("import os\n\n\ndef f(x):\n    # why\n    return x\n\n\ndef g():\n    return 2\n", "return x",
     "def f(x):\n    # why\n    return x", []),
    ("class A:\n    \"\"\"An A.\"\"\"\n\n" + "".join(f"    def m{n}(self):\n        return {n}\n\n" for n in range(20)),
     "m7",     "def m7(self):\n        return 7", ['class A:\n    """An A."""']),
    ("```python\n# no heading\nx = 1\n```\n", "no heading", "```python\n# no heading\nx = 1\n```", []),
    ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n-c\n+d\n", "+d", "@@ -9 +9 @@\n-c\n+d",
     ["--- a/x\n+++ b/x"]),
    ("$ ls\na b\n\n$ cat a\nhello\n", "hello", "$ cat a\nhello", []),
    ("Bob: Which size?\nAda: M please\nBob: Fine, it takes 4 days.\nAda: ok", "M pl", "Ada: M please",
     ["Bob: Which size?"]),
    ("[12:00] <ada> Are you in?\n[12:01] <bob> yes\n", "yes", "[12:01] <bob> yes", ["[12:00] <ada> Are you in?"]),
    ("From: ada@x.org\nTo: b@x.org\nSubject: Pump\n\nHi Bob. It is broken.\n", "broken", "It is broken.",
     ["From: ada@x.org", "Subject: Pump", "Hi Bob."]),
    ("1\n00:00:01,000 --> 00:00:02,000\nIt's under the third\n\n2\n00:00:03,000 --> 00:00:04,000\nflower pot.\n", "pot",
     "flower pot.", ["It's under the third"]),
    ("**Scope.** This is for goods. Services are out.", "Serv", "Services are out.", ["**Scope.**"]),
    ("The mean is $a. B$ for all. It is so.", "$a", "The mean is $a. B$ for all.", []),
    ("[{'a': 1, 'name': \"x's\"}, {'a': 2}]", "'a': 2", "[{'a': 1, 'name': \"x's\"}, {'a': 2}]", []),
    ("The rule was kept [15, [17] [18]. It went on.", "15", "The rule was kept [15, [17] [18].", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "part", "unit", "needs"), CASES)
def test_units_and_their_needs(text, part, unit, needs):
    assert seen(text, part) == (unit, needs)


PROSE = [
    "Take approx. 3.5 kg. | Handle with care.",
    "The parties met on 3. May 2020 in Bonn. | They signed.",
    "As Lee et al. [12] showed, it works. | We agree.",
    "At 5 p.m. Mr. Jones left. | He ran.",
    "Upgrade to v2.1.3. | Then restart.",
    "1.1. Scope. This is for goods. | 1.2. Exclusions. It is not for services.",
    "Die Frist beträgt gem. § 4 Abs. 2 Nr. 3 i.V.m. Art. 7 zwei Wochen. | Sie beginnt sofort.",
    "We share some data. | We also sell it.",
    "This is an ex-\nample that was wrapped\nat the line. | The next one.",
]


@pytest.mark.parametrize("marked", PROSE)
def test_sentences_end_where_they_do(marked):
    text = marked.replace(" | ", " ")
    assert [text[u.start : u.end].strip() for u in units(text)] == marked.split(" | ")


def test_a_missing_space_hides_no_sentence():
    text = "We share some data.We also sell it.Nobody asked for that."
    assert [text[u.start : u.end] for u in units(text)] == [
        "We share some data.",
        "We also sell it.",
        "Nobody asked for that.",
    ]


def test_a_kind_can_be_forced_or_added():
    text = "a: 1\nb: 2\n"
    assert [unit.kind for unit in units(text)] == ["pair", "pair"]
    assert [unit.kind for unit in units(text, kind="lines")] == ["line", "line"]
    assert [unit[:2] for unit in units(text, kind=lambda text: [(0, 2), (5, 7)])] == [(0, 5), (5, 10)]
    own = units(text, kind=lambda text: [Unit(0, 5, (), "head"), Unit(5, 10, ((0, 5),), "tail")])
    assert own[1] == Unit(5, 10, ((0, 5),), "tail")
    with pytest.raises(InvalidInput, match="one of prose, lines"):
        units(text, kind="letters")


@pytest.mark.parametrize("kind", KINDS)
@given(structured_texts())
@settings(max_examples=25, deadline=None)
def test_a_forced_kind_tiles_whatever_it_is_given(kind, text):
    assert "".join(text[unit.start : unit.end] for unit in units(text, kind)) == text


@given(structured_texts())
@settings(max_examples=200, deadline=None)
def test_parts_tile_their_unit_and_keep_its_needs(text):
    for unit in units(text):
        found = parts(text, unit)
        assert "".join(text[part.start : part.end] for part in found) == text[unit.start : unit.end]
        own = {(part.start, part.end) for part in found}
        for part in found:
            assert set(part.needs) - own == set(unit.needs)


def test_a_part_needs_what_limits_it():
    text = "The deposit can be refunded in full within ten days of departure, provided that the keys were handed back."
    first, last = parts(text, Unit(0, len(text)))
    assert (first.needs, last.needs) == ((last[:2],), (first[:2],))
    row = "| Pro | $12 | $120 |"
    cells = parts(row, Unit(0, len(row), (), "row"))
    assert [row[a:b] for a, b, *_ in cells] == ["| Pro |", " $12 |", " $120 |"]
    assert cells[2].needs == ((0, 7),)


def test_rows_whose_first_or_last_cell_is_empty_are_rows():
    text = "Rank, Athlete, Time, Notes\n, Kulikov, 39.17, OR\n, Muratov, 39.25, \n4, Wallberg, 39.56, \n"
    found = units(text)
    assert [unit.kind for unit in found] == ["header", "row", "row", "row"]
    assert all(unit.needs == ((0, 27),) for unit in found[1:])


WRAPPED = (
    "When we speak of free software, we mean freedom, not\n"
    "price.  These licences are made so that you surely\n"
    "have the freedom to pass on copies of it (and charge\n"
    "them if you wish), that you receive the source or can\n"
    "want it, and that you may change it (really.)  You may\n"
    "keep what you made to yourself.\n"
)


def test_two_blanks_between_wrapped_sentences_make_no_table():
    found = units(WRAPPED)
    assert {unit.kind for unit in found} == {"sentence"}
    assert seen(WRAPPED, "charge")[0].startswith("These licences")


def test_two_blanks_after_an_abbreviation_still_part_columns():
    text = "No.  Name     Age  Town\n1    Ada      36   Paris\n2    Charles  79   London\n"
    assert seen(text, "Ada") == ("1    Ada      36   Paris", ["No.  Name     Age  Town"])


LICENCE = """
                       TERMS AND CONDITIONS

  0. Definitions.

  "This License" refers to version 3 of the GNU General Public License, and nothing else.

  1. Protecting Users' Legal Rights From Anti-Circumvention Law.

  No covered work shall be deemed part of an effective technological measure under any law.

                     END OF TERMS AND CONDITIONS

            How to Apply These Terms to Your New Programs

  If you develop a new program, and you want it to be of the greatest possible use, read on.
"""


def test_numbered_titles_between_blank_lines_head_their_paragraphs():
    found = {LICENCE[unit.start : unit.end].strip(): unit for unit in units(LICENCE)}
    heads = [text for text, unit in found.items() if unit.kind == "heading"]
    assert heads[:3] == [
        "TERMS AND CONDITIONS", "0. Definitions.", "1. Protecting Users' Legal Rights From Anti-Circumvention Law.",
    ]  # fmt: skip
    law = next(unit for text, unit in found.items() if text.startswith("No covered"))
    assert [LICENCE[a:b].strip()[:12] for a, b in law.needs] == ["1. Protectin", "TERMS AND CO"][::-1]
    last = found["How to Apply These Terms to Your New Programs"]
    assert last.needs == ()  # set in the middle of the page it stands under no numbered title


def test_the_end_of_a_sentence_that_names_a_section_is_no_heading():
    text = "you may change it as before.\nSection 6 states terms for executables.\n\n  When a work uses it.\n"
    assert "heading" not in {unit.kind for unit in units(text)}


def test_comments_of_several_lines_are_no_headings():
    remark = "# Updated from the registry.\n#\n# New ports will be added on request\n# by the registry.\n"
    text = f"{remark}\nssh\t\t22/tcp\nntp\t\t123/udp\n"
    assert "heading" not in {unit.kind for unit in units(text)}
    assert [unit.kind for unit in units("# Ports\n\nThey are numbers of two bytes.\n")] == ["heading", "sentence"]


def test_a_module_whose_text_is_followed_by_a_remark_is_code():
    head = '"""Heap queues of two kinds."""\n\n# Original code by Kevin.\n\n__about__ = "Heaps"\n\n'
    text = f"{head}def push(heap):\n    return heap\n"
    found = units(text)
    assert "heading" not in {unit.kind for unit in found}
    push = next(unit for unit in found if text[unit.start : unit.end].startswith("def push"))
    assert push.kind == "definition"
    assert push.needs == ()
