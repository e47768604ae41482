"""JSON that was cut down parses, keeps its records as they were, and says how many of how many."""

from __future__ import annotations

import doctest
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ragcompress
from ragcompress import structure
from ragcompress.core import json_out
from ragcompress.core.closing import keep_closed
from ragcompress.core.context import Context
from ragcompress.core.render import marked, numbered, plain

ITEMS = [{"sku": f"K-{100 + at}", "name": f"Thing {at}", "stock": at, "price": f"{at}.50"} for at in range(8)]
INDENTS = [None, 1, 2]


def test_examples() -> None:
    assert doctest.testmod(json_out).failed == 0


def cut(text: str, *wanted: str) -> str:
    """What is rendered of the units that hold ``wanted``, with all that they need."""
    context = Context.of("q", [text]).split(structure.units)
    numbers = [at for at, segment in enumerate(context.segments) if any(word in segment.text for word in wanted)]
    assert numbers
    return plain(keep_closed(context, numbers))


@pytest.mark.parametrize("indent", INDENTS)
@pytest.mark.parametrize("wanted", [["K-100"], ["K-104"], ["K-107"], ["K-101", "K-103"], ["K-100", "K-107"]])
def test_a_list_of_records(indent: int | None, wanted: list[str]) -> None:
    found = json.loads(cut(json.dumps(ITEMS, indent=indent), *wanted))
    assert [item for item in found if isinstance(item, dict)] == [item for item in ITEMS if item["sku"] in wanted]
    assert found[-1] == f"… {len(wanted)} of 8"


@pytest.mark.parametrize("indent", INDENTS)
def test_a_list_inside_an_object_among_other_members(indent: int | None) -> None:
    text = json.dumps({"query": "tools", "results": ITEMS, "took_ms": 12, "next": None}, indent=indent)
    found = json.loads(cut(text, "K-106"))
    assert found["results"] == [ITEMS[6], "… 1 of 8"]


@pytest.mark.parametrize("indent", INDENTS)
def test_lists_within_lists_each_say_what_went(indent: int | None) -> None:
    page = [{"page": at, "rows": ITEMS + ITEMS} for at in range(3)]
    found = json.loads(cut(json.dumps(page, indent=indent), "K-106"))
    assert found[-1] != "… 3 of 3", "a whole list needs no count"
    assert [row for row in found[0]["rows"] if isinstance(row, dict)] == [ITEMS[6]] * 2
    assert found[0]["rows"][-1] == "… 2 of 16"


def test_a_list_of_which_nothing_was_kept_says_so() -> None:
    text = json.dumps({"total": 8, "results": ITEMS, "note": "all prices in euros " * 12}, indent=1)
    context = Context.of("q", [text]).split(structure.units)
    brackets = [at for at, segment in enumerate(context.segments) if "sku" not in segment.text]
    assert json.loads(plain(keep_closed(context, brackets)))["results"] == ["… 0 of 8"]


def test_whole_json_and_other_brackets_stay_as_they_are() -> None:
    for text in (
        json.dumps(ITEMS),
        "[1] Smith 2019.\n[2] Jones 2020.\n",
        "{\n  return x;\n}\n{ y }\n",
        "{",
        "[",
        "[]\n{}",
    ):
        context = Context.of("q", [text]).split(structure.units)
        assert plain(context) == text.strip()
    context = Context.of("q", ["[1] Smith wrote it.\n[2] Jones read it.\n[3] Wu sold it.\n"]).split(structure.units)
    kept = plain(context.keep([0, len(context.segments) - 1]))
    assert "… " not in kept
    assert "Wu" in kept


def test_records_a_line_stay_lines() -> None:
    lines = "\n".join(json.dumps(item) for item in ITEMS)
    assert [json.loads(line) for line in cut(lines, "K-102", "K-105").splitlines()] == [ITEMS[2], ITEMS[5]]


def test_words_around_json_stay() -> None:
    text = f"Found these in the catalogue:\n{json.dumps(ITEMS)}\nPrices may change.\n"
    out = cut(text, "K-103")
    found, _ = json.JSONDecoder().raw_decode(out, out.index("["))
    assert found == [ITEMS[3], "… 1 of 8"]


@pytest.mark.parametrize("style", [plain, numbered, marked])
def test_every_style_keeps_json_json(style: Any) -> None:
    context = Context.of("q", [json.dumps(ITEMS)]).split(structure.units)
    wanted = [at for at, segment in enumerate(context.segments) if "K-102" in segment.text or "K-105" in segment.text]
    out = style(keep_closed(context, wanted))
    assert json.loads(out[out.index("[{") :])[-1] == "… 2 of 8"


def test_millions_of_characters_cost_little_to_render_again(monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(ITEMS * 4000)
    kept = [(0, 1), *((at, at + 20) for at in range(100, 20_000, 500)), (len(text) - 1, len(text))]
    json_out.json_changes(text, kept)
    monkeypatch.setattr(json_out, "_read", pytest.fail)
    json_out.json_changes(text, kept)
    monkeypatch.setattr(json_out, "_boxes", pytest.fail)
    assert json_out.json_changes(text * 5, kept) == {}  # of so much text the brackets are not read


def test_a_counted_list_that_is_followed_by_another_item() -> None:
    inner = [["x" * 90] * 3, "y" * 90]
    context = Context.of("q", [json.dumps([[inner, inner], "z" * 90, inner], indent=1)]).split(structure.units)
    for at in range(len(context.segments)):
        json.loads(plain(keep_closed(context, [at])))


RECORD = {"id": 7, "name": "Rain barrel", "text": "It holds 200 l. It is green. It costs 75 euros. It is sold in Lund."}


@pytest.mark.parametrize("indent", INDENTS)
@pytest.mark.parametrize("budget", [8, 12, 20, 30, 45, 60])
def test_a_record_longer_than_the_budget_is_read_in_parts_that_parse(indent: int | None, budget: int) -> None:
    text = json.dumps({"results": [{**RECORD, "id": at} for at in range(9)], "total": 9}, indent=indent)
    out = ragcompress.compress("What does the rain barrel cost?", [text], budget, "lexical")
    assert out.tokens_out <= budget
    if out.text:
        found = json.loads(out.text)
        rows = [row for row in found.get("results", []) if isinstance(row, dict)]
        assert all("…" in row or set(row) == set(RECORD) for row in rows), "an object says that members went"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.just('a, b]} {[ \\ " …'),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=60,
)


@settings(max_examples=150, deadline=None)
@given(VALUES.filter(lambda value: isinstance(value, dict | list)), st.sampled_from(INDENTS), st.data())
def test_json_out_of_json_parses(value: Any, indent: int | None, data: st.DataObject) -> None:
    long = {"of": [value] * 3, "filler": ["x" * 90] * 9}
    text = json.dumps(long, indent=indent, ensure_ascii=data.draw(st.booleans()))
    context = Context.of("q", [text]).split(structure.units)
    wanted = data.draw(st.sets(st.sampled_from(range(len(context.segments))), min_size=1))
    out = plain(keep_closed(context, wanted))
    found = json.loads(out)
    assert set(found) <= {"of", "filler"}
    fillers = found.get("filler", [])
    whole = fillers.count("x" * 90)
    assert whole == 9 or "filler" not in found or fillers[-1] == f"… {whole} of 9"
