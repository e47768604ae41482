"""Text that must not be lost: kept first, inside the budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import overload

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.render import fill, fit
from ragcompress.core.segment import Segmenter
from ragcompress.core.types import Segment, Span
from ragcompress.pruners import kinds
from ragcompress.pruners.common import RESTORABLE, overlap, ranked, restore, split_dropped
from ragcompress.structure import units

__all__ = ["EVERYTHING", "Predicate", "Protect", "protect"]

Predicate = Callable[[str], bool]
EVERYTHING: tuple[Predicate, ...] = (
    kinds.numbers, kinds.tables, kinds.code, kinds.negations, kinds.quotations, kinds.headings,
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Protect:
    """Keeps protected segments before all others, as far as the budget goes.

    Behind a pruner it puts back protected text that the pruner dropped, and lets go of the weakest other text
    instead. Alone it is a pruner: protected first, then by score (BM25 when there is none).

    Attributes:
        what: Predicates on a segment's text; ready-made ones are in `ragcompress.pruners.kinds`.
        spans: Stretches of the passages that the caller wants kept, whatever they hold.
        anywhere: False: put back only into passages of which something was kept, so that a number in an irrelevant
            passage does not return.
        segmenter: Cuts what is still whole.
    """

    what: tuple[Predicate, ...] = EVERYTHING
    spans: tuple[Span, ...] = ()
    anywhere: bool = True
    segmenter: Segmenter = field(default=units)

    @overload
    def __call__(self, context: Context, budget: TokenBudget) -> Context: ...
    @overload
    def __call__(self, context: Predicate, budget: Predicate | None = None, *more: Predicate) -> Protect: ...
    def __call__(
        self, context: Context | Predicate, budget: TokenBudget | Predicate | None = None, *more: Predicate
    ) -> Context | Protect:
        """Compress ``context`` under a budget; or, called with predicates, give the link that protects those."""
        if isinstance(context, Context) and isinstance(budget, TokenBudget):
            return self._run(context, budget)
        wanted = (context, *more) if budget is None else (context, budget, *more)
        predicates = tuple(one for one in wanted if callable(one) and not isinstance(one, type))
        if len(predicates) != len(wanted):
            raise InvalidInput("protect takes (context, budget), or predicates on a segment's text")
        return replace(self, what=predicates, anywhere=True)

    def __repr__(self) -> str:
        what = ", ".join(getattr(one, "__name__", repr(one)) for one in self.what)
        return f"Protect({what}{', spans' if self.spans else ''})"

    def _run(self, context: Context, budget: TokenBudget) -> Context:
        context = split_dropped(context.split(self.segmenter), self.segmenter)
        context = self._brought_back(ranked(context))
        chosen = {at for at, segment in enumerate(context.segments) if self._protects(segment)}
        context = _lifted(context, chosen)
        wanted = {context.segments[at].support for at in chosen}
        result = fit(fill(context, budget), budget)
        lost = len(wanted - {segment.support for segment in result.segments})
        if not lost:
            return result
        said = f"{lost} of {len(wanted)} protected segments do not fit into {budget.limit} tokens"
        return result.note(said, "does-not-fit")

    def _brought_back(self, context: Context) -> Context:
        alive = {segment.support[0].passage for segment in context.segments}
        present = [span for segment in context.segments for span in segment.support]
        lowest = min((s.score for s in context.segments if s.score is not None), default=0.0)
        back: dict[tuple[Span, ...], Segment] = {}
        for gone in context.dropped:
            segment = gone.segment
            if gone.reason not in RESTORABLE or len(segment.support) != 1:
                continue
            if any(overlap(segment.support[0], span) for span in present):
                continue
            if (self.anywhere or segment.support[0].passage in alive) and self._protects(segment):
                back[segment.support] = segment if segment.score is not None else replace(segment, score=lowest)
        return restore(context, back.values()) if back else context

    def _protects(self, segment: Segment) -> bool:
        if any(predicate(segment.text) for predicate in self.what):
            return True
        return any(overlap(one, two) for one in segment.support for two in self.spans)


def _lifted(context: Context, chosen: Iterable[int]) -> Context:
    """The chosen segments' scores above all others, their order kept: later links and `fit` drop them last."""
    scores = [segment.score if segment.score is not None else float("-inf") for segment in context.segments]
    finite = [score for score in scores if score > float("-inf")] or [0.0]
    lift = max(finite) - min(finite) + 1
    floor = min(finite) - 1
    above = set(chosen)
    lifted = [max(score, floor) + (lift if at in above else 0) for at, score in enumerate(scores)]
    return context.with_scores(lifted)


protect = Protect(anywhere=False)
