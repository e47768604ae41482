"""Sequence-labelling pruning: one model says what to keep, and how much."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragcompress.budget import TokenBudget
from ragcompress.context import Context
from ragcompress.protocols import Scorer, Segmenter
from ragcompress.pruners.extractive import readable_part
from ragcompress.render import fill, fit
from ragcompress.scorers import GuardedScorer
from ragcompress.scorers.labels import LabelScorer
from ragcompress.scorers.pairs import PairLabelScorer
from ragcompress.segment import sentences
from ragcompress.select import above

__all__ = ["LabellingPruner"]

PROVENCE_THRESHOLD = 0.1  # what its authors recommend for all domains
NOTHING = "nothing relevant was found: no sentence reaches the keep threshold of {:.3f}"


def _default_scorer() -> Scorer:
    return GuardedScorer(LabelScorer())


@dataclass(frozen=True, slots=True)
class LabellingPruner:
    """Keeps the sentences that the labeller wants kept, at most as many as the budget holds.

    With a threshold the number of kept sentences follows the question (dynamic mode); when nothing reaches it the
    context is empty and says so (selective augmentation, RECOMP, Xu et al. 2023). Without one the budget alone decides.

    Attributes:
        scorer: Gives keep probabilities; the guarded embedded labeller by default.
        threshold: The least keep probability, in (0, 1); None: keep what the budget holds.
        segmenter: Cuts passages; sentences by default.
    """

    scorer: Scorer = field(default_factory=_default_scorer)
    threshold: float | None = None
    segmenter: Segmenter = field(default=sentences, repr=False)  # a function's repr differs between runs

    @classmethod
    def dynamic(cls, answer_recall: float = 0.95, *, scorer: LabelScorer | None = None) -> LabellingPruner:
        """With the threshold that was calibrated for a wanted answer recall on held-out training questions."""
        used = scorer or LabelScorer()
        return cls(GuardedScorer(used), threshold=threshold_for(used, answer_recall))

    @classmethod
    def of_model(cls, model: Any, *, dynamic: bool = False) -> LabellingPruner:
        """With another labeller.

        Args:
            model: The file that ``ragcompress tune`` wrote; or someone else's checkpoint by name or folder, or a pair
                (model, tokenizer): see `PairLabelScorer`.
            dynamic: Let a threshold decide how much to keep: the calibrated one, or Provence's 0.1.
        """
        if isinstance(model, str) and model.endswith(".json"):
            from ragcompress.tuning import load_tuned  # a floor above

            tuned = LabelScorer(load_tuned(Path(model)))
            return cls.dynamic(scorer=tuned) if dynamic else cls(GuardedScorer(tuned))
        return cls(PairLabelScorer(model), threshold=PROVENCE_THRESHOLD if dynamic else None)

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context``; at most ``budget.limit`` rendered tokens."""
        scored = self.scorer(readable_part(context).split(self.segmenter))
        calibrated = scored.notes == context.notes  # a fallback's scores are no probabilities
        if self.threshold is not None and calibrated:
            scored = scored.keep(above([s.score for s in scored.segments], self.threshold), "below threshold")
            if not scored.segments and context.segments:
                scored = scored.note(NOTHING.format(self.threshold))
        return fit(fill(scored, budget), budget)


def threshold_for(scorer: LabelScorer, answer_recall: float) -> float:
    """The calibrated keep probability for a wanted answer recall, interpolated between the stored ones."""
    import numpy as np

    stored = scorer.model.settings["thresholds"]  # answer recall -> keep probability
    wanted, values = zip(*sorted((float(recall), value) for recall, value in stored.items()), strict=True)
    return float(np.interp(answer_recall, wanted, values))
