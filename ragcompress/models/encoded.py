"""What an encoder says of a text: the states of its tokens, and where each token stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.forks import cached_property
from ragcompress.core.types import Passage

__all__ = ["Encoded", "TokenEncoder", "inside"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Encoded:
    """The token states of one text.

    Attributes:
        last: Last-layer states, shape [tokens, dim], special and title tokens included.
        middle: Middle-layer states, same shape; None if the encoder gives none.
        offsets: Half-open character offsets into the text, shape [tokens, 2]; (-1, -1) for special and title tokens.
        ids: Vocabulary numbers of the tokens, shape [tokens]; None if the encoder does not say.
    """

    last: Floats
    middle: Floats | None
    offsets: NDArray[np.int64]
    ids: NDArray[np.int64] | None = None

    @cached_property
    def nbytes(self) -> int:
        """How much memory its states take."""
        return self.last.nbytes + (0 if self.middle is None else self.middle.nbytes)

    @cached_property
    def lengths(self) -> Floats:
        """Of the last states, 1 for a state of zeros; shape [tokens]."""
        found = np.sqrt(np.einsum("td,td->t", self.last, self.last))
        return np.where(found > 0, found, 1).astype(np.float32)

    @cached_property
    def vector(self) -> Floats:
        """The mean of the last states at length 1; shape [dim]."""
        mean = self.last.mean(axis=0)
        return np.asarray(mean / (float(np.linalg.norm(mean)) or 1.0), dtype=np.float32)

    def inside(self, start: int, end: int) -> NDArray[np.bool_]:
        """Which tokens overlap the characters ``[start, end)``; shape [tokens], True: inside."""
        return inside(self.offsets, start, end)


def inside(offsets: NDArray[np.int64], start: int, end: int) -> NDArray[np.bool_]:
    """Which of the tokens at ``offsets`` [tokens, 2] overlap the characters ``[start, end)``; special ones never."""
    return (offsets[:, 0] < end) & (offsets[:, 1] > start) & (offsets[:, 0] >= 0)


class TokenEncoder(Protocol):
    """Text to token states."""

    def query(self, text: str) -> Encoded:
        """States of a query."""
        ...

    def passages(self, passages: Sequence[Passage]) -> list[Encoded]:
        """States of ``title. text`` for every passage."""
        ...
