"""From scores to keep probabilities, and thresholds for a wanted answer recall, on held-out training questions.

Everything is measured with the files that ship, run as they run at the user's: int8 where the machine has it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.labeller.data import Example
from ragcompress.labeller.runtime import JointModel, read_query

__all__ = ["RECALLS", "Judged", "calibrate", "fit_keep", "thresholds_for"]

RECALLS = (0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
QUESTIONS = {"squad": 250, "shifts": 90, "fever": 60, "2wiki": 19}
PASSAGES = 10
IRRELEVANT = 0.2  # share of questions whose supporting passages are left out

Floats = NDArray[np.float64]


class Judged(NamedTuple):
    """One question's sentence scores.

    Attributes:
        scores: All passages' sentences [sentences].
        right: True for supporting ones [sentences].
        groups: For every needed group the positions of its sentences; empty when nothing is relevant.
    """

    scores: Floats
    right: NDArray[np.bool_]
    groups: list[list[int]]


def calibrate(sampler: Any, settings: dict[str, Any], *, folder: Path, precision: str) -> dict[str, Any]:
    """``settings`` with fitted ``keep``, ``thresholds`` and what was measured.

    Args:
        sampler: A `ragcompress.labeller.sampling.Sampler`, for its held-out questions.
        settings: From `ragcompress.labeller.export.settings_of`.
        folder: Where the exported graphs are.
        precision: Of the graph to judge with, ``"int8"`` or ``"half"``.
    """
    from ragcompress.encoders import session

    graph = session((folder / f"labeller-{precision}.onnx").read_bytes())
    judged = judge(sampler, JointModel(graph, settings))
    keep = fit_keep(judged)
    fitted = JointModel(graph, {**settings, "keep": keep})
    probable = [one._replace(scores=fitted.keep_probability(one.scores.astype(np.float32))) for one in judged]
    thresholds = thresholds_for(probable)
    return {**settings, "keep": keep, "thresholds": thresholds, "calibration": _measured(probable)}


def judge(sampler: Any, model: JointModel) -> list[Judged]:
    """Score held-out questions beside hard negatives, some without their supporting passages."""
    rng = random.Random(11)
    judged = []
    for example in sampler.held_out(QUESTIONS, passages=PASSAGES):
        gold = {place[0] for group in example.groups for place in group}
        if rng.random() < IRRELEVANT:
            example = Example(example.question, tuple(p for p in example.passages if p not in gold), ())
        judged.append(_judge_one(sampler, model, example))
    return judged


def _judge_one(sampler: Any, model: JointModel, example: Example) -> Judged:
    query = read_query(sampler.encoder.query(example.question))
    support = {place for group in example.groups for place in group}
    scores: list[float] = []
    places: list[tuple[int, int]] = []
    for passage in example.passages:
        sentences = sampler.corpus.pool[passage].sentences
        found, _ = model.score(query, sampler.corpus.store.encoded(passage), sentences)
        for number, score in enumerate(found.tolist()):
            place = (passage, number)
            if np.isfinite(score) and (place not in example.masked or place in support):
                scores.append(score)
                places.append(place)
    groups = [[at for at, place in enumerate(places) if place in group] for group in example.groups]
    return Judged(np.array(scores), np.array([place in support for place in places]), groups)


def fit_keep(judged: Sequence[Judged], *, steps: int = 60) -> list[float]:
    """Slope and shift of the logistic regression of support on score, by Newton's method."""
    scores = np.concatenate([one.scores for one in judged])
    right = np.concatenate([one.right for one in judged]).astype(np.float64)
    centre, spread = scores.mean(), scores.std() or 1.0
    design = np.stack([(scores - centre) / spread, np.ones_like(scores)], axis=1)
    weights = np.zeros(2)
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        # a little ridge keeps separable data finite
        gradient = design.T @ (chance - right) + 1e-3 * weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-3 * np.eye(2)
        weights -= np.linalg.solve(curve, gradient)
    slope = weights[0] / spread
    return [round(float(slope), 6), round(float(weights[1] - slope * centre), 6)]


def thresholds_for(judged: Sequence[Judged]) -> dict[str, float]:
    """For each wanted answer recall the keep probability that so many questions' weakest needed group reaches."""
    weakest = [
        min(max(float(one.scores[at]) for at in group) for group in one.groups)
        for one in judged
        if one.groups and all(one.groups)
    ]
    return {str(recall): float(f"{np.quantile(weakest, 1 - recall):.6g}") for recall in RECALLS}


def _measured(judged: Sequence[Judged]) -> dict[str, Any]:
    """How well probabilities fit (ten equal bins) and how well the best one tells questions without support."""
    scores = np.concatenate([one.scores for one in judged])
    right = np.concatenate([one.right for one in judged])
    bins = np.minimum((scores * 10).astype(int), 9)
    inside = [bins == number for number in range(10) if (bins == number).any()]
    gaps = [abs(scores[part].mean() - right[part].mean()) * part.mean() for part in inside]
    best_with = np.array([one.scores.max() for one in judged if one.groups])
    best_without = np.array([one.scores.max() for one in judged if not one.groups])
    wins = (best_with[:, None] > best_without[None]).mean() if len(best_without) else float("nan")
    return {
        "questions": len(judged),
        "expected_calibration_error": round(float(sum(gaps)), 4),
        "auroc_answerable": round(float(wins), 4),
    }
