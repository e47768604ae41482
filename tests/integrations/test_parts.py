"""What all adapters share: parts that tell the truth about passages, for random contexts and settings."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

import ragcompress as rc
from ragcompress.core.budget import embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.integrations.parts import Part, Parts
from ragcompress.testing.cases import COUNTERS, Case, random_cases

COMPRESSORS: tuple[Any, ...] = ("lexical", "truncate", "random", rc.order_ends, rc.SentencePruner(rc.LexicalScorer()))


def _settings(draw: Random, case: Case) -> Parts:
    counter = COUNTERS[case.counter]
    budgets = (
        rc.TokenBudget(case.limit, counter),
        rc.TokenBudget(case.limit, counter, case.budget().render),
        case.limit,
        0.3,
        None,
    )
    return Parts(
        draw.choice(budgets),
        draw.choice(COMPRESSORS),
        per=draw.choice(("passage", "span")),
        keep_empty=draw.random() < 0.3,
        top_n=draw.choice((None, None, 1, 2)),
        min_score=draw.choice((None, None, 0.5)),
    )


def _budget_holds(parts: Parts, text: str) -> bool:
    budget = parts.budget
    if isinstance(budget, rc.TokenBudget):
        own = budget.render is None  # a rendering of one's own is counted with its titles and numbers
        return not text or not own or budget.count(text) <= budget.limit
    return not isinstance(budget, int) or embedded_count(text) <= budget


def _true(part: Part, source: str, *, per_span: bool) -> bool:
    if not part.verbatim:
        return True
    shown = [source[start:end] for start, end in part.spans]
    if per_span and part.text:
        return shown == [part.text.strip("… \n")]  # the mark stands where the rest of a long unit went
    return all(text == text.strip() and text in part.text for text in shown)


def test_parts_of_random_contexts() -> None:
    draw = Random(3)
    for case in random_cases(300, seed=9):
        if not case.query.strip():
            continue
        parts = _settings(draw, case)
        if parts.budget is None and parts.compressor != rc.order_ends:
            parts = replace(parts, top_n=parts.top_n or 2)  # no budget: something else must say how much
        outcome = parts(case.query, case.passages)
        assert _budget_holds(parts, "\n\n".join(part.text for part in outcome.parts if part.text)), (case, parts)
        for part in outcome.parts:
            assert _true(part, case.passages[part.passage].text, per_span=parts.per == "span"), (case, parts, part)
            assert part.tokens_out <= part.tokens_in or not part.verbatim or case.counter in ("jumpy",), (case, part)
        if parts.top_n is not None:
            assert len({part.passage for part in outcome.parts}) <= parts.top_n
        if parts.min_score is not None and parts.per == "passage":
            assert all(part.score >= parts.min_score for part in outcome.parts)


def test_nothing_gives_nothing() -> None:
    assert Parts(10, "lexical")("q?", []).parts == ()
    assert Parts(0, "lexical", keep_empty=True)("q?", [rc.Passage("a b")]).parts[0].text == ""


def test_those_who_stay_share_the_budget_of_those_who_go() -> None:
    passages = [
        rc.Passage("Ada wrote it. " + "".join(f"Ada liked {n}. " for n in range(9))),
        rc.Passage("Rain fell. " * 5),
    ]
    one = Parts(25, "lexical", top_n=1)("Who wrote it?", passages).parts
    assert [part.passage for part in one] == [0]
    assert 20 <= one[0].tokens_out <= 25


@pytest.mark.parametrize("settings", [
    {"per": "word"}, {"top_n": -1}, {"top_n": True}, {"budget": 0.0}, {"budget": "x"}, {"compressor": "nothing"},
])  # fmt: skip
def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Parts(**settings).check()
