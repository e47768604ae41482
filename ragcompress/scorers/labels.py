"""The labeller as a scorer: keep probabilities, and passage scores that rerank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.context import Context
from ragcompress.models.encoders import OnnxEncoder, TokenEncoder, inside
from ragcompress.models.labeller.bridges import mentions
from ragcompress.models.labeller.choice import worth_reading
from ragcompress.models.labeller.matching import Query, read_query
from ragcompress.models.labeller.runtime import JOINT, PARTS, JointModel, Reading
from ragcompress.models.multilingual import multilingual_labeller, twin
from ragcompress.models.stored import UnitVectors
from ragcompress.scorers.lexical import LexicalScorer
from ragcompress.structure import units

__all__ = ["Judged", "LabelScorer", "Labels", "rerank"]

CHUNK = 32  # passages whose states are held at a time


@dataclass(frozen=True, slots=True)
class LabelScorer:
    """The keep probability of every segment, judged with its passage and the query read together.

    One pass gives both: segment scores are calibrated probabilities (the only scores a threshold may be compared with)
    that it is this segment which supports the answer, weighed against all others and against "nothing here does";
    passage scores, which rerank, are the same for passages. Either sum to at most 1. A passage that a good sentence of
    another one names by its title is raised with it (`ragcompress.models.labeller.bridges`). After Provence (Chirkova
    et al., ICLR 2025).

    Attributes:
        model: The joint labeller; the embedded one by default.
        encoder: Gives middle and last token states; the embedded MiniLM by default.
        share: Of the student's probability, that the windows which query and passage are read together in must hold
            (`ragcompress.models.labeller.choice`); the student judges the rest. 1: all are read.
    """

    model: JointModel = field(default_factory=JointModel.embedded)
    encoder: TokenEncoder = field(default_factory=OnnxEncoder.embedded)
    share: float = 0.9995

    @classmethod
    def student(cls) -> LabelScorer:
        """The embedded labeller's student: no joint reading, see `JointModel.student`."""
        return cls(JointModel.embedded().student())

    def abroad(self) -> LabelScorer | None:
        """The same for other languages than English; None where this reads others itself or nothing for them ships."""
        encoder = twin(self.encoder)
        return None if encoder is None else LabelScorer(multilingual_labeller(student=not self.model.reads), encoder)

    def __call__(self, context: Context) -> Context:
        """Score segments and passages."""
        judged = _judge(self, context)
        return context.with_scores(judged.segments, judged.passages)

    def judge(self, context: Context) -> Judged:
        """All that the labeller says of a context, read anew."""
        owners = np.array([segment.support[0].passage for segment in context.segments], dtype=np.int64)
        named = mentions(context)
        choosing = self.share < 1 and self.model.reads and "student" in self.model.settings
        parts, windows, labels = self._read(context, range(len(owners)), together=not choosing)
        parts[:, JOINT:] = _words(context)
        kept, relevance = (self.model.student() if choosing else self.model).probabilities(parts, owners, named)
        if choosing:
            chosen = worth_reading(kept, windows, owners, named, self.share)
            again, _, labels = self._read(context, np.flatnonzero(chosen).tolist(), together=True)
            parts[chosen, :JOINT] = again[chosen, :JOINT]
            read = np.where(chosen[:, None], parts, np.nan).astype(np.float32)
            found, best = self.model.probabilities(read, owners, named)
            kept = np.where(chosen, found * (1 - kept[~chosen].sum()), kept)
            relevance = _merged(relevance, best, set(owners[chosen].tolist()))
        passages = tuple(relevance.get(at, 0.0) for at in range(len(context.passages)))
        return Judged(tuple(kept.tolist()), passages, parts, labels, not choosing or bool(chosen.all()))

    def whole(self) -> LabelScorer:
        """The same, reading everything."""
        return replace(self, share=1.0)

    def labels(self, context: Context) -> Labels:
        """What the joint reading says of all tokens; free for a context that has just been scored and read in full."""
        judged = _judge(self, context)
        return judged.labels if judged.in_full else _judge(self.whole(), context).labels

    def words(self, words: Context) -> list[float]:
        """How much each segment of a context of words is part of what answers; higher stays longer."""
        return self.labels(Context.of(words.query, words.passages).split(units)).weigh(words)

    def parts(self, context: Context) -> NDArray[np.float32]:
        """What each segment's score is the weighted sum of, [segments, 9]; see `PARTS` in `models.labeller.runtime`."""
        return _judge(self.whole(), context).parts

    def _read(self, context: Context, segments: Sequence[int], *, together: bool) -> _Read:
        query = read_query(self.encoder.query(context.asked))
        groups: dict[int, list[int]] = {}
        for at in sorted(segments, key=lambda at: _range(context, at)):
            groups.setdefault(context.segments[at].support[0].passage, []).append(at)
        found = np.zeros((len(context.segments), len(PARTS)), dtype=np.float32)
        windows = np.full(len(context.segments), -1)
        labels = {}
        for number, offsets, reading in self._readings(context, groups, query, together=together):
            own = groups[number]
            found[own, :JOINT] = reading.parts
            windows[own] = np.where(reading.windows >= 0, reading.windows + windows.max(initial=-1) + 1, -1)
            labels[number] = (offsets, reading.labels)
        return _Read(found, windows, Labels(labels))

    def _readings(
        self, context: Context, groups: Mapping[int, list[int]], query: Query, *, together: bool
    ) -> Iterator[tuple[int, NDArray[np.int64], Reading]]:
        """By passage: its number, its tokens' offsets, and what is said of it; what is stored needs no reading."""
        ranges = {number: [_range(context, at) for at in own] for number, own in sorted(groups.items())}
        known = {} if together and self.model.reads else self._stored(context, ranges)
        for number, stored in known.items():
            yield number, _UNREAD[0], Reading.stored(query, stored)
        numbers = [number for number in ranges if number not in known]
        for chunk in (numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK)):
            states = self.encoder.passages([context.passages[number] for number in chunk])
            given = [(encoded, ranges[number]) for number, encoded in zip(chunk, states, strict=True)]
            read = self.model.read(query, given, together=together)
            yield from zip(chunk, (encoded.offsets for encoded in states), read, strict=True)

    def _stored(self, context: Context, ranges: Mapping[int, list[tuple[int, int]]]) -> dict[int, UnitVectors]:
        """By passage what an index stored of just these units; states that are at hand anyway say it better."""
        if not isinstance(self.encoder, OnnxEncoder):
            return {}
        found = {}
        for number, spans in ranges.items():
            passage = context.passages[number]
            stored = None if self.encoder.knows(passage) else self.encoder.units_of(passage)
            if stored is not None and stored.tokens is not None and stored.are(spans):
                found[number] = stored
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """How much each token of a context's passages is part of what answers.

    Attributes:
        tokens: Of each passage that was read, by number: character offsets [tokens, 2] and labels [tokens], see
            `ragcompress.models.labeller.runtime.Reading`.
    """

    tokens: Mapping[int, tuple[NDArray[np.int64], NDArray[np.float32]]]

    def weigh(self, words: Context) -> list[float]:
        """The best label among each segment's tokens; -inf for one without any."""
        found = []
        for at, segment in enumerate(words.segments):
            offsets, labels = self.tokens.get(segment.support[0].passage, _UNREAD)
            found.append(float(labels[inside(offsets, *_range(words, at))].max(initial=-np.inf)))
        return found


_UNREAD = (np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32))


class _Read(NamedTuple):
    """Of the segments their parts [segments, 9] and the numbers of their windows [segments]; and what tokens say."""

    parts: NDArray[np.float32]
    windows: NDArray[np.int64]
    labels: Labels


class Judged(NamedTuple):
    """What the labeller says of a context.

    Attributes:
        segments: Keep probabilities.
        passages: Likewise.
        parts: Of the segments, float32 [segments, 9]; those of the joint reading are 0 where nothing was read together.
        labels: Of the tokens that were.
        in_full: Whether all was read together that is to be.
    """

    segments: tuple[float, ...]
    passages: tuple[float, ...]
    parts: NDArray[np.float32]
    labels: Labels
    in_full: bool


def _range(context: Context, at: int) -> tuple[int, int]:
    """Where segment ``at`` begins and ends in its passage."""
    support = context.segments[at].support
    return support[0].start, support[-1].end


def _merged(glanced: Mapping[int, float], read: Mapping[int, float], chosen: set[int]) -> dict[int, float]:
    """Probabilities of passages: of those read the reading's, less what the student gives to the others."""
    rest = sum(value for number, value in glanced.items() if number not in chosen)
    return {
        number: read.get(number, 0.0) * (1 - rest) if number in chosen else value for number, value in glanced.items()
    }


def _words(context: Context) -> NDArray[np.float32]:
    """BM25 of each segment and of its passage, as shares of the context's best [segments, 2]."""
    scores, passages = LexicalScorer().weigh(context)
    own = np.array(scores, dtype=np.float32)
    whole = np.array(passages, dtype=np.float32)[[s.support[0].passage for s in context.segments] or []]
    columns = [values / best if (best := values.max(initial=0.0)) > 0 else values for values in (own, whole)]
    return np.stack(columns, axis=1)


@lru_cache(maxsize=4)
def _judge(scorer: LabelScorer, context: Context) -> Judged:
    """The last few contexts are remembered: several budgets over one context cost one forward."""
    return scorer.judge(context)


def rerank(context: Context, scorer: LabelScorer | None = None) -> list[int]:
    """Passage numbers, most relevant first; ties by position."""
    scored = (scorer or LabelScorer())(context)
    return sorted(range(len(context.passages)), key=lambda at: (-scored.passage_scores[at], at))
