"""Two-hop questions: what the first pass finds names what the second pass must look for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Scorer
from ragcompress.core.types import Segment
from ragcompress.scorers.guard import GuardedScorer
from ragcompress.scorers.semantic import FusedScorer

__all__ = ["SecondPass"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SecondPass:
    """Scores again with the query expanded by the best sentences of the best passages, and takes the higher score.

    "When was the director of X born?" ranks the page of X first; only its sentence "X was directed by Y" leads to Y's
    page (multi-hop retrieval as in MDR, Xiong et al. 2021, within one context). Passages are encoded once, so the
    second pass costs one query each. Helps where evidence is spread over passages, costs little elsewhere; off unless
    asked for. The constants were chosen on 2WikiMultiHopQA's training questions.

    Attributes:
        scorer: What scores, both times; the guarded fusion of cosine, late interaction and BM25 by default.
        evidence: How many passages lend their best sentence to the query, one query each.
        weight: What the second score counts against the first, both in deviations from their mean.
        link: Added, in deviations, to passages whose title the evidence mentions.
    """

    scorer: Scorer = field(default_factory=lambda: GuardedScorer(FusedScorer()))
    evidence: int = 2
    weight: float = 1.0
    link: float = 0.5

    def __post_init__(self) -> None:
        if self.evidence < 1:
            raise InvalidInput(f"evidence must be at least 1 passage, not {self.evidence}")

    def __call__(self, context: Context) -> Context:
        """Scores in deviations from the mean; passage scores likewise."""
        first = self.scorer(context)
        if len(first.segments) < 2:
            return first
        own = np.array([segment.support[0].passage for segment in first.segments])
        best = _standard([segment.score for segment in first.segments])
        passages = _standard(first.passage_scores) if first.passage_scores else None
        for segment in self._evidence(first):
            again = self.scorer(replace(context, query=_expanded(context, segment)))
            linked = _mentioned(context, segment)
            second = _standard([s.score for s in again.segments]) + self.link * linked[own]
            best = np.maximum(best, self.weight * second)
            if passages is not None and again.passage_scores:
                passages = np.maximum(passages, self.weight * (_standard(again.passage_scores) + self.link * linked))
        return first.with_scores(best.tolist(), None if passages is None else passages.tolist())

    def _evidence(self, first: Context) -> list[Segment]:
        """The best sentence of each of the best passages."""
        order = sorted(range(len(first.segments)), key=lambda at: (-_value(first.segments[at]), at))
        chosen: dict[int, Segment] = {}
        for at in order:
            segment = first.segments[at]
            chosen.setdefault(segment.support[0].passage, segment)
            if len(chosen) == self.evidence:
                break
        return list(chosen.values())


def _expanded(context: Context, segment: Segment) -> str:
    title = context.passages[segment.support[0].passage].title
    found = f"{title}. {segment.text.strip()}" if title else segment.text.strip()
    return f"{context.asked} {found}"


def _mentioned(context: Context, segment: Segment) -> Floats:
    """1.0 for each other passage whose title, less what stands in brackets after it, is in the text."""
    text = segment.text.casefold()
    own = segment.support[0].passage
    titles = [re.sub(r"(?<!\s)\s*+\([^()]*\)$", "", passage.title).casefold().strip() for passage in context.passages]
    return np.array([float(at != own and len(title) > 3 and title in text) for at, title in enumerate(titles)])


def _value(segment: Segment) -> float:
    return float("-inf") if segment.score is None else segment.score


def _standard(values: object) -> Floats:
    """Mean 0, deviation 1; all zeros when they are equal."""
    array = np.array(values, dtype=np.float64)
    deviation = float(array.std())
    result: Floats = (array - array.mean()) / deviation if deviation > 0 else np.zeros(len(array))
    return result
