"""The labeller as a scorer: keep probabilities, and passage scores that rerank."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ragcompress.context import Context
from ragcompress.encoders import Encoded, OnnxEncoder, TokenEncoder
from ragcompress.labeller.runtime import JOINT, PARTS, JointModel, Query, read_query
from ragcompress.scorers.lexical import LexicalScorer

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

    @classmethod
    def student(cls) -> LabelScorer:
        """The embedded labeller's student: no joint reading, see `JointModel.student`."""
        return cls(JointModel.embedded().student())

    def __call__(self, context: Context) -> Context:
        """Score segments and passages."""
        return context.with_scores(*_judge(self, context))

    def judge(self, context: Context) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Keep probabilities of the segments, and of each passage that of its best one."""
        kept = self.model.keep_probability(self.parts(context))
        relevance = [0.0] * len(context.passages)
        for segment, value in zip(context.segments, kept.tolist(), strict=True):
            at = segment.support[0].passage
            relevance[at] = max(relevance[at], value)
        return tuple(kept.tolist()), tuple(relevance)

    def parts(self, context: Context) -> NDArray[np.float32]:
        """What each segment's score is the weighted sum of, [segments, 9]; see `ragcompress.labeller.runtime.PARTS`."""
        query = read_query(self.encoder.query(context.query))
        groups: dict[int, list[int]] = {}
        for at, segment in enumerate(context.segments):
            groups.setdefault(segment.support[0].passage, []).append(at)
        found = np.zeros((len(context.segments), len(PARTS)), dtype=np.float32)
        for number, members in groups.items():
            states = self.encoder.passages([context.passages[number]])[0]
            found[members, :JOINT] = self._passage(query, states, context, members)
        found[:, JOINT:] = _words(context)
        return found

    def _passage(self, query: Query, states: Encoded, context: Context, members: list[int]) -> NDArray[np.float32]:
        """The parts of the segments ``members``, all of one passage; any order, overlaps allowed."""
        ranges = [(context.segments[at].support[0].start, context.segments[at].support[-1].end) for at in members]
        order = sorted(range(len(members)), key=lambda at: ranges[at])
        result = np.empty((len(members), JOINT), dtype=np.float32)
        result[order] = self.model.parts(query, states, [ranges[at] for at in order])
        return result


def _words(context: Context) -> NDArray[np.float32]:
    """BM25 of each segment and of its passage, as shares of the context's best [segments, 2]."""
    lexical = LexicalScorer(passage_share=0)(context)
    own = np.array([segment.score or 0.0 for segment in lexical.segments], dtype=np.float32)
    whole = np.array(lexical.passage_scores, dtype=np.float32)[[s.support[0].passage for s in context.segments] or []]
    columns = [values / best if (best := values.max(initial=0.0)) > 0 else values for values in (own, whole)]
    return np.stack(columns, axis=1)


@lru_cache(maxsize=4)
def _judge(scorer: LabelScorer, context: Context) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The last few contexts are remembered: several budgets over one context cost one forward."""
    return scorer.judge(context)


def rerank(context: Context, scorer: LabelScorer | None = None) -> list[int]:
    """Passage numbers, most relevant first; ties by position."""
    scored = (scorer or LabelScorer())(context)
    return sorted(range(len(context.passages)), key=lambda at: (-scored.passage_scores[at], at))
