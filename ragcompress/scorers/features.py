"""Everything one forward per passage says about its segments.

Encode each passage once (``title. text``); from its token states come four relevances of a segment: the passage's
cosine, the contextual segment's cosine (mean of the segment's own states), late interaction with the segment, and
late interaction with the whole passage (ColBERT's MaxSim, Khattab and Zaharia 2020, averaged over query tokens).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.context import Context
from ragcompress.models.encoders import Encoded, TokenEncoder
from ragcompress.models.labeller.matching import over, token_ranges

__all__ = ["Features", "Place", "features", "normalise", "places"]

Floats = NDArray[np.float32]


class Features(NamedTuple):
    """One value per segment, each in [-1, 1], higher is more relevant; shape [segments]."""

    passage_cosine: Floats
    cosine: Floats
    late: Floats
    passage_late: Floats


class Place(NamedTuple):
    """Where a passage's segments lie in it.

    Attributes:
        states: The passage, encoded.
        segments: A segment's number for each of its spans that hold a token.
        spans: Their half-open rows of ``states``.
        empty: Segment numbers of the spans that hold none.
    """

    states: Encoded
    segments: list[int]
    spans: list[tuple[int, int]]
    empty: list[int]


def places(context: Context, encoder: TokenEncoder) -> list[Place]:
    """The passages that have segments, encoded, with the segments' token rows."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    for at, segment in enumerate(context.segments):
        for passage, start, end in segment.support:
            found.setdefault(passage, []).append((at, start, end))
    encoded = encoder.passages([context.passages[number] for number in found])
    return [_place(states, own) for states, own in zip(encoded, found.values(), strict=True)]


def _place(states: Encoded, own: Sequence[tuple[int, int, int]]) -> Place:
    first = int(np.argmax(states.offsets[:, 0] >= 0))  # text tokens are one run, save for special tokens around
    ranges = token_ranges(states, [(start, end) for _, start, end in own])
    full = [(at, (first + a, first + b)) for (at, _, _), (a, b) in zip(own, ranges, strict=True) if a < b]
    empty = [at for (at, _, _), (a, b) in zip(own, ranges, strict=True) if a >= b]
    return Place(states, [at for at, _ in full], [span for _, span in full], empty)


def features(context: Context, encoder: TokenEncoder) -> Features:
    """The four relevances of every segment of ``context``; a segment that holds no token gets -1."""
    asked = encoder.query(context.asked)
    words = asked.offsets[:, 0] >= 0  # True: a token of the text, no special token
    tokens = normalise(asked.last[words] if words.any() else asked.last)
    table = np.zeros((len(context.segments), 4), dtype=np.float32)
    for states, segments, spans, empty in places(context, encoder):
        np.add.at(table, segments, _read(tokens, asked.vector, states, spans))
        np.add.at(table, empty, -1)
    shares = np.array([len(segment.support) for segment in context.segments], dtype=np.float32)
    return Features(*(table / shares[:, None]).T)


def normalise(states: Floats) -> Floats:
    """Rows of length one; zero rows stay zero. Shape [n, dim] -> [n, dim]."""
    lengths = np.linalg.norm(states, axis=-1, keepdims=True)
    unit: Floats = np.divide(states, np.where(lengths > 0, lengths, 1), dtype=np.float32)
    return unit


def _read(tokens: Floats, vector: Floats, states: Encoded, spans: Sequence[tuple[int, int]]) -> Floats:
    """The four relevances of some spans of a passage [spans, 4], to a query's unit tokens [n, dim] and vector [dim]."""
    match = (states.last @ tokens.T) / states.lengths[:, None]  # [passage tokens, query tokens]
    found = np.empty((len(spans), 4), dtype=np.float32)
    found[:, 0], found[:, 3] = vector @ states.vector, match.max(axis=0).mean()
    found[:, 1] = normalise(over(np.add, states.last, spans)) @ vector  # a sum points where a mean does
    found[:, 2] = over(np.maximum, match, spans).mean(axis=1)
    return found
