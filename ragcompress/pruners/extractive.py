"""Extractive sentence selection: split, score, keep the best that fit. Read this pruner first."""

from __future__ import annotations

from dataclasses import dataclass, field

from ragcompress.core.budget import TokenBudget
from ragcompress.core.closing import keep_closed
from ragcompress.core.context import Context
from ragcompress.core.protocols import Scorer, Segmenter
from ragcompress.core.render import fill, fit
from ragcompress.core.segment import chunks
from ragcompress.core.select import above, best_first, top_under
from ragcompress.core.view import in_view
from ragcompress.pruners.lighter import lighter
from ragcompress.pruners.once import once
from ragcompress.pruners.portions import read_units
from ragcompress.scorers import FusedScorer, GuardedScorer, LexicalScorer
from ragcompress.structure import units

__all__ = ["UNREAD", "SentencePruner", "readable_part"]

UNREAD = "too few words in common with the query"


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


def readable_part(context: Context, most: int = 2_000_000) -> Context:
    """Of a context that would take minutes to cut into sentences, the pages that share most words with the query."""
    size = sum(len(segment.text) for segment in context.segments)
    if size <= most:
        return context
    pages = LexicalScorer()(context.split(chunks))
    best = top_under(
        best_first([segment.score for segment in pages.segments]), [len(s.text) for s in pages.segments], most
    )
    reason = f"only the {most:,} of {size:,} characters that share most words with the query were read closely"
    return pages.keep(best, UNREAD).note(reason, "size")
