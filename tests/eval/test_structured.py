"""The structured set: made alike each time, its answers present, its measure able to fail."""

from __future__ import annotations

import pytest

from eval.cli import main
from eval.structured import KINDS, questions
from eval.structured_table import kept_share
from ragcompress.core.context import Context
from ragcompress.methods import resolve


def test_the_same_seeds_make_the_same_questions():
    assert questions([1], 1) == questions([1], 1)
    assert questions([1], 1) != questions([2], 1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wanted_stands_in_the_passages(kind):
    for asked in questions([3], 2):
        if asked.kind == kind:
            assert asked.held("\n\n".join(asked.passages))
            assert not asked.held("\n\n".join(p for p in asked.passages if not all(w in p for w in asked.wanted)))


def test_all_and_nothing():
    asked = questions([3], 1)
    assert all(held for own in kept_share(asked, lambda context, budget: context, 1.0).values() for held in own)
    nothing = kept_share(asked, lambda context, budget: context.keep([]), 1.0)
    assert not any(held for own in nothing.values() for held in own)


def test_half_a_row_does_not_count():
    asked = next(one for one in questions([3], 1) if one.kind == "markdown_table")
    row = asked.wanted[1]
    half = Context.of("q", [asked.wanted[0] + "\n" + row[: len(row) // 2]])
    assert kept_share([asked], lambda context, budget: half, 1.0) == {"markdown_table": [False]}


def test_the_labeller_keeps_rows_with_their_headers():
    asked = [one for one in questions([3], 2) if one.kind in ("csv_table", "ini", "bullets")]
    held = [held for own in kept_share(asked, resolve("labeller"), 0.2).values() for held in own]
    assert sum(held) >= len(held) - 1


def test_the_command_prints_a_table(capsys):
    assert main(["structured", "--methods", "lead", "--seeds", "3", "--per-kind", "1", "--budgets", "0.3"]) == 0
    out = capsys.readouterr().out
    assert "| all | " in out
    assert f"{len(KINDS)} kinds" in out
