"""The exported reader's threshold, fitted on training questions of held-out articles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eval.metrics import f1
from ragcompress.models.reader.reader import ExtractiveReader
from ragcompress.training.reader.corpus import Corpus, Question

__all__ = ["calibrate", "fit_logistic"]

ROUGH = {"scale": 1.0, "shift": 0.0, "threshold": 0.5}  # so that the reader loads before it is calibrated


def calibrate(corpus: Corpus, questions: Sequence[int], folder: Path) -> dict[str, Any]:
    """Fit ``reader.json`` in ``folder``, next to the exported graph, and report how good the reader is.

    Every question is read twice: over its own paragraph with one other, and over two other paragraphs of the article
    that do not hold the answer. The score is then the logistic of the margin that best tells right spans from wrong
    ones; the threshold is the score at which the readings earn most, an answer its F1 and a due abstention 1, the
    answerable ones counting double: a retriever in front makes them the rule.
    """
    (folder / "reader.json").write_text(json.dumps(ROUGH), encoding="utf-8")
    reader = ExtractiveReader(threshold=0.0)
    rows = [row for at in questions for row in _read(reader, corpus, corpus.questions[at])]
    margin = np.array([row.margin for row in rows])
    right = np.array([row.exact for row in rows])
    overlap = np.array([row.overlap for row in rows])
    answerable = np.array([row.answerable for row in rows])
    scale, shift = fit_logistic(margin, right)
    score = 1 / (1 + np.exp(-(scale * margin + shift)))
    threshold = _best_threshold(score, overlap, answerable)
    fitted = {"scale": round(scale, 5), "shift": round(shift, 5), "threshold": round(threshold, 4)}
    report = {
        "held_out_questions": len(questions),
        "exact_match_answerable": round(float(right[answerable].mean()), 4),
        "f1_answerable": round(float(overlap[answerable].mean()), 4),
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


class _Row(NamedTuple):
    """One reading: the margin, whether the span is an answer, its F1, and whether there was one to find."""

    margin: float
    exact: bool
    overlap: float
    answerable: bool


def _read(reader: Any, corpus: Corpus, question: Question) -> list[_Row]:
    """The readings with and without the paragraph that answers."""
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
            exact = answerable and found.text.lower() in names
            rows.append(_Row(found.margin, exact, f1(found.text, names) if answerable else 0.0, answerable))
    return rows


def _best_threshold(score: NDArray[np.float64], overlap: NDArray[np.float64], answerable: NDArray[np.bool_]) -> float:
    """The score that earns most: F1 where an answer is given, 1 where none is due and none is given."""
    cuts = np.quantile(score, np.linspace(0, 0.7, 71))
    weight = np.where(answerable, 2.0, 1.0)
    wins = [float((weight * np.where(score >= cut, overlap, ~answerable)).mean()) for cut in cuts]
    return float(cuts[int(np.argmax(wins))])
