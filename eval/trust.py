"""The promises, checked on real questions: budget, traceability, determinism, and inputs left alone.

`ragcompress.testing.check_compressor` tries the same laws on made-up and hostile input; this is the field test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import render, whole

from .questions import Question
from .run import Maker

__all__ = ["PROMISES", "Breach", "check"]


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that a compressor broke on a question."""

    promise: str
    compressor: str
    question: str
    detail: str


_Case = tuple[Context, TokenBudget, Context]  # before, budget, after


def _holds_budget(case: _Case) -> str:
    _, budget, after = case
    size = budget.count(render(after, budget)) if after.segments else 0
    return f"{size} tokens, {budget.limit} allowed" if size > budget.limit else ""


def _never_longer(case: _Case) -> str:
    before, budget, after = case
    size = len(render(after, budget))
    most = whole(before, budget)[0]
    return f"{size} characters from {most}" if size > most else ""


def _traceable(case: _Case) -> str:
    _, _, after = case
    for segment in after.segments:
        if not segment.support or not any(after.read(span) for span in segment.support):
            return f"{segment.text[:60]!r} has no support"
    return ""


def _verbatim(case: _Case) -> str:
    _, _, after = case
    for at, segment in enumerate(after.segments):
        if len(segment.support) == 1 and not after.is_verbatim(at):
            return f"{segment.text[:60]!r} is not what stands at {segment.support[0]}"
    return ""


def _same_inputs(case: _Case) -> str:
    before, _, after = case
    same = after.passages is before.passages and after.query == before.query
    return "" if same else "query or passages are other objects"


PROMISES: dict[str, Callable[[_Case], str]] = {
    "within budget": _holds_budget,
    "never longer": _never_longer,
    "traceable": _traceable,
    "verbatim": _verbatim,
    "inputs untouched": _same_inputs,
}


def check(name: str, maker: Maker, questions: Sequence[Question], budgets: Sequence[float]) -> tuple[int, list[Breach]]:
    """How many times each promise was put to the test, and where it was broken."""
    breaches: list[Breach] = []
    cases = 0
    for question in questions:
        for fraction in budgets:
            cases += 1
            breaches += [
                Breach(promise, name, question.id, detail)
                for promise, detail in _findings(maker(question), question, fraction)
            ]
    return cases, breaches


def _findings(compressor: Compressor, question: Question, fraction: float) -> Iterator[tuple[str, str]]:
    context = Context.of(question.question, question.passages)
    size = whole(context, TokenBudget(0, embedded_count))[1]
    budget = TokenBudget(int(fraction * size), embedded_count)
    copy = deepcopy([(p.text, p.id, p.title) for p in context.passages])
    try:
        after, again = compressor(context, budget), compressor(context, budget)
    except Exception as error:  # that it raised is the finding
        yield "never fails", f"{type(error).__name__}: {error}"
        return
    for promise, broken in PROMISES.items():
        if detail := broken((context, budget, after)):
            yield promise, detail
    if after != again:
        yield "deterministic", "two calls, two results"
    if copy != [(p.text, p.id, p.title) for p in context.passages]:
        yield "inputs untouched", "a passage was changed"
