"""A cheap judge before an expensive one (intra-document cascading, Hofstätter et al. 2021)."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from ragcompress.core.budget import TokenBudget
from ragcompress.core.closing import keep_closed
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor, Scorer, Segmenter
from ragcompress.core.render import fill, fit
from ragcompress.core.select import best_first
from ragcompress.pruners.common import relevance
from ragcompress.pruners.labelling import LabellingPruner
from ragcompress.pruners.portions import read_units
from ragcompress.scorers import GuardedScorer
from ragcompress.scorers.labels import LabelScorer
from ragcompress.structure import units

__all__ = ["Cascade"]


@dataclass(frozen=True, slots=True)
class Cascade:
    """A cheap scorer prunes passages (or sentences), an expensive method works on what is left.

    What the cheap scorer dropped costs the expensive one nothing: it reads only passages that still have segments.

    Attributes:
        cheap: Judges everything; by default the labeller's student, which compares states without reading query and
            passage together.
        expensive: A scorer, such as a cross-encoder, or a whole compressor, such as a labelling pruner; by default the
            labeller's pruner, which reads with the states the student has computed.
        keep: How much passes: a share in (0, 1] as a float, a number of passages (sentences) as an int.
        unit: ``"passages"`` or ``"sentences"``: what the cheap scorer prunes.
        segmenter: Cuts passages; `ragcompress.structure.units` by default.
    """

    cheap: Scorer = field(default_factory=lambda: GuardedScorer(LabelScorer.student()))
    expensive: Scorer | Compressor = field(default_factory=LabellingPruner)
    keep: float = 0.5
    unit: Literal["passages", "sentences"] = "passages"
    segmenter: Segmenter = field(default=units, repr=False)

    def __post_init__(self) -> None:
        if self.keep <= 0 or (isinstance(self.keep, float) and self.keep > 1):
            raise InvalidInput(f"keep must be a share in (0, 1] or a number of at least 1, not {self.keep!r}")
        if self.unit not in ("passages", "sentences"):
            raise InvalidInput(f"unit must be 'passages' or 'sentences', not {self.unit!r}")

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        judged = self.cheap(read_units(context, self.segmenter, budget))
        left = keep_closed(judged, self._passing(judged))
        if _takes_budget(self.expensive):
            result = cast(Compressor, self.expensive)(_unscored(left), budget)
        else:
            result = fill(cast(Scorer, self.expensive)(left), budget)
        return fit(_with_all_passages(result, judged, left), budget)

    def _passing(self, judged: Context) -> Sequence[int]:
        if self.unit == "sentences":
            order = best_first([segment.score for segment in judged.segments])
            return order[: self._number(len(order))]
        present = sorted({segment.support[0].passage for segment in judged.segments})
        values = relevance(judged)
        order = best_first([values[passage] for passage in present])
        chosen = {present[at] for at in order[: self._number(len(order))]}
        return [at for at, segment in enumerate(judged.segments) if segment.support[0].passage in chosen]

    def _number(self, size: int) -> int:
        return math.ceil(self.keep * size) if isinstance(self.keep, float) else self.keep


def _takes_budget(method: Any) -> bool:
    """Whether ``method`` is a compressor, (context, budget) -> context, and not a scorer, context -> context."""
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = (p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))
    return sum(p.default is p.empty for p in positional) >= 2


def _unscored(context: Context) -> Context:
    """The cheap scores taken off, so that a compressor that respects scores makes its own."""
    return replace(context, segments=tuple(replace(segment, score=None) for segment in context.segments))


def _with_all_passages(result: Context, judged: Context, left: Context) -> Context:
    """Passages that the expensive method never saw rank below those it saw, in the cheap scorer's order."""
    if len(result.passage_scores) != len(judged.passages) or result.passage_scores == judged.passage_scores:
        return result
    seen = {segment.support[0].passage for segment in left.segments}
    unseen = {segment.support[0].passage for segment in judged.segments} - seen
    cheap = relevance(judged)
    floor = min((result.passage_scores[at] for at in seen), default=0.0)
    place = {passage: rank for rank, passage in enumerate(sorted(unseen, key=lambda p: (-cheap[p], p)), start=1)}
    scores = [floor - place[at] if at in place else score for at, score in enumerate(result.passage_scores)]
    return replace(result, passage_scores=tuple(scores))
