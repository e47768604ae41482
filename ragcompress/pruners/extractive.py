"""Extractive sentence selection: split, score, keep the best that fit. Read this pruner first."""

from __future__ import annotations

from dataclasses import dataclass, field

from ragcompress.core.budget import TokenBudget
from ragcompress.core.closing import keep_closed
from ragcompress.core.context import Context
from ragcompress.core.protocols import Scorer, Segmenter
from ragcompress.core.render import fill, fit
from ragcompress.core.select import above
from ragcompress.core.view import in_view
from ragcompress.pruners.lighter import lighter
from ragcompress.pruners.once import once
from ragcompress.pruners.pages import readable_part
from ragcompress.pruners.portions import read_units
from ragcompress.scorers import FusedScorer, GuardedScorer
from ragcompress.structure import units

__all__ = ["SentencePruner"]


def _default_scorer() -> Scorer:
    return GuardedScorer(FusedScorer())


@dataclass(frozen=True, slots=True)
class SentencePruner:
    """Keeps the highest-scored sentences within the budget, in reading order (as RECOMP's extractive compressor does,
    Xu et al. 2023, with the sentence judged inside its passage, as EXIT does, Hwang et al. 2024).

    Attributes:
        scorer: Judges the sentences; the guarded fusion of dense, late interaction and BM25 by default.
        segmenter: Cuts passages; `ragcompress.structure.units` by default.
        threshold: Sentences that score below it go even when the budget has room; None keeps what fits.
    """

    scorer: Scorer = field(default_factory=_default_scorer)
    segmenter: Segmenter = field(default=units, repr=False)  # a function's repr differs between runs
    threshold: float | None = None

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        scored = once(in_view(self.scorer(read_units(readable_part(context), self.segmenter, budget))))
        if self.threshold is not None:
            scores = [segment.score for segment in scored.segments]
            scored = keep_closed(scored, above(scores, self.threshold), "below threshold")
        lightened, _ = lighter(scored, budget)
        return fit(fill(lightened, budget), budget)
