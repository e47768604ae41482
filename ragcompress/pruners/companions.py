"""Sentences that a kept sentence needs beside it: its neighbours, its heading, what its pronoun stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.render import fill, fit
from ragcompress.core.segment import Segmenter, bounds
from ragcompress.core.select import best_first
from ragcompress.core.types import Segment, Span
from ragcompress.pruners import kinds
from ragcompress.pruners.common import overlap, ranked, restore
from ragcompress.structure import units

__all__ = [
    "KeepWith",
    "Rule",
    "antecedent",
    "heading",
    "keep_antecedents",
    "keep_headings",
    "keep_neighbours",
    "neighbours",
]

Rule = Callable[[Sequence[str], int], Sequence[int]]
"""``(sentences of the passage, number of a kept one) -> numbers of those it needs``."""

_PRONOUN = re.compile(
    r"\W*(he|she|it|they|this|that|these|those|his|her|its|their|him|them|both|such|the (?:latter|former|same))\b", re.I
)


def neighbours(texts: Sequence[str], at: int, *, size: int = 1) -> list[int]:
    """The ``size`` sentences on either side, nearest first."""
    around = (near for step in range(1, size + 1) for near in (at - step, at + step))
    return [near for near in around if 0 <= near < len(texts)]


def heading(texts: Sequence[str], at: int) -> list[int]:
    """The nearest heading above."""
    return next(([above] for above in range(at - 1, -1, -1) if kinds.headings(texts[above])), [])


def antecedent(texts: Sequence[str], at: int) -> list[int]:
    """Of a sentence that begins with a pronoun, the sentence before, and so on while that begins with one too.

    >>> antecedent(["Ada was born in 1815.", "She wrote.", "It rained."], 1)
    [0]
    """
    needed: list[int] = []
    while at > 0 and _PRONOUN.match(texts[at]):
        at -= 1
        needed.append(at)
    return needed


@dataclass(frozen=True, slots=True, repr=False)
class KeepWith:
    """Brings back the sentences that kept ones need, best sentence first, as far as the budget goes.

    A sentence and its companions come before the next best sentence, so the weakest kept ones make room.

    Attributes:
        rule: Says which sentences a kept one needs.
        segmenter: The one the passages were cut with.
    """

    rule: Rule
    segmenter: Segmenter = field(default=units)

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        context = ranked(context.split(self.segmenter))
        own = {span: at for at, span in enumerate(_only_spans(context))}
        order = best_first([segment.score for segment in context.segments])
        wanted: list[Span] = []  # in the order of their claim
        extra: dict[Span, Segment] = {}
        for at in order:
            segment = context.segments[at]
            wanted.extend(segment.support[:1])
            for span in self._needed(context, segment):
                if span not in own and not any(overlap(span, other) for other in own):
                    extra.setdefault(span, Segment(context.read(span), (span,), segment.score))
                wanted.append(span)
        whole = restore(context, extra.values())
        place = {segment.support[0]: at for at, segment in enumerate(whole.segments)}
        claims = [place[span] for span in dict.fromkeys(wanted) if span in place]
        return fit(fill(whole, budget, claims), budget)

    def __repr__(self) -> str:
        rule = self.rule
        name = rule.func.__name__ if isinstance(rule, partial) else getattr(rule, "__name__", repr(rule))
        return f"KeepWith({name})"

    def _needed(self, context: Context, segment: Segment) -> Iterator[Span]:
        source, start, _ = segment.support[0]
        text = context.passages[source].text
        cuts = bounds(self.segmenter(text))
        at = next((number for number, (a, b) in enumerate(cuts) if a <= start < b), None)
        if at is not None and len(segment.support) == 1:
            texts = [text[a:b] for a, b in cuts]
            yield from (Span(source, *cuts[number]) for number in self.rule(texts, at))


def _only_spans(context: Context) -> list[Span]:
    return [segment.support[0] for segment in context.segments]


keep_neighbours = KeepWith(neighbours)
keep_headings = KeepWith(heading)
keep_antecedents = KeepWith(antecedent)
