"""The laws every compressor keeps, as checks of what one did with a case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.render import render
from ragcompress.core.types import Passage, Segment, Span
from ragcompress.testing.cases import Case
from ragcompress.testing.meaning import closed_under_needs, never_joined

__all__ = ["LAWS", "Law", "Trial"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a compressor did with one case.

    Attributes:
        case: The case.
        given: The context it was given.
        budget: The budget it was given.
        kept_query: What the query was before.
        kept_passages: A deep copy of the passages as they were before.
        out: What it returned, or the exception it raised.
        again: What it returned for an equal context.
        rewritten: Text and support of the segments that entered through `Context.rewrite`.
    """

    case: Case
    given: Context
    budget: TokenBudget
    kept_query: str
    kept_passages: tuple[Passage, ...]
    out: Any
    again: Any
    rewritten: frozenset[tuple[str, tuple[Span, ...]]]


class Law(NamedTuple):
    """A law: its number in the design, its name, and a check that returns what is wrong, or ""."""

    number: int
    name: str
    check: Callable[[Trial], str]


def _inputs_untouched(trial: Trial) -> str:
    if trial.given.query != trial.kept_query or trial.given.passages != trial.kept_passages:
        return "it changed the query or the passages it was given"
    if isinstance(trial.out, Context):
        if trial.out.query is not trial.given.query:
            return "the query that came out is not the one that went in"
        if trial.out.passages is not trial.given.passages:
            return "the passages that came out are not the tuple that went in"
    return ""


def _spans_tile(trial: Trial) -> str:
    if not isinstance(trial.out, Context):
        return ""
    taken: dict[int, list[Span]] = {}
    for segment in trial.out.segments:
        wrong = _bad_support(segment, trial.given.passages)
        if wrong:
            return wrong
        if _verbatim(segment, trial.given.passages):
            taken.setdefault(segment.support[0].passage, []).append(segment.support[0])
    for spans in taken.values():
        ordered = sorted(spans)
        for before, after in pairwise(ordered):
            if after.start < before.end:
                return f"{before} and {after} overlap: the same text is kept twice"
    return ""


def _new_text_by_rewrite(trial: Trial) -> str:
    if not isinstance(trial.out, Context):
        return ""
    for segment in trial.out.segments:
        if _bad_support(segment, trial.given.passages) or _verbatim(segment, trial.given.passages):
            continue
        if (segment.text, segment.support) not in trial.rewritten:
            return f"{segment.text!r} is not what {segment.support} says and did not come through Context.rewrite"
    return ""


def _budget_holds(trial: Trial) -> str:
    if not isinstance(trial.out, Context):
        return ""
    text = render(trial.out, trial.budget)
    size, limit = trial.budget.count(text), trial.budget.limit
    if size <= limit or (not text and trial.budget.count("") == size):
        return ""  # when even the empty text counts more than the limit, empty is the best there is
    return f"{size} tokens where the limit is {limit}: {text[:200]!r}"


def _deterministic(trial: Trial) -> str:
    if isinstance(trial.out, Exception) and isinstance(trial.again, Exception):
        return ""
    if trial.out == trial.again:
        return ""
    return f"the same input gave {_brief(trial.out)} and then {_brief(trial.again)}"


def _always_answers(trial: Trial) -> str:
    for out in (trial.out, trial.again):
        if isinstance(out, Exception):
            return f"it raised {type(out).__name__}: {out}"
        if not isinstance(out, Context):
            return f"it returned {type(out).__name__}, not a Context"
        if not out.segments and render(out, trial.budget):
            return "no segments, yet the rendering is not empty"
    return ""


def _never_longer(trial: Trial) -> str:
    if not isinstance(trial.out, Context):
        return ""
    whole = render(Context.of(trial.given.query, trial.given.passages), trial.budget)
    text, count = render(trial.out, trial.budget), trial.budget.count
    if text and (len(text) > len(whole) or count(text) > count(whole)):
        return f"{len(text)} characters ({count(text)} tokens) from {len(whole)} ({count(whole)})"
    return ""


def _closed_under_needs(trial: Trial) -> str:
    return closed_under_needs(trial.given, trial.out) if isinstance(trial.out, Context) else ""


def _never_joined(trial: Trial) -> str:
    return never_joined(trial.out, render(trial.out, trial.budget)) if isinstance(trial.out, Context) else ""


LAWS: tuple[Law, ...] = (
    Law(8, "it always answers, and empty is legal", _always_answers),
    Law(1, "query and passages stay the same objects", _inputs_untouched),
    Law(2, "kept spans lie in their passages and never overlap", _spans_tile),
    Law(3, "verbatim text is read from its span, new text only enters through rewrite", _new_text_by_rewrite),
    Law(4, "the budget holds", _budget_holds),
    Law(5, "same in, same out", _deterministic),
    Law(6, "closed under needs, and units are whole", _closed_under_needs),
    Law(7, "no two pieces are joined into one sentence", _never_joined),
    Law(8, "never longer than the uncompressed rendering", _never_longer),
)
"""In the order in which they are checked: a compressor that does not answer can't be judged further."""


def _verbatim(segment: Segment, passages: Sequence[Passage]) -> bool:
    if len(segment.support) != 1:
        return False
    source, start, end = segment.support[0]
    return segment.text == passages[source].text[start:end]


def _bad_support(segment: Segment, passages: Sequence[Passage]) -> str:
    if not segment.support:
        return f"{segment.text!r} has no support"
    for source, start, end in segment.support:
        if not 0 <= source < len(passages) or not 0 <= start <= end <= len(passages[source].text):
            return f"{Span(source, start, end)} lies outside the {len(passages)} passages"
    return ""


def _brief(out: object) -> str:
    return repr([segment.text for segment in out.segments] if isinstance(out, Context) else out)[:200]
