"""A budget filled to its end: the best sentence that no longer fits is cut to the stretch that answers.

Whole sentences leave a dilemma where budgets are small: the next best one is too long for the room that is left, and
what still fits is worse. Labels of words (sequence labelling as in LLMLingua-2, Pan et al. 2024) say which part of a
sentence answers; that part is kept, verbatim and in one piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.render import OVER_BUDGET, aimed, fit, fits
from ragcompress.core.segment import words
from ragcompress.core.select import best_first, best_run, worth
from ragcompress.core.types import Segment, Span
from ragcompress.pruners import kinds
from ragcompress.pruners.packing import WordWeights

__all__ = ["fill_cutting"]

LEAST = 8  # tokens of room that are worth a stretch
LIKELY = 0.5  # share of a sentence's answer that its stretch must hold
TRIES = 200  # sentences that are tried; where there are thousands, the later ones are worth next to nothing
NEAR = 3  # tokens of the budget that are not worth another attempt


def fill_cutting(context: Context, budget: TokenBudget, weigh: WordWeights) -> Context:
    """Keep the best sentences that fit; one that does not is cut where its best stretch beats all that still fit.

    Args:
        context: Sentences, their scores being keep probabilities.
        budget: Its limit bounds the rendered result.
        weigh: Gives the words of a sentence their labels, as logits.

    Returns:
        The kept segments in their present order, within the budget.
    """
    if fits(context, budget):
        return context
    costs = [budget.count(segment.text.strip()) for segment in context.segments]
    chances = [segment.score or 0.0 for segment in context.segments]
    values = worth(chances, [embedded_count(segment.text) for segment in context.segments])
    order = best_first(values)

    @cache
    def cutter(at: int) -> _Cutter:
        return _Cutter.of(replace(context, segments=(context.segments[at],)), budget, weigh)

    def choose(aim: int) -> tuple[Context, int]:
        left, tries, kept, cuts = aim, 0, set[int](), dict[int, Span]()
        for place, at in enumerate(order):
            if costs[at] <= left:
                kept.add(at)
                left -= costs[at]
                continue
            tries += 1
            if left >= LEAST and tries <= TRIES and (found := cutter(at).best(left)):
                rest = max((values[other] for other in order[place + 1 :] if costs[other] <= left), default=0.0)
                span, cost, share = found
                if worth([chances[at] * share], [embedded_count(context.read(span))])[0] > rest:
                    cuts[at] = span
                    left -= cost
        return _parted(context, kept, cuts), NEAR if len(kept) < len(order) else 0

    return aimed(context, budget, choose) or fit(context, budget)


@dataclass(frozen=True, slots=True)
class _Cutter:
    """A sentence's words: where they are, what they cost, which share of the answer each is likely to hold, whether it
    negates. Without words: one that is not to be cut.
    """

    spans: Sequence[Span] = ()
    costs: Sequence[int] = ()
    shares: Sequence[float] = ()
    negate: Sequence[bool] = ()

    @classmethod
    def of(cls, sentence: Context, budget: TokenBudget, weigh: WordWeights) -> _Cutter:
        pieces = sentence.split(words)
        logits = np.array(weigh(pieces), dtype=np.float64)
        text = sentence.segments[0].text
        if not sentence.is_verbatim(0) or kinds.code(text) or kinds.tables(text) or not np.isfinite(logits).any():
            return cls()
        powers = np.exp(logits - logits.max())
        return cls(
            [segment.support[0] for segment in pieces.segments],
            [budget.count(segment.text.strip()) for segment in pieces.segments],
            (powers / powers.sum()).tolist(),
            [kinds.negations(segment.text) for segment in pieces.segments],
        )

    def best(self, room: int) -> tuple[Span, int, float] | None:
        """The stretch that likely holds the answer: its span, cost and share.

        None when there is none, or when it would leave out a word that negates: half of such a sentence may say the
        opposite of the whole.
        """
        start, end = best_run(self.shares, self.costs, room)
        share = sum(self.shares[start:end])
        if share < LIKELY or any(self.negate[:start]) or any(self.negate[end:]):
            return None
        return self.spans[start]._replace(end=self.spans[end - 1].end), sum(self.costs[start:end]), share


def _parted(context: Context, kept: set[int], cuts: Mapping[int, Span]) -> Context:
    """The kept segments, and of the cut ones the stretch alone."""
    pieces = [_tiles(context, at, cuts[at]) if at in cuts else [segment] for at, segment in enumerate(context.segments)]
    stays = [
        at in kept or (at in cuts and piece.support == (cuts[at],)) for at, own in enumerate(pieces) for piece in own
    ]
    parted = replace(context, segments=tuple(piece for own in pieces for piece in own))
    return parted.keep([place for place, stay in enumerate(stays) if stay], OVER_BUDGET)


def _tiles(context: Context, at: int, cut: Span) -> list[Segment]:
    """A segment in up to three: what is before the cut, the cut, what is after it."""
    segment = context.segments[at]
    whole = segment.support[0]
    spans = (whole._replace(end=cut.start), cut, whole._replace(start=cut.end))
    return [replace(segment, text=context.read(span), support=(span,)) for span in spans if span.start < span.end]
