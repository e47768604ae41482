"""Extractive sentence selection: split, score, keep the best that fit. Read this pruner first."""

from __future__ import annotations

from dataclasses import dataclass, field

from ragcompress.budget import TokenBudget
from ragcompress.context import Context
from ragcompress.protocols import Scorer, Segmenter
from ragcompress.render import fill, fit
from ragcompress.scorers import FusedScorer, GuardedScorer
from ragcompress.segment import sentences
from ragcompress.select import above

__all__ = ["SentencePruner"]


def _default_scorer() -> Scorer:
    return GuardedScorer(FusedScorer())


@dataclass(frozen=True, slots=True)
class SentencePruner:
    """Keeps the highest-scored sentences within the budget, in reading order (as RECOMP's extractive compressor does,
    Xu et al. 2023, with the sentence judged inside its passage, as EXIT does, Hwang et al. 2024).

    Attributes:
        scorer: Judges the sentences; the guarded fusion of dense, late interaction and BM25 by default.
        segmenter: Cuts passages; `ragcompress.segment.sentences` by default.
        threshold: Sentences that score below it go even when the budget has room; None keeps what fits.
    """

    scorer: Scorer = field(default_factory=_default_scorer)
    segmenter: Segmenter = field(default=sentences, repr=False)  # a function's repr differs between runs
    threshold: float | None = None

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        scored = self.scorer(context.split(self.segmenter))
        if self.threshold is not None:
            scores = [segment.score for segment in scored.segments]
            scored = scored.keep(above(scores, self.threshold), "below threshold")
        return fit(fill(scored, budget), budget)
