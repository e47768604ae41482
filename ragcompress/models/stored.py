"""What an index stores of a passage's meaning, so that comparing it with a query is a few matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["TokenCodes", "UnitVectors"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

LEVELS = 16  # of a code: half a byte a dimension
SPREAD = 2.8  # deviations to either side that they cover; what lies beyond counts as the border


@dataclass(frozen=True, slots=True, eq=False)
class TokenCodes:
    """Last states of tokens in half a byte a dimension: enough to compare them with a query's.

    Attributes:
        codes: Of the first half of the dimensions in the low half bytes, of the second in the high; [tokens, dim / 2].
        base: What code 0 stands for, by dimension; shape [dim].
        step: What each further code adds; shape [dim].
        lengths: Of the states themselves; shape [tokens].
    """

    codes: NDArray[np.uint8]
    base: Floats
    step: Floats
    lengths: Floats

    @classmethod
    def of(cls, states: Floats, lengths: Floats) -> TokenCodes:
        """Code states [tokens, dim] of an even number of dimensions."""
        deviation = np.maximum(states.std(axis=0), 1e-4)
        step = (2 * SPREAD * deviation / LEVELS).astype(np.float16).astype(np.float32)
        edge = states.mean(axis=0) - step * (LEVELS / 2)
        levels = np.clip(np.floor((states - edge) / step), 0, LEVELS - 1).astype(np.uint8)
        half = states.shape[1] // 2
        base = (edge + step / 2).astype(np.float16).astype(np.float32)
        return cls(levels[:, :half] | levels[:, half:] << 4, base, step, lengths)

    def cosines(self, rows: Floats) -> Floats:
        """Of unit rows [n, dim] with every token; shape [n, tokens]."""
        half = self.codes.shape[1]
        scaled = rows * self.step
        low, high = (self.codes & 15).astype(np.float32), (self.codes >> 4).astype(np.float32)
        found = scaled[:, :half] @ low.T + scaled[:, half:] @ high.T + (rows @ self.base)[:, None]
        return np.asarray(found / self.lengths, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class UnitVectors:
    """What the units of one passage mean.

    Attributes:
        spans: Half-open character ranges of the units, shape [units, 2].
        rows: Their means of last states at length 1, zeros for one without tokens; shape [units, dim].
        vector: The whole passage's; shape [dim].
        ranges: Half-open rows of the units among the tokens, equal for one without any; shape [units, 2].
        tokens: Of all its tokens; None for a passage that is read in several windows.
    """

    spans: Ints
    rows: Floats
    vector: Floats
    ranges: Ints
    tokens: TokenCodes | None

    def are(self, spans: Sequence[tuple[int, int]]) -> bool:
        """Whether these are the units, in this order."""
        return len(spans) == len(self.spans) and np.array_equal(np.array(spans).reshape(-1, 2), self.spans)
