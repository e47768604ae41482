"""Token states beside the vectors: the passage half of compression, moved to indexing time (PreTTR, 2020).

A retriever built with ``precompute=True`` stores every passage's middle and last token states in int8. Retrieving a
passage puts them into the encoder's cache, so that `ragcompress.compress` finds them there and encodes only the
query. Where the encoder on this machine is not the one that made them, nothing is put in and all is encoded anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.models.encoders import Encoded, OnnxEncoder

__all__ = ["EncodedMaker", "StateMaker", "pack", "unpack"]

LAYOUT = 1  # of the packed rows; part of the fingerprint
FIXED = 12  # bytes of a token besides its states: its number, two offsets
HEAD = 2  # rows of scales
CHUNK = 64  # passages encoded side by side

Bytes = NDArray[np.uint8]


class EncodedMaker:
    """What makers of sidecars share that encode passages.

    Args:
        encoder: Whose states; the embedded one by default, loaded at first use.
    """

    def __init__(self, encoder: OnnxEncoder | None = None) -> None:
        self._encoder = encoder

    @property
    def encoder(self) -> OnnxEncoder:
        """The encoder whose cache is filled."""
        return self._encoder or OnnxEncoder.embedded()

    def encoded(self, passages: Sequence[Passage]) -> Iterator[Encoded]:
        """The states of every passage, some passages encoded side by side."""
        for at in range(0, len(passages), CHUNK):
            yield from self.encoder.passages(passages[at : at + CHUNK])


class StateMaker(EncodedMaker):
    """Makes and reads the sidecar ``states``."""

    name = "states"

    @property
    def fingerprint(self) -> str:
        """Changes with the encoder's weights, its precision and the layout."""
        return f"{self.encoder.fingerprint}:int8:{LAYOUT}"

    def __call__(self, passages: Sequence[Passage]) -> list[Bytes]:
        """The packed states of every passage, ``[tokens, bytes]``."""
        return [pack(states) for states in self.encoded(passages)]

    def recall(self, passages: Sequence[Passage], arrays: Sequence[NDArray[Any]]) -> None:
        """Put stored states into the encoder's cache; empty arrays (not computed) are passed over."""
        for passage, array in zip(passages, arrays, strict=True):
            if len(array):
                self.encoder.remember(passage, partial(unpack, array))


def pack(encoded: Encoded) -> Bytes:
    """States as bytes ``[2 + tokens, 2 * dim + 12]``.

    The first two rows hold the float16 scales of the middle and the last states' dimensions: a few dimensions are ten
    times as large as the others, and one scale per token would leave those little. Then each token's states in int8,
    its number and its offsets.

    Raises:
        InvalidInput: The encoder gives no middle states or piece numbers.
    """
    if encoded.middle is None or encoded.ids is None:
        raise InvalidInput("only an encoder with middle states can be precomputed: OnnxEncoder.embedded()")
    tokens, dim = encoded.last.shape
    packed = np.zeros((HEAD + tokens, 2 * dim + FIXED), dtype=np.uint8)
    for at, states in enumerate((encoded.middle, encoded.last)):
        scale = np.maximum(np.abs(states).max(axis=0) / 127, 1e-4).astype(np.float16)
        packed[at, : 2 * dim] = scale.view(np.uint8)
        codes = np.clip(np.rint(states / scale.astype(np.float32)), -127, 127).astype(np.int8)
        packed[HEAD:, at * dim : (at + 1) * dim] = codes.view(np.uint8)
    rest = [encoded.ids.astype(np.int32)[:, None], encoded.offsets.astype(np.int32)]
    packed[HEAD:, 2 * dim :] = np.concatenate([np.ascontiguousarray(part).view(np.uint8) for part in rest], axis=1)
    return packed


def unpack(packed: NDArray[Any]) -> Encoded:
    """The states that `pack` stored, float32, off by at most 1/250 of a dimension's largest value."""
    dim = (packed.shape[1] - FIXED) // 2

    def read(part: NDArray[Any], kind: type[np.generic]) -> NDArray[Any]:
        return np.ascontiguousarray(part).view(kind)

    middle, last = (
        read(packed[HEAD:, at * dim : (at + 1) * dim], np.int8)
        * read(packed[at, : 2 * dim], np.float16).astype(np.float32)
        for at in range(2)
    )
    numbers = read(packed[HEAD:, 2 * dim :], np.int32)
    return Encoded(last, middle, numbers[:, 1:].astype(np.int64), numbers[:, 0].astype(np.int64))
