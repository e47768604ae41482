"""Running a compressor over random contexts, and finding the smallest case that breaks a law."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from unittest.mock import patch

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import MissingExtra
from ragcompress.core.protocols import Compressor
from ragcompress.core.types import Span
from ragcompress.testing.cases import Case, random_cases, smaller_cases
from ragcompress.testing.laws import LAWS, Law, Trial

__all__ = ["LawBroken", "broken_laws", "check_compressor", "findings", "smallest"]

MAX_SHRINKS = 300


class LawBroken(AssertionError):
    """A compressor broke a law.

    Attributes:
        law: The law.
        case: The smallest case found that breaks it.
    """

    def __init__(self, compressor: Compressor, law: Law, case: Case, why: str) -> None:
        name = getattr(compressor, "__name__", None) or repr(compressor)
        super().__init__(f"{name} breaks law {law.number} ({law.name}): {why}\nsmallest case: {case!r}")
        self.law, self.case = law, case


def check_compressor(compressor: Compressor, *, cases: int = 250, seed: int = 0) -> None:
    """Run ``compressor`` over random contexts and check every law.

    Args:
        compressor: Any ``(Context, TokenBudget) -> Context``.
        cases: How many contexts.
        seed: Which ones.

    Raises:
        LawBroken: An AssertionError that names the law and the smallest case found.
        MissingExtra: The compressor needs a package that is not installed.
    """
    for law, case in findings(compressor, cases=cases, seed=seed):
        raise smallest(compressor, law, case)


def broken_laws(compressor: Compressor, *, cases: int = 250, seed: int = 0) -> dict[int, LawBroken]:
    """Every law that ``compressor`` breaks over the cases, by number, each with the smallest case found."""
    first: dict[int, tuple[Law, Case]] = {}
    for law, case in findings(compressor, cases=cases, seed=seed):
        first.setdefault(law.number, (law, case))
    return {number: smallest(compressor, *found) for number, found in first.items()}


def findings(compressor: Compressor, *, cases: int, seed: int = 0) -> Iterator[tuple[Law, Case]]:
    """Every law broken in every case, as they come; `smallest` makes an error of one."""
    for case in random_cases(cases, seed=seed):
        trial = _try(compressor, case)
        yield from ((law, case) for law in LAWS if law.check(trial))


def _try(compressor: Compressor, case: Case) -> Trial:
    given, budget = case.context(), case.budget()
    query, passages = str(given.query), deepcopy(given.passages)
    with _recorded_rewrites(given) as rewritten:
        out = _run(compressor, given, budget)
        again = _run(compressor, case.context(), case.budget())
    return Trial(case, given, budget, query, passages, out, again, frozenset(rewritten))


def _run(compressor: Compressor, context: Context, budget: TokenBudget) -> Any:
    try:
        return compressor(context, budget)
    except MissingExtra:
        raise
    except Exception as error:  # law 8 reports it
        return error


@contextmanager
def _recorded_rewrites(given: Context) -> Iterator[set[tuple[str, tuple[Span, ...]]]]:
    """Text and support of every segment that was rewritten before or enters through `Context.rewrite` meanwhile."""
    seen = {(segment.text, segment.support) for segment in given.segments}
    original = Context.rewrite

    def rewrite(self: Context, replacements: Any) -> Context:
        fixed = {at: tuple(segments) for at, segments in replacements.items()}
        seen.update((segment.text, segment.support) for segments in fixed.values() for segment in segments)
        return original(self, fixed)

    with patch.object(Context, "rewrite", rewrite):
        yield seen


def smallest(compressor: Compressor, law: Law, case: Case) -> LawBroken:
    """The error for a law broken in a case, after the case was made as small as it goes."""
    why, tries = law.check(_try(compressor, case)), 0
    progress = True
    while progress and tries < MAX_SHRINKS:
        progress = False
        for smaller in smaller_cases(case):
            tries += 1
            worse = law.check(_try(compressor, smaller))
            if worse:
                case, why, progress = smaller, worse, True
                break
            if tries >= MAX_SHRINKS:
                break
    return LawBroken(compressor, law, case, why or "only sometimes")
