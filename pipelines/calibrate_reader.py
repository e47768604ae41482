"""The exported reader's threshold, fitted on training questions of held-out articles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.generators.reader import ExtractiveReader
from ragcompress.reader.corpus import Corpus, Question

__all__ = ["calibrate", "fit_logistic"]

ROUGH = {"scale": 1.0, "shift": 0.0, "threshold": 0.5}  # so that the reader loads before it is calibrated


def calibrate(corpus: Corpus, questions: Sequence[int], folder: Path) -> dict[str, Any]:
    """Fit ``reader.json`` in ``folder``, next to the exported graph, and report how good the reader is.

    Every question is read twice: over its own paragraph with one other, and over two other paragraphs of the article
    that do not hold the answer. The score is then the logistic of the margin that best tells right spans from wrong
    ones; the threshold is the score at which most questions, answerable or not, end right.
    """
    (folder / "reader.json").write_text(json.dumps(ROUGH), encoding="utf-8")
    reader = ExtractiveReader(threshold=0.0)
    rows = [row for at in questions for row in _read(reader, corpus, corpus.questions[at])]
    margin = np.array([row[0] for row in rows])
    right = np.array([row[1] for row in rows])
    answerable = np.array([row[2] for row in rows])
    scale, shift = fit_logistic(margin, right)
    score = 1 / (1 + np.exp(-(scale * margin + shift)))
    threshold = _best_threshold(score, right, answerable)
    fitted = {"scale": round(scale, 5), "shift": round(shift, 5), "threshold": round(threshold, 4)}
    report = {
        "held_out_questions": len(questions),
        "exact_match_answerable": round(float(right[answerable].mean()), 4),
        "answered_when_answerable": round(float((score >= threshold)[answerable].mean()), 4),
        "abstained_when_unanswerable": round(float((score < threshold)[~answerable].mean()), 4),
    }
    (folder / "reader.json").write_text(json.dumps(fitted | {"held_out": report}, indent=1) + "\n", encoding="utf-8")
    return fitted | report


def fit_logistic(x: NDArray[np.float64], y: NDArray[np.bool_], *, steps: int = 50) -> tuple[float, float]:
    """Scale and shift of the logistic regression of ``y`` on one variable (Newton's method, slightly damped)."""
    design = np.stack([x, np.ones_like(x)], axis=1)
    weights = np.zeros(2)
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        curvature = design.T @ (design * (p * (1 - p))[:, None]) + 1e-3 * np.eye(2)
        weights += np.linalg.solve(curvature, design.T @ (y - p) - 1e-3 * weights)
    return float(weights[0]), float(weights[1])


def _read(reader: Any, corpus: Corpus, question: Question) -> list[tuple[float, bool, bool]]:
    """``(margin, right, answerable)`` with and without the paragraph that answers."""
    own = corpus.paragraphs[question.paragraph]
    names = [answer.lower() for answer in question.answers]
    others = [corpus.paragraphs[p].text for p in corpus.by_article[own.article] if p != question.paragraph]
    asked = set(question.text.lower().split())
    others = [text for text in others if not any(name in text.lower() for name in names)]
    others.sort(key=lambda text: -len(asked & set(text.lower().split())))
    rows = []
    for texts, answerable in (([own.text, *others[:1]], True), (others[:2], False)):
        found = reader.candidate(question.text, texts) if texts else None
        if found is not None:
            rows.append((found.margin, answerable and found.text.lower() in names, answerable))
    return rows


def _best_threshold(score: NDArray[np.float64], right: NDArray[np.bool_], answerable: NDArray[np.bool_]) -> float:
    """The score at which most questions end right: a right answer, or an abstention where there is none."""
    cuts = np.quantile(score, np.linspace(0, 0.7, 71))
    wins = [float(np.where(score >= cut, right, ~answerable).mean()) for cut in cuts]
    return float(cuts[int(np.argmax(wins))])
