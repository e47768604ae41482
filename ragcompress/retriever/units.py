"""Units beside the vectors: what a passage is made of and what each unit means, computed when it is indexed.

A retriever built with ``precompute="units"`` stores of every passage its units with their needs, what each costs by the
embedded tokenizer, and one vector per unit, some kilobytes a passage. Retrieving a passage puts them where `structure`
and the encoder look, so that dense pruning of what was retrieved is the question's encoding and one matrix product.
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
from ragcompress.models.encoders import UnitVectors
from ragcompress.models.labeller.matching import over, token_ranges, unit
from ragcompress.retriever.states import EncodedMaker

__all__ = ["UnitMaker", "pack_units", "unpack_units", "unpack_vectors"]

LAYOUT = 1  # of the packed bytes; part of the fingerprint

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


def _vectors(states: Any, units: Sequence[Unit]) -> UnitVectors:
    """The passage's unit vector and those of its units; zeros for one without tokens."""
    first = int(np.argmax(states.offsets[:, 0] >= 0))
    ranges = token_ranges(states, [(each.start, each.end) for each in units])
    full = [at for at, (start, end) in enumerate(ranges) if start < end]
    rows = np.zeros((len(units), states.last.shape[1]), dtype=np.float32)
    rows[full] = unit(over(np.add, states.last, [(first + ranges[at][0], first + ranges[at][1]) for at in full]))
    spans = np.array([(each.start, each.end) for each in units], dtype=np.int64).reshape(-1, 2)
    return UnitVectors(spans, rows, states.vector)


def pack_units(units: Sequence[Unit], vectors: UnitVectors) -> Bytes:
    """Units as JSON behind its length, then the vectors in float16, the passage's first."""
    told = json.dumps([[each.start, each.end, each.kind, [list(need) for need in each.needs]] for each in units])
    head = told.encode()
    rows = np.concatenate([vectors.vector[None], vectors.rows]).astype(np.float16)
    size = np.array([len(head)], dtype=np.int32)
    parts = [size.view(np.uint8), np.frombuffer(head, dtype=np.uint8), rows.reshape(-1).view(np.uint8)]
    return np.concatenate(parts)


def unpack_units(packed: NDArray[Any]) -> tuple[Unit, ...]:
    """The units that `pack_units` stored."""
    told = json.loads(bytes(packed[4 : 4 + _head(packed)]))
    return tuple(Unit(start, end, tuple((a, b) for a, b in needs), kind) for start, end, kind, needs in told)


def unpack_vectors(packed: NDArray[Any]) -> UnitVectors:
    """The vectors that `pack_units` stored, float32, off by at most 1/2000 of each number."""
    spans = np.array([each[:2] for each in unpack_units(packed)], dtype=np.int64).reshape(-1, 2)
    rows = np.ascontiguousarray(packed[4 + _head(packed) :]).view(np.float16).reshape(len(spans) + 1, -1)
    wide = rows.astype(np.float32)
    return UnitVectors(spans, wide[1:], wide[0])


def _head(packed: NDArray[Any]) -> int:
    return int(np.ascontiguousarray(packed[:4]).view(np.int32)[0])
