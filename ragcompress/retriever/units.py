"""Units beside the vectors: what a passage is made of and what it means, computed when it is indexed.

A retriever built with ``precompute="units"`` stores of every passage its units with their needs, one vector per unit,
and the tokens' last states in half a byte a dimension, about 30 kB per passage of 100 words. Retrieving a passage puts
them where `structure` and the encoder look, so that ``dense`` and ``student`` compression of what was retrieved is the
question's encoding and a few matrix products.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress import structure
from ragcompress.core.types import Passage, Unit
from ragcompress.models.encoders import Encoded
from ragcompress.models.labeller.matching import WINDOW, over, token_ranges, unit
from ragcompress.models.stored import TokenCodes, UnitVectors
from ragcompress.retriever.states import EncodedMaker

__all__ = ["UnitMaker", "pack_units", "unpack_units", "unpack_vectors"]

LAYOUT = 2  # of the packed bytes; part of the fingerprint

PARTS = 6  # arrays of a row

Bytes = NDArray[np.uint8]


class UnitMaker(EncodedMaker):
    """Makes and reads the sidecar ``units``."""

    name = "units"

    @property
    def fingerprint(self) -> str:
        """Changes with the encoder's weights, with the code that reads units, and with the layout."""
        return f"{self.encoder.fingerprint}:{structure.fingerprint()}:{LAYOUT}"

    def __call__(self, passages: Sequence[Passage]) -> list[Bytes]:
        """The packed units of every passage, ``[bytes]``."""
        read = (structure.units(passage.text) for passage in passages)
        return [
            pack_units(units, _vectors(states, units))
            for units, states in zip(read, self.encoded(passages), strict=True)
        ]

    def recall(self, passages: Sequence[Passage], arrays: Sequence[NDArray[Any]]) -> None:
        """Put stored units and vectors where they are looked for; empty arrays (not computed) are passed over."""
        for passage, array in zip(passages, arrays, strict=True):
            if len(array):
                structure.remember(passage.text, partial(unpack_units, array))
                self.encoder.remember_units(passage, partial(unpack_vectors, array))


def _vectors(states: Encoded, units: Sequence[Unit]) -> UnitVectors:
    """The passage's unit vector and those of its units; zeros for one without tokens."""
    first = int(np.argmax(states.offsets[:, 0] >= 0))
    spans = np.array([(each.start, each.end) for each in units], dtype=np.int64).reshape(-1, 2)
    ranges = first + np.array(token_ranges(states, [each[:2] for each in units]), dtype=np.int64).reshape(-1, 2)
    full = np.flatnonzero(ranges[:, 0] < ranges[:, 1])
    rows = np.zeros((len(units), states.last.shape[1]), dtype=np.float32)
    rows[full] = unit(over(np.add, states.last, ranges[full].tolist()))
    short = len(states.offsets) <= WINDOW  # what is read at once
    return UnitVectors(
        spans, rows, states.vector, ranges, TokenCodes.of(states.last, states.lengths) if short else None
    )


def pack_units(units: Sequence[Unit], vectors: UnitVectors) -> Bytes:
    """Units as JSON, then the arrays of their vectors, the passage's first; ahead of all the size of each part."""
    told = json.dumps([[each.start, each.end, each.kind, [list(need) for need in each.needs]] for each in units])
    codes = vectors.tokens
    scales = [] if codes is None else [codes.base, codes.step]
    parts: list[NDArray[Any]] = [
        np.frombuffer(told.encode(), dtype=np.uint8),
        np.concatenate([vectors.vector[None], vectors.rows]).astype(np.float16),
        np.concatenate([vectors.spans, vectors.ranges], axis=1).astype(np.int32),
        np.array(scales, dtype=np.float16),
        np.array([] if codes is None else codes.lengths, dtype=np.float16),
        np.array([] if codes is None else codes.codes, dtype=np.uint8),
    ]
    sizes = np.array([part.nbytes for part in parts], dtype=np.int32)
    return np.concatenate([part.reshape(-1).view(np.uint8) for part in (sizes, *parts)])


def unpack_units(packed: NDArray[Any]) -> tuple[Unit, ...]:
    """The units that `pack_units` stored."""
    told = json.loads(bytes(_parted(packed)[0]))
    return tuple(Unit(start, end, tuple((a, b) for a, b in needs), kind) for start, end, kind, needs in told)


def unpack_vectors(packed: NDArray[Any]) -> UnitVectors:
    """The vectors that `pack_units` stored, float32, off by at most 1/2000 of each number; and the tokens' codes."""
    _, rows, places, scales, lengths, codes = _parted(packed)
    edges = places.view(np.int32).reshape(-1, 4).astype(np.int64)
    wide = rows.view(np.float16).reshape(len(edges) + 1, -1).astype(np.float32)
    tokens = None
    if len(codes):
        base, step = scales.view(np.float16).reshape(2, -1).astype(np.float32)
        far = lengths.view(np.float16).astype(np.float32)
        tokens = TokenCodes(codes.reshape(len(far), -1), base, step, far)
    return UnitVectors(edges[:, :2], wide[1:], wide[0], edges[:, 2:], tokens)


def _parted(packed: NDArray[Any]) -> list[Bytes]:
    """The parts behind their sizes, each where its numbers may begin."""
    sizes = np.ascontiguousarray(packed[: PARTS * 4]).view(np.int32)
    ends = PARTS * 4 + np.cumsum(sizes)
    return [np.array(packed[end - size : end]) for end, size in zip(ends.tolist(), sizes.tolist(), strict=True)]
