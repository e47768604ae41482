"""From parts to scores to keep probabilities, fitted on labelled questions: pure functions over numpy arrays.

The same functions calibrate the shipped labeller on held-out training questions (`pipelines.train_labeller`) and fit
it to a user's own questions (`ragcompress.tuning`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.labeller.runtime import PARTS

__all__ = [
    "RECALLS",
    "SHARES",
    "Case",
    "calibrated",
    "fit_keep",
    "fit_weights",
    "listwise",
    "recall_at",
    "thresholds_for",
]

RECALLS = (0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
SHARES = (0.05, 0.1, 0.2, 0.3)

Floats = NDArray[np.float64]


class Case(NamedTuple):
    """One labelled question.

    Attributes:
        parts: `PARTS` of all passages' sentences [sentences, 9].
        sizes: Their tokens [sentences].
        right: True for supporting ones [sentences].
        hidden: True for those that take no part: they may support or not [sentences].
        groups: For every needed group the numbers of its sentences, of which one suffices; none: nothing is relevant.
    """

    parts: Floats
    sizes: NDArray[np.int64]
    right: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    groups: tuple[tuple[int, ...], ...]


def calibrated(settings: Mapping[str, Any], cases: Sequence[Case]) -> dict[str, Any]:
    """``settings`` with ``keep`` and ``thresholds`` fitted for its weights, and how good they are."""
    weights = np.array([settings["weights"].get(name, 0.0) for name in PARTS])
    scores = [case.parts @ weights for case in cases]
    keep = fit_keep(cases, scores)
    chances = [_sigmoid(keep[0] * score + keep[1]) for score in scores]
    return {
        **settings,
        "keep": keep,
        "thresholds": thresholds_for(cases, chances),
        "calibration": _measured(cases, chances),
    }


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


def listwise(cases: Sequence[Case], weights: Floats) -> float:
    """Mean over questions with support of minus the log of what a softmax gives the supporting sentences."""
    losses = []
    for case in cases:
        if case.right.any():
            scores = np.where(case.hidden, -np.inf, case.parts @ weights)
            losses.append(_lse(scores) - _lse(scores[case.right]))
    return float(np.mean(losses))


def recall_at(case: Case, weights: Floats) -> list[float]:
    """Share of the needed groups kept within `SHARES` of the tokens, best first, passing over what does not fit."""
    order = np.argsort(-(case.parts @ weights), kind="stable")
    result = []
    for share in SHARES:
        left, kept = share * float(case.sizes.sum()), set()
        for at in order.tolist():
            if case.sizes[at] <= left:
                left -= float(case.sizes[at])
                kept.add(at)
        result.append(float(np.mean([any(at in kept for at in group) for group in case.groups])))
    return result


def fit_keep(cases: Sequence[Case], scores: Sequence[Floats], *, steps: int = 60) -> list[float]:
    """Slope and shift of the logistic regression of support on score, by Newton's method."""
    flat = np.concatenate([score[~case.hidden] for case, score in zip(cases, scores, strict=True)])
    right = np.concatenate([case.right[~case.hidden] for case in cases]).astype(np.float64)
    centre, spread = flat.mean(), flat.std() or 1.0
    design = np.stack([(flat - centre) / spread, np.ones_like(flat)], axis=1)
    weights = np.zeros(2)
    for _ in range(steps):
        chance = _sigmoid(np.clip(design @ weights, -30, 30))
        # a little ridge keeps separable data finite
        gradient = design.T @ (chance - right) + 1e-3 * weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-3 * np.eye(2)
        weights -= np.linalg.solve(curve, gradient)
    slope = weights[0] / spread
    return [round(float(slope), 6), round(float(weights[1] - slope * centre), 6)]


def thresholds_for(cases: Sequence[Case], chances: Sequence[Floats]) -> dict[str, float]:
    """For each wanted answer recall the keep probability that so many questions' weakest needed group reaches."""
    weakest = [
        min(max(float(chance[at]) for at in group) for group in case.groups)
        for case, chance in zip(cases, chances, strict=True)
        if case.groups
    ]
    return {str(recall): float(f"{np.quantile(weakest, 1 - recall):.6g}") for recall in RECALLS}


def _measured(cases: Sequence[Case], chances: Sequence[Floats]) -> dict[str, Any]:
    """How well probabilities fit (ten equal bins) and how well the best one tells questions without support."""
    flat = np.concatenate([chance[~case.hidden] for case, chance in zip(cases, chances, strict=True)])
    right = np.concatenate([case.right[~case.hidden] for case in cases])
    bins = np.minimum((flat * 10).astype(int), 9)
    inside = [bins == number for number in range(10) if (bins == number).any()]
    gaps = [abs(flat[part].mean() - right[part].mean()) * part.mean() for part in inside]
    best = np.array([chance.max() for chance in chances])
    answerable = np.array([bool(case.groups) for case in cases])
    wins = best[answerable][:, None] > best[~answerable][None]
    return {
        "questions": len(cases),
        "expected_calibration_error": round(float(sum(gaps)), 4),
        "auroc_answerable": round(float(wins.mean()), 4) if wins.size else None,
    }


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


def _lse(scores: Floats) -> float:
    top = float(scores.max())
    return top + float(np.log(np.exp(scores - top).sum()))


def _sigmoid(values: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-values)))
