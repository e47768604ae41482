"""Sequence-labelling pruning: one model says what to keep, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.closing import keep_closed
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Scorer, Segmenter
from ragcompress.core.render import fill, fit
from ragcompress.core.select import above, per_token
from ragcompress.core.view import in_view, shared
from ragcompress.models.labeller.tuned import load_tuned
from ragcompress.pruners.common import FLOORED
from ragcompress.pruners.company import in_company
from ragcompress.pruners.cutting import cut_best, fill_marked
from ragcompress.pruners.lighter import fits_alone, lighter
from ragcompress.pruners.once import once
from ragcompress.pruners.pages import readable_part
from ragcompress.pruners.portions import read_units
from ragcompress.scorers import GuardedScorer
from ragcompress.scorers.coverage import sharpened
from ragcompress.scorers.labels import LabelScorer
from ragcompress.scorers.pairs import PairLabelScorer
from ragcompress.scorers.several import one_each
from ragcompress.structure import units

__all__ = ["KeepRule", "LabellingPruner", "rule_for"]

ANSWER_RECALL = 0.925  # of held-out training questions of many domains
FLOOR = 2e-6  # of all keep probability, per token; chosen on training questions, where it costs no evidence
PROVENCE_THRESHOLD = 0.1  # what its authors recommend for all domains


def _default_scorer() -> Scorer:
    return GuardedScorer(LabelScorer())


@dataclass(frozen=True, slots=True)
class KeepRule:
    """How much to keep of what the embedded labeller has judged.

    Its keep probabilities sum to the probability that anything here is relevant. A segment is worth keeping for as
    long as its share of that sum, per token, is large enough: under a cost per token that is the best choice, and it
    keeps much where many segments compete and little where one stands out.

    Attributes:
        per_token: The least share per token, in (0, 1).
        nothing: The least probability that anything is relevant; below it nothing is kept. Raise it where an empty
            context is better than a wrong one.
        abroad: The rule for what the labeller's twin for other languages has judged; None: this one.
    """

    per_token: float
    nothing: float = 0.0
    abroad: KeepRule | None = None

    def choose(self, chances: Sequence[float], sizes: Sequence[int]) -> list[int]:
        """The numbers of the segments to keep.

        Args:
            chances: Their keep probabilities.
            sizes: Their tokens.
        """
        return above(per_token(chances, sizes), self.per_token) if sum(chances) >= self.nothing else []


@dataclass(frozen=True, slots=True)
class LabellingPruner:
    """Keeps the units that the labeller wants kept, at most as many as the budget holds.

    With a rule or a threshold the number of kept units follows the question (dynamic mode); when nothing reaches
    it the context is empty and says so (selective augmentation, RECOMP, Xu et al. 2023). Without one the budget alone
    decides; then units with most probability over the root of their tokens come first
    (`ragcompress.core.select.worth`), each with what it needs.

    Attributes:
        scorer: Gives keep probabilities; the guarded embedded labeller by default.
        threshold: The least keep probability, in (0, 1), as other people's token classifiers are used.
        segmenter: Cuts passages; `ragcompress.structure.units` by default.
        rule: How much to keep of what the embedded labeller has judged; see `dynamic`.
        cut: False: units are kept whole or not at all. ``"marked"``: a sentence that does not fit may lose an ending
            that limits nothing, shown by "…"; see `ragcompress.pruners.cutting`.
        floor: The least share of all keep probability, per token, that is worth sending; what lies below stays out
            even where the budget has room, unless a kept unit needs it. Other people's models have no floor.
        fill: Turn the floor off and fill the budget.
    """

    scorer: Scorer = field(default_factory=_default_scorer)
    threshold: float | None = None
    segmenter: Segmenter = field(default=units, repr=False)  # a function's repr differs between runs
    rule: KeepRule | None = None
    cut: Literal[False, "marked"] = False
    floor: float = FLOOR
    fill: bool = False

    def __post_init__(self) -> None:
        if self.cut not in (False, "marked"):
            raise InvalidInput(
                f"cut is False or 'marked', not {self.cut!r}: a sentence cut anywhere said what its source did not"
            )

    @classmethod
    def dynamic(cls, answer_recall: float = ANSWER_RECALL, *, scorer: LabelScorer | None = None) -> LabellingPruner:
        """With the rule that was calibrated for a wanted answer recall on held-out training questions.

        Args:
            answer_recall: Between 0 and 1; what is kept grows with it, slowly up to 0.95 and fast beyond 0.97.
            scorer: Another labeller of ours, for example a tuned one.
        """
        used = scorer or LabelScorer()
        return cls(GuardedScorer(used), rule=_rules(used, answer_recall))

    @classmethod
    def of_model(cls, model: Any, *, dynamic: bool = False) -> LabellingPruner:
        """With another labeller.

        Args:
            model: The file that ``ragcompress tune`` wrote; or someone else's checkpoint by name or folder, or a pair
                (model, tokenizer): see `PairLabelScorer`.
            dynamic: Let a threshold decide how much to keep: the calibrated one, or Provence's 0.1.
        """
        if isinstance(model, str) and model.endswith(".json"):
            tuned = LabelScorer(load_tuned(Path(model)))
            return cls.dynamic(scorer=tuned) if dynamic else cls(GuardedScorer(tuned))
        return cls(PairLabelScorer(model), threshold=PROVENCE_THRESHOLD if dynamic else None)

    def deciding(self) -> LabellingPruner:
        """The same where there is no budget: how much to keep follows the question, as for the name ``labeller``.

        Raises:
            InvalidInput: The scorer is no labeller, so its scores have no threshold that is known here.
        """
        if self.rule is not None or self.threshold is not None:
            return self
        inner = _inner(self.scorer)
        if isinstance(inner, LabelScorer):
            return replace(self, rule=_rules(inner, ANSWER_RECALL))
        if isinstance(self.scorer, PairLabelScorer):
            return replace(self, threshold=PROVENCE_THRESHOLD)
        raise InvalidInput(f"without a budget, say which scores of {self.scorer!r} are enough: threshold=…")

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context``; at most ``budget.limit`` rendered tokens."""
        split = read_units(readable_part(context), self.segmenter, budget)
        scored = self.scorer(split)
        if scored.notes != split.notes:  # a fallback's scores are no probabilities
            return fit(fill(in_view(scored), budget), budget)
        ours = _ours(self.scorer, split)
        if ours is None:
            return fit(fill(self._relevant(in_view(scored)), budget), budget)
        left = self._worthwhile(self._relevant(once(sharpened(shared(scored)), add=True)))
        return fit(in_company(self._filled(left, split, budget, ours), split), budget)

    def _filled(self, left: Context, split: Context, budget: TokenBudget, ours: LabelScorer) -> Context:
        """The most worth that the budget holds of what is left of ``split``."""
        if self.cut:
            return fill_marked(left, budget, ours.labels(split).weigh)
        left, best = lighter(left, budget)
        if best is not None and not fits_alone(left, best, budget):
            left = cut_best(left, best, ours.labels(split).weigh)
        return fill(left, budget, values=_judged(one_each(left))[0])

    def _worthwhile(self, left: Context) -> Context:
        """What the floor leaves: tokens of hardly any probability cost money and mislead."""
        if self.fill:
            return left
        return keep_closed(left, above(per_token(*_judged(left)), self.floor), FLOORED)

    def _relevant(self, scored: Context) -> Context:
        """What rule and threshold leave, whatever the budget."""
        kept = scored
        if self.threshold is not None:
            kept = keep_closed(kept, above([s.score for s in kept.segments], self.threshold), "below threshold")
        if self.rule is not None:
            rule = self.rule if _ours(self.scorer, kept) is _inner(self.scorer) else self.rule.abroad or self.rule
            kept = keep_closed(kept, rule.choose(*_judged(kept)), "below threshold")
        if kept.segments or not scored.segments:
            return kept
        chances, _ = _judged(scored)
        found = f"all keep probabilities together are {sum(chances):.3f}, the best is {max(chances):.3f}"
        return kept.note(f"nothing relevant was found: {found}", "nothing-relevant")


def _judged(context: Context) -> tuple[list[float], list[int]]:
    """Keep probabilities and tokens of the segments."""
    return [s.score or 0.0 for s in context.segments], [embedded_count(s.text) for s in context.segments]


def _ours(scorer: Scorer, context: Context) -> LabelScorer | None:
    """Our labeller that reads this, whose segments compete for one probability; other people's are on their own."""
    inner = scorer.reader(context) if isinstance(scorer, GuardedScorer) else scorer
    return inner if isinstance(inner, LabelScorer) else None


def _inner(scorer: Scorer) -> Scorer:
    return scorer.scorer if isinstance(scorer, GuardedScorer) else scorer


def _rules(scorer: LabelScorer, answer_recall: float) -> KeepRule:
    """The calibrated rule, with that of the labeller's twin for other languages where there is one."""
    rule, abroad = rule_for(scorer, answer_recall), scorer.abroad()
    return rule if abroad is None else replace(rule, abroad=rule_for(abroad, answer_recall))


def rule_for(scorer: LabelScorer, answer_recall: float) -> KeepRule:
    """The calibrated rule for a wanted answer recall, interpolated between the stored ones (0.8 to 0.99).

    Raises:
        InvalidInput: The recall is no share of questions.
    """
    import numpy as np

    if not 0 < answer_recall < 1:
        raise InvalidInput(f"answer_recall is a share of questions between 0 and 1, such as 0.95, not {answer_recall}")

    settings = scorer.model.settings  # its thresholds: answer recall -> share per token
    wanted, values = zip(
        *sorted((float(recall), value) for recall, value in settings["thresholds"].items()), strict=True
    )
    return KeepRule(float(np.interp(answer_recall, wanted, values)), settings["nothing"])
