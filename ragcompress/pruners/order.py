"""The order in which the reader sees what is left: reading order, by relevance, best at both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.render import fit
from ragcompress.core.select import best_first, ends_first
from ragcompress.pruners.common import is_scored, relevance

__all__ = ["Order", "order_ends", "order_reading", "order_relevance"]


@dataclass(frozen=True, slots=True)
class Order:
    """Reorders passages, whole: the segments of one passage stay together and in reading order.

    Attributes:
        by: ``"ends"``: the best first, the second best last, the weakest in the middle, where readers look least
            (d1, d3, d5, …, d6, d4, d2; Long-Context LLMs Meet RAG, Jin et al. 2024); ``"relevance"``: best first;
            ``"reading"``: as the passages were given.
    """

    by: Literal["ends", "relevance", "reading"] = "ends"

    def __post_init__(self) -> None:
        if self.by not in ("ends", "relevance", "reading"):
            raise InvalidInput(f"by must be 'ends', 'relevance' or 'reading', not {self.by!r}")

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Reorder what fits: a context over budget loses its weakest segments, not its last."""
        return fit(self.step(fit(_with_ranks(context), budget), budget), budget)

    def step(self, context: Context, budget: TokenBudget) -> Context:
        """The reordering alone, as a link of a chain; ``budget`` is not read."""
        context = _with_ranks(context)
        order = {passage: place for place, passage in enumerate(self._passages(context))}
        spans = [segment.support[0] for segment in context.segments]
        return context.reorder(sorted(range(len(spans)), key=lambda at: (order[spans[at].passage], spans[at], at)))

    def _passages(self, context: Context) -> list[int]:
        present = sorted({segment.support[0].passage for segment in context.segments})
        if self.by == "reading":
            return present
        values = relevance(context)
        by_relevance = [present[at] for at in best_first([values[passage] for passage in present])]
        return by_relevance if self.by == "relevance" else ends_first(by_relevance)


def _with_ranks(context: Context) -> Context:
    """Scores for segments that have none, so that `fit` drops the least relevant and not the last."""
    if is_scored(context):
        return context
    values = relevance(context)
    place = {passage: rank for rank, passage in enumerate(best_first(values))}
    return context.with_scores([-float(place[segment.support[0].passage]) for segment in context.segments])


order_ends = Order("ends")
order_relevance = Order("relevance")
order_reading = Order("reading")
