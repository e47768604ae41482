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
from ragcompress.core.types import Span
from ragcompress.models.encoders import Encoded, TokenEncoder

__all__ = ["Features", "features", "normalise"]

Floats = NDArray[np.float32]


class Features(NamedTuple):
    """One value per segment, each in [-1, 1], higher is more relevant; shape [segments]."""

    passage_cosine: Floats
    cosine: Floats
    late: Floats
    passage_late: Floats


def features(context: Context, encoder: TokenEncoder) -> Features:
    """The four relevances of every segment of ``context``; a segment that holds no token gets -1."""
    query = encoder.query(context.query)
    reader = _QueryReader(query)
    used = sorted({span.passage for segment in context.segments for span in segment.support})
    encoded = dict(zip(used, encoder.passages([context.passages[at] for at in used]), strict=True))
    views = {at: reader.view(states) for at, states in encoded.items()}
    rows = [_mean_row([views[span.passage].read(span) for span in segment.support]) for segment in context.segments]
    table = np.array(rows, dtype=np.float32).reshape(-1, 4)
    return Features(*table.T)


def normalise(states: Floats) -> Floats:
    """Rows of length one; zero rows stay zero. Shape [n, dim] -> [n, dim]."""
    lengths = np.linalg.norm(states, axis=-1, keepdims=True)
    unit: Floats = np.divide(states, np.where(lengths > 0, lengths, 1), dtype=np.float32)
    return unit


class _QueryReader:
    """A query's vector and tokens, ready to be compared with passages."""

    def __init__(self, query: Encoded) -> None:
        words = query.offsets[:, 0] >= 0  # True: a token of the text, no special token
        self.vector = normalise(query.last.mean(axis=0, keepdims=True))[0]
        self.tokens = normalise(query.last[words]) if words.any() else normalise(query.last)

    def view(self, passage: Encoded) -> _PassageView:
        return _PassageView(self, passage)


class _PassageView:
    """One passage seen by one query."""

    def __init__(self, query: _QueryReader, passage: Encoded) -> None:
        self._query = query
        self._last = passage.last
        text = np.flatnonzero(passage.offsets[:, 0] >= 0)  # text tokens are one run, save for special tokens around
        self._first = int(text[0]) if len(text) else 0
        self._starts = passage.offsets[text, 0]
        self._ends = passage.offsets[text, 1]
        self._match = query.tokens @ normalise(passage.last).T  # [query tokens, passage tokens]
        self._cosine = float(query.vector @ normalise(passage.last.mean(axis=0, keepdims=True))[0])
        self._late = float(self._match.max(axis=1).mean())

    def read(self, span: Span) -> tuple[float, float, float, float]:
        begin = int(np.searchsorted(self._ends, span.start, side="right")) + self._first
        end = int(np.searchsorted(self._starts, span.end, side="left")) + self._first
        if begin >= end:
            return (-1.0, -1.0, -1.0, -1.0)
        vector = normalise(self._last[begin:end].mean(axis=0, keepdims=True))[0]
        cosine = float(self._query.vector @ vector)
        return (self._cosine, cosine, float(self._match[:, begin:end].max(axis=1).mean()), self._late)


def _mean_row(rows: Sequence[tuple[float, float, float, float]]) -> tuple[float, ...]:
    return rows[0] if len(rows) == 1 else tuple(np.mean(rows, axis=0))
