"""The labeller as a scorer: keep probabilities, and passage scores that rerank."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ragcompress.context import Context
from ragcompress.encoders import Encoded, OnnxEncoder, TokenEncoder
from ragcompress.labeller.runtime import JointModel, Query, read_query

__all__ = ["LabelScorer", "rerank"]


@dataclass(frozen=True, slots=True)
class LabelScorer:
    """The keep probability of every segment, judged with its passage and the query read together.

    One pass gives both: segment scores are calibrated probabilities in [0, 1] (the only scores a threshold may be
    compared with), passage scores rerank. After Provence (Chirkova et al., ICLR 2025).

    Attributes:
        model: The joint labeller; the embedded one by default.
        encoder: Gives middle and last token states; the embedded MiniLM by default.
    """

    model: JointModel = field(default_factory=JointModel.embedded)
    encoder: TokenEncoder = field(default_factory=OnnxEncoder.embedded)

    def __call__(self, context: Context) -> Context:
        """Score segments and passages."""
        return context.with_scores(*_judge(self, context))

    def judge(self, context: Context) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Keep probabilities of the segments, and of each passage that of its best one."""
        query = read_query(self.encoder.query(context.query))
        groups: dict[int, list[int]] = {}
        for at, segment in enumerate(context.segments):
            groups.setdefault(segment.support[0].passage, []).append(at)
        encoded = self.encoder.passages([context.passages[at] for at in groups])
        scores = np.zeros(len(context.segments))
        relevance = [0.0] * len(context.passages)
        for (passage, members), states in zip(groups.items(), encoded, strict=True):
            kept = self._passage(query, states, context, members)
            scores[members] = kept
            relevance[passage] = float(kept.max(initial=0.0))
        return tuple(scores.tolist()), tuple(relevance)

    def _passage(self, query: Query, states: Encoded, context: Context, members: list[int]) -> NDArray[np.float64]:
        """Keep probabilities of the segments ``members``, all of one passage; any order, overlaps allowed."""
        ranges = [(context.segments[at].support[0].start, context.segments[at].support[-1].end) for at in members]
        order = sorted(range(len(members)), key=lambda at: ranges[at])
        raw, _ = self.model.score(query, states, [ranges[at] for at in order])
        result = np.zeros(len(members))
        result[order] = self.model.keep_probability(raw)
        return result


@lru_cache(maxsize=4)
def _judge(scorer: LabelScorer, context: Context) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The last few contexts are remembered: several budgets over one context cost one forward."""
    return scorer.judge(context)


def rerank(context: Context, scorer: LabelScorer | None = None) -> list[int]:
    """Passage numbers, most relevant first; ties by position."""
    scored = (scorer or LabelScorer())(context)
    return sorted(range(len(context.passages)), key=lambda at: (-scored.passage_scores[at], at))
