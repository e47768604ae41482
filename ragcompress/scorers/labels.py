"""The labeller as a scorer: keep probabilities, and passage scores that rerank."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ragcompress.context import Context
from ragcompress.encoders import OnnxEncoder, TokenEncoder
from ragcompress.labeller.bridges import mentions
from ragcompress.labeller.matching import read_query
from ragcompress.labeller.runtime import JOINT, PARTS, JointModel
from ragcompress.scorers.lexical import LexicalScorer
from ragcompress.segment import sentences

__all__ = ["LabelScorer", "rerank"]

CHUNK = 32  # passages whose states are held at a time


@dataclass(frozen=True, slots=True)
class LabelScorer:
    """The keep probability of every segment, judged with its passage and the query read together.

    One pass gives both: segment scores are calibrated probabilities (the only scores a threshold may be compared with)
    that it is this segment which supports the answer, weighed against all others and against "nothing here does";
    passage scores, which rerank, are the same for passages. Either sum to at most 1. A passage that a good sentence of
    another one names by its title is raised with it (`ragcompress.labeller.bridges`). After Provence (Chirkova et al.,
    ICLR 2025).

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
        """Keep probabilities of the segments, and of the passages."""
        owners = np.array([segment.support[0].passage for segment in context.segments], dtype=np.int64)
        kept, relevance = self.model.probabilities(self.parts(context), owners, mentions(context))
        return tuple(kept.tolist()), tuple(relevance.get(at, 0.0) for at in range(len(context.passages)))

    def parts(self, context: Context) -> NDArray[np.float32]:
        """What each segment's score is the weighted sum of, [segments, 9]; see `ragcompress.labeller.runtime.PARTS`."""
        query = read_query(self.encoder.query(context.query))
        groups: dict[int, list[int]] = {}
        for at in sorted(range(len(context.segments)), key=lambda at: _range(context, at)):
            groups.setdefault(context.segments[at].support[0].passage, []).append(at)
        found = np.zeros((len(context.segments), len(PARTS)), dtype=np.float32)
        numbers = sorted(groups)
        for chunk in (numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK)):
            states = self.encoder.passages([context.passages[number] for number in chunk])
            ranges = [[_range(context, at) for at in groups[number]] for number in chunk]
            parts = self.model.parts(query, list(zip(states, ranges, strict=True)))
            for number, own in zip(chunk, parts, strict=True):
                found[groups[number], :JOINT] = own
        found[:, JOINT:] = _words(context)
        return found

    def words(self, words: Context) -> list[float]:
        """How much each segment of a context of words is part of what answers: the best label of its tokens.

        The passages are read as for scoring, in sentences; higher stays longer, see `ragcompress.pruners.WordPruner`.
        """
        query = read_query(self.encoder.query(words.query))
        found = [-math.inf] * len(words.segments)
        owners = [segment.support[0].passage for segment in words.segments]
        used = sorted(set(owners))
        for chunk in (used[at : at + CHUNK] for at in range(0, len(used), CHUNK)):
            states = self.encoder.passages([words.passages[number] for number in chunk])
            tiles = [sentences(words.passages[number].text) for number in chunk]
            labels = self.model.labels(query, list(zip(states, tiles, strict=True)))
            read = dict(zip(chunk, zip(states, labels, strict=True), strict=True))
            for at, owner in enumerate(owners):
                if owner in read:
                    encoded, own = read[owner]
                    found[at] = float(own[encoded.inside(*_range(words, at))].max(initial=-np.inf))
        return found


def _range(context: Context, at: int) -> tuple[int, int]:
    """Where segment ``at`` begins and ends in its passage."""
    support = context.segments[at].support
    return support[0].start, support[-1].end


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
