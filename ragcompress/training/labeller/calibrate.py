"""From parts to scores to keep probabilities, fitted on labelled questions: pure functions over numpy arrays.

The same functions calibrate the shipped labeller on held-out training questions (`pipelines.training.train_labeller`)
and fit it to a user's own questions (`ragcompress.training.tuning`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.select import one_or_none, per_token, worth
from ragcompress.models.labeller.bridges import Mention, bridged
from ragcompress.models.labeller.runtime import PARTS, PASSAGE_PARTS, passage_parts
from ragcompress.training.labeller.config import ModelConfig

__all__ = [
    "RECALLS",
    "SHARES",
    "Case",
    "auroc",
    "calibrated",
    "fit_keep",
    "fit_weights",
    "listwise",
    "nothing_below",
    "passage_case",
    "recall_at",
    "thresholds_for",
    "worths",
]

RECALLS = (0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
SHARES = (0.05, 0.1, 0.2, 0.3)
# Where fitting those of `PASSAGE_PARTS` begins, and the ridge that holds them near it: the untrained sum's own weights
# (`ModelConfig.fusion`). Questions written beside a paragraph would do without the cosine; other people's do not.
_UNTRAINED = ModelConfig().fusion
BEST_SENTENCE = 0.6
PASSAGE_RIDGE = 0.2
WRONGLY_NOTHING = 0.0025  # share of questions with support for which "nothing relevant" may be said

Floats = NDArray[np.float64]


class Case(NamedTuple):
    """One labelled question.

    Attributes:
        parts: `PARTS` of all passages' sentences [sentences, 9].
        owners: Numbers of their passages [sentences].
        sizes: Their tokens [sentences].
        right: True for supporting ones [sentences].
        hidden: True for those that take no part: they may support or not [sentences].
        groups: For every needed group the numbers of its sentences, of which one suffices; none: nothing is relevant.
        mentions: Which sentences name which passages; see `ragcompress.models.labeller.bridges`.
    """

    parts: Floats
    owners: NDArray[np.int64]
    sizes: NDArray[np.int64]
    right: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    groups: tuple[tuple[int, ...], ...]
    mentions: tuple[Mention, ...] = ()

    def scores(self, weights: Floats, bridge: Sequence[float]) -> Floats:
        """Of the sentences: the weighted sum of their parts, bridges counted [sentences]."""
        return bridged(self.parts @ weights, self.owners, self.mentions, bridge)


def calibrated(settings: Mapping[str, Any], cases: Sequence[Case]) -> dict[str, Any]:
    """``settings`` with all that follows from its weights: probabilities, thresholds, and how good they are."""
    weights = np.array([settings["weights"].get(name, 0.0) for name in PARTS])
    scores = [case.scores(weights, settings["bridge"]) for case in cases]
    keep = fit_keep(cases, scores)
    chances = [one_or_none(score, keep) for score in scores]
    return {
        **settings,
        "keep": keep,
        "passages": _passages(cases, scores, settings.get("untrained", _UNTRAINED)),
        "thresholds": thresholds_for(cases, chances),
        "nothing": nothing_below(cases, chances),
        "calibration": _measured(cases, chances),
    }


def passage_case(case: Case, scores: Floats) -> Case:
    """The same question with passages for sentences: which of them hold support?"""
    numbers, rows = passage_parts(case.parts, scores, case.owners)
    owned = [case.owners == number for number in numbers]
    right = np.array([case.right[own].any() for own in owned], dtype=bool)
    hidden = np.array([case.hidden[own].any() for own in owned], dtype=bool) & ~right
    sizes = np.array([case.sizes[own].sum() for own in owned], dtype=np.int64)
    place = {int(number): at for at, number in enumerate(numbers)}
    groups = tuple(tuple(sorted({place[int(case.owners[at])] for at in group})) for group in case.groups)
    return Case(rows, numbers, sizes, right, hidden, groups)


def _passages(cases: Sequence[Case], scores: Sequence[Floats], untrained: Sequence[float]) -> dict[str, Any]:
    """Weights of `PASSAGE_PARTS`, near those of the untrained sum, and what makes probabilities of them."""
    whole = [passage_case(case, score) for case, score in zip(cases, scores, strict=True)]
    weights = fit_weights(whole, np.array([untrained[0], untrained[3], BEST_SENTENCE]), ridge=PASSAGE_RIDGE)
    named = {name: round(float(value), 4) for name, value in zip(PASSAGE_PARTS, weights, strict=True)}
    return {"weights": named, "keep": fit_keep(whole, [case.parts @ weights for case in whole])}


def fit_weights(cases: Sequence[Case], start: Floats, *, ridge: float = 0.02, steps: int = 400) -> Floats:
    """Weights of the parts with the least listwise loss, by Adam; a ridge holds them near ``start``.

    Args:
        cases: Those without support are passed over.
        start: Weights to begin with [9].
        ridge: Cost of a squared relative change.
        steps: Passes over all cases.
    """
    used = [case for case in cases if case.right.any()]
    scale = 1 / np.maximum(np.concatenate([case.parts for case in used]).std(axis=0), 1e-3)
    weights, first, second = start.astype(np.float64).copy(), np.zeros(len(start)), np.zeros(len(start))
    rate = 0.05 * scale
    for step in range(1, steps + 1):
        gradient = 2 * ridge * (weights - start) / (np.abs(start) + scale) ** 2
        gradient = gradient + sum(_pull(case, weights) for case in used) / len(used)
        first, second = 0.9 * first + 0.1 * gradient, 0.99 * second + 0.01 * gradient**2
        move = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-9)
        weights = weights - rate * move * (1 - step / (steps + 1))
    return np.asarray(weights)


def _pull(case: Case, weights: Floats) -> Floats:
    """The gradient of one question's listwise loss."""
    scores = np.where(case.hidden, -np.inf, case.parts @ weights)
    inside = np.where(case.right, scores, -np.inf)
    return np.asarray((_softmax(scores) - _softmax(inside)) @ case.parts)


def listwise(cases: Sequence[Case], weights: Floats, bridge: Sequence[float]) -> float:
    """Mean over questions with support of minus the log of what a softmax gives the supporting sentences."""
    losses = []
    for case in cases:
        if case.right.any():
            scores = np.where(case.hidden, -np.inf, case.scores(weights, bridge))
            losses.append(_lse(scores) - _lse(scores[case.right]))
    return float(np.mean(losses))


def recall_at(case: Case, values: Floats) -> list[float]:
    """Share of the needed groups kept within `SHARES` of the tokens, best first, passing over what does not fit.

    Args:
        case: With at least one group.
        values: What is best [sentences].
    """
    order = np.argsort(-values, kind="stable")
    result = []
    for share in SHARES:
        left, kept = share * float(case.sizes.sum()), set()
        for at in order.tolist():
            if case.sizes[at] <= left:
                left -= float(case.sizes[at])
                kept.add(at)
        result.append(float(np.mean([any(at in kept for at in group) for group in case.groups])))
    return result


def worths(case: Case, scores: Floats, keep: Sequence[float]) -> Floats:
    """What `LabellingPruner` keeps first under a token budget: keep probabilities over the roots of tokens."""
    return np.array(worth(one_or_none(scores, keep).tolist(), case.sizes.tolist()))


def fit_keep(cases: Sequence[Case], scores: Sequence[Floats], *, steps: int = 100) -> list[float]:
    """Slope and shift for `one_or_none` of the greatest likelihood: that one of the right ones is, or none.

    By Fisher scoring; a little ridge keeps separable data finite.
    """
    shown = [score[~case.hidden] for case, score in zip(cases, scores, strict=True)]
    rights = [case.right[~case.hidden] for case in cases]
    flat = np.concatenate(shown)
    centre, spread = flat.mean(), flat.std() or 1.0
    designs = [np.stack([(score - centre) / spread, np.ones_like(score)], axis=1) for score in shown]
    weights = np.array([1.0, 0.0])
    for _ in range(steps):
        gradient, curve = 1e-3 * weights, 1e-3 * np.eye(2)
        for design, right in zip(designs, rights, strict=True):
            chance = one_or_none(design @ weights, (1.0, 0.0))
            mean = chance @ design
            curve = curve + (design * chance[:, None]).T @ design - np.outer(mean, mean)
            told = chance[right] @ design[right] / chance[right].sum() if right.any() else 0.0
            gradient = gradient + mean - told
        move = np.linalg.solve(curve, gradient)
        weights = weights - move / max(1.0, float(np.abs(move).max()))
    slope = weights[0] / spread
    return [round(float(slope), 6), round(float(weights[1] - slope * centre), 6)]


def thresholds_for(cases: Sequence[Case], chances: Sequence[Floats]) -> dict[str, float]:
    """For each wanted answer recall the keep probability per token that so many questions' weakest group reaches."""
    weakest = []
    for case, chance in zip(cases, chances, strict=True):
        if case.groups:
            worth = per_token(chance.tolist(), case.sizes.tolist())
            weakest.append(min(max(worth[at] for at in group) for group in case.groups))
    return {str(recall): float(f"{np.quantile(weakest, 1 - recall):.6g}") for recall in RECALLS}


def nothing_below(cases: Sequence[Case], chances: Sequence[Floats]) -> float:
    """The probability that anything is relevant which nearly all questions with support reach."""
    anything = [float(chance.sum()) for case, chance in zip(cases, chances, strict=True) if case.groups]
    return float(f"{np.quantile(anything, WRONGLY_NOTHING):.6g}")


def _measured(cases: Sequence[Case], chances: Sequence[Floats]) -> dict[str, Any]:
    """How well probabilities fit (ten equal bins) and how well their sum tells questions without support."""
    flat = np.concatenate([chance[~case.hidden] for case, chance in zip(cases, chances, strict=True)])
    right = np.concatenate([case.right[~case.hidden] for case in cases])
    bins = np.minimum((flat * 10).astype(int), 9)
    inside = [bins == number for number in range(10) if (bins == number).any()]
    gaps = [abs(flat[part].mean() - right[part].mean()) * part.mean() for part in inside]
    anything = np.array([chance.sum() for chance in chances])
    answerable = np.array([bool(case.groups) for case in cases])
    area = auroc(anything[answerable], anything[~answerable])
    return {
        "questions": len(cases),
        "expected_calibration_error": round(float(sum(gaps)), 4),
        "auroc_answerable": None if area is None else round(area, 4),
    }


def auroc(ours: Floats, theirs: Floats) -> float | None:
    """How often one of ``ours`` is above one of ``theirs``, ties counting half; None without both."""
    if not len(ours) or not len(theirs):
        return None
    return float(((ours[:, None] > theirs) + 0.5 * (ours[:, None] == theirs)).mean())


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


def _lse(scores: Floats) -> float:
    top = float(scores.max())
    return top + float(np.log(np.exp(scores - top).sum()))
