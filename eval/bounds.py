"""The bounds beside every table: the full context, and an oracle that knows the gold spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.render import fill, fit
from ragcompress.core.segment import sentences
from ragcompress.core.types import Span

from .questions import Question

__all__ = ["Oracle", "full"]


def full(context: Context, budget: TokenBudget) -> Context:
    """Everything; the run gives it a budget of the whole."""
    return context


@dataclass(frozen=True, slots=True)
class Oracle:
    """Keeps the sentences that overlap gold spans first, then those of gold passages, then the rest.

    Attributes:
        gold: Gold spans of the question.
        passages: Numbers of its gold passages.
    """

    gold: tuple[Span, ...]
    passages: tuple[int, ...]

    @classmethod
    def of(cls, question: Question) -> Oracle:
        """The oracle of one question."""
        return cls(question.support, question.gold)

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        split = context.split(sentences)
        scores = [self._score(segment.support) for segment in split.segments]
        return fit(fill(split.with_scores(scores), budget), budget)

    def _score(self, support: Sequence[Span]) -> float:
        hit = any(
            one.passage == gold.passage and one.start < gold.end and gold.start < one.end
            for one in support
            for gold in self.gold
        )
        return 2.0 if hit else float(support[0].passage in self.passages)
