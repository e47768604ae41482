"""A line that dates the rest of its passage is sent beside some of that rest, or where it is the answer itself."""

from __future__ import annotations

from dataclasses import replace

import ragcompress as rc
from ragcompress.core.context import Context
from ragcompress.pruners.company import in_company
from ragcompress.structure import units

NOTICE = "Valid from 1 May 2016. Gates close at five. Keys are kept at the lodge."
FARES = "Adults pay 36 francs. Children pay half. Dogs travel free."


def scored(*scores: float) -> Context:
    split = Context.of("Who pays?", [NOTICE, FARES]).split(units)
    assert len(split.segments) == len(scores)
    return replace(
        split, segments=tuple(replace(one, score=score) for one, score in zip(split.segments, scores, strict=True))
    )


def test_a_dating_line_alone_is_left_out() -> None:
    split = scored(0.02, 0.01, 0.01, 0.9, 0.03, 0.03)
    kept = in_company(split.keep([0, 3]), split)
    assert [segment.text.strip() for segment in kept.segments] == ["Adults pay 36 francs."]
    assert any("none of that is kept" in gone.reason for gone in kept.dropped)


def test_it_stays_beside_what_it_dates() -> None:
    split = scored(0.02, 0.01, 0.01, 0.9, 0.03, 0.03)
    chosen = split.keep([0, 1, 3])
    assert in_company(chosen, split) is chosen


def test_it_stays_where_it_answers_or_is_all_there_is() -> None:
    split = scored(0.5, 0.01, 0.01, 0.4, 0.03, 0.03)
    answers, alone = split.keep([0, 3]), split.keep([0])
    assert in_company(answers, split) is answers
    assert in_company(alone, split) is alone
    out = rc.compress("Since when is the notice about the gates valid?", [NOTICE, FARES])
    assert "Valid from 1 May 2016." in out.text
