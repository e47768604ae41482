"""The vectors of a vocabulary's pieces, product-quantised: a quarter of a million of them in 24 MB.

Each row is cut into parts, and each part is one of 256 vectors of that part's own codebook (Jégou et al., TPAMI 2011).
They are read in numpy, for the pieces of a text alone, and given to the encoder's graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.forks import cached_property

__all__ = ["PieceTable"]


@dataclass(frozen=True, eq=False)
class PieceTable:
    """Rows that are read by number.

    Attributes:
        codes: Which vector of its codebook each part is, uint8 [rows, parts].
        codebooks: Float16 [parts, 256, width / parts].
    """

    codes: NDArray[np.uint8]
    codebooks: NDArray[np.float16]

    @classmethod
    def load(cls, file: Any) -> PieceTable:
        """What `save` wrote to a path or an open binary file."""
        with np.load(file, allow_pickle=False) as arrays:
            return cls(arrays["codes"], arrays["codebooks"])

    def save(self, file: Any) -> None:
        """Write both arrays, uncompressed: codes have nothing to compress."""
        np.savez(file, codes=self.codes, codebooks=self.codebooks)

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of these pieces; ids of any shape give float32 [*shape, width]."""
        found = self._wide[self._parts, self.codes[ids]]  # [*shape, parts, width / parts]
        return np.asarray(found.reshape(*ids.shape, -1))

    @cached_property
    def _wide(self) -> NDArray[np.float32]:
        return self.codebooks.astype(np.float32)

    @cached_property
    def _parts(self) -> NDArray[np.int64]:
        return np.arange(len(self.codebooks))
