"""Of text too long to be read closely, the right pages are, and rows still stand under their header."""

from __future__ import annotations

import json

import pytest

import ragcompress as rc
from ragcompress.core import render as rendering
from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.pruners.pages import UNREAD, readable_part

QUESTION = "Who owns the lighthouse of Zanzibar?"
OWNED = "The lighthouse of Zanzibar is owned by Ada Lindqvist."


def prose(size: int) -> str:
    told = [f"The tower number {at} of Brenham has {at % 90} rooms and a garden. " for at in range(size // 60)]
    return "".join([*told[: len(told) // 2], OWNED + " ", *told[len(told) // 2 :]])


def rows(size: int) -> str:
    told = [f"{at},tower {at % 70},Brenham,owner {at % 90}\n" for at in range(size // 32)]
    found = "77777,lighthouse,Zanzibar,Ada Lindqvist\n"
    return "".join(["id,building,city,owner\n", *told[: len(told) // 2], found, *told[len(told) // 2 :]])


def records(size: int) -> str:
    told = [{"id": at, "building": f"tower {at % 70}", "city": "Brenham"} for at in range(size // 56)]
    told.insert(len(told) // 2, {"id": 77, "building": "lighthouse", "city": "Zanzibar", "owner": "Ada Lindqvist"})
    return "[\n" + ",\n".join(map(json.dumps, told)) + "\n]\n"


def log(size: int) -> str:
    told = [f"2024-05-01 11:00:{at % 60:02d} INFO tower {at} of Brenham is closed\n" for at in range(size // 56)]
    told.insert(len(told) // 2, "2024-05-01 12:00:00 ERROR lighthouse of Zanzibar, owner Ada Lindqvist, is dark\n")
    return "".join(told)


@pytest.mark.parametrize("make", [prose, rows, records, log])
def test_the_fact_is_found_in_text_of_any_kind_that_is_too_long(make) -> None:
    out = rc.compress(QUESTION, [make(2_100_000)], 60, "lexical")
    assert "Ada Lindqvist" in out.text
    assert any(warning.code == "size" for warning in out.warnings)
    assert 0 < out.tokens_out <= 60


def test_a_row_far_from_its_header_brings_it_along() -> None:
    out = rc.compress(QUESTION, [rows(2_100_000)], 60, "lexical")
    assert out.text.startswith("id,building,city,owner\n")
    assert "77777,lighthouse,Zanzibar,Ada Lindqvist" in out.text
    row = next(segment for segment in out.context.segments if "Ada" in segment.text)
    assert [out.context.read(need) for need in row.needs] == ["id,building,city,owner\n"]


def test_what_is_read_and_what_is_not_are_all_of_it() -> None:
    text = rows(300_000)
    kept = readable_part(rc.Context.of(QUESTION, [text, "A short one."]), most=100_000, closely=20_000)
    assert sum(len(segment.text) for segment in kept.segments) <= 20_000 + 4_000  # and the page with the header
    spans = sorted(segment.support[0] for segment in (*kept.segments, *(gone.segment for gone in kept.dropped)))
    assert "".join(kept.read(span) for span in spans) == text + "A short one."
    assert {gone.reason for gone in kept.dropped} == {UNREAD}
    assert readable_part(rc.Context.of(QUESTION, ["short"])).notes == ()


def test_tokens_of_very_long_text_are_estimated_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    text = prose(900_000)
    counted = embedded_count(text)
    monkeypatch.setattr(rendering, "COUNTED", 500_000)
    monkeypatch.setattr("ragcompress.attempt.COUNTED", 500_000)
    seen: list[int] = []

    def count(part: str) -> int:
        seen.append(len(part))
        return embedded_count(part)

    out = rc.compress(QUESTION, [text], TokenBudget(60, count), "lexical")
    assert abs(out.tokens_in - counted) < 0.01 * counted
    assert any("estimate" in warning and warning.code == "size" for warning in out.warnings)
    assert sum(seen) < 5 * len(text)
    assert rc.compress(QUESTION, [text], 0.01, "lexical").tokens_out <= 0.0101 * counted
