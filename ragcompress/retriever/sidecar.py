"""Sidecars: extra arrays per passage, computed once at indexing time and saved with the index.

A maker turns passages into one array each (token states, sentence vectors, labels …). Rows may differ in their
first length; the rest of the shape and the dtype are the maker's. The retriever keeps the rows in step with its
passages through add, delete, save and load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage

__all__ = ["Precompute", "Sidecar", "SidecarMaker", "all_makers", "default_makers", "makers_for"]

Array = NDArray[Any]


class SidecarMaker(Protocol):
    """Computes one array per passage.

    Attributes:
        name: Names the sidecar and its files: letters, digits and hyphens.
        fingerprint: Changes when the arrays would; the reader of a sidecar compares it with its own.
    """

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    def __call__(self, passages: Sequence[Passage]) -> Sequence[Array]:
        """One array ``[m_i, ...]`` per passage; all of one dtype and one trailing shape."""
        ...

    def recall(self, passages: Sequence[Passage], arrays: Sequence[Array]) -> None:
        """These passages were just retrieved and these are their arrays: put them where they will be looked for."""
        ...


Precompute = bool | Literal["units"] | Sequence[SidecarMaker]
"""What is computed when passages are written: nothing, units, units and token states (True), or one's own makers."""


def all_makers() -> tuple[SidecarMaker, ...]:
    """All that this package computes and reads."""
    from ragcompress.retriever.units import UnitMaker

    return (*default_makers(), UnitMaker())


def makers_for(precompute: Precompute) -> tuple[SidecarMaker, ...]:
    """What is to be computed: nothing, units, units and token states (True), or what the caller's makers do.

    Raises:
        InvalidInput: Another word than "units".
    """
    if precompute == "units":
        return all_makers()[1:]
    if isinstance(precompute, str):
        raise InvalidInput(f"precompute is False, 'units', True or your own makers, not {precompute!r}")
    if isinstance(precompute, bool):
        return all_makers() if precompute else ()
    return tuple(precompute)


def default_makers() -> tuple[SidecarMaker, ...]:
    """What ``precompute=True`` computes: the token states that compression reads."""
    from ragcompress.retriever.states import StateMaker

    return (StateMaker(),)


class Sidecar:
    """One array per row: the first rows in mapped files, the later ones in memory.

    An empty array means that it was not computed for that row (no maker was at hand when the passage was added).
    """

    def __init__(self, *, fingerprint: str = "") -> None:
        self.fingerprint = fingerprint
        self._values: Array | None = None
        self._starts = np.zeros(0, dtype=np.int64)
        self._ends = np.zeros(0, dtype=np.int64)
        self._later: list[Array] = []

    def __len__(self) -> int:
        return len(self._starts) + len(self._later)

    def row(self, row: int) -> Array:
        """The array of one row, ``[m, ...]``; do not write into it."""
        if row >= len(self._starts) or self._values is None:
            return self._later[row - len(self._starts)]
        return self._values[self._starts[row] : self._ends[row]]

    def append(self, arrays: Iterable[Array]) -> None:
        """Add rows at the end."""
        self._later.extend(np.asarray(array) for array in arrays)

    def append_empty(self, n: int) -> None:
        """Add ``n`` rows that were not computed."""
        self._later.extend(np.zeros(0, dtype=np.float32) for _ in range(n))

    def take(self, rows: NDArray[np.int64]) -> Sidecar:
        """The same sidecar with only these rows (rising), renumbered from 0."""
        out = Sidecar(fingerprint=self.fingerprint)
        mapped = rows[rows < len(self._starts)]
        out._values, out._starts, out._ends = self._values, self._starts[mapped], self._ends[mapped]
        out._later = [self._later[row - len(self._starts)] for row in rows[len(mapped) :]]
        return out

    def writers(self, name: str) -> dict[str, Callable[[Path], None]]:
        """The two files of a generation: all values end to end, and where each row starts."""
        arrays = [self.row(row) for row in range(len(self))]
        full = [array for array in arrays if len(array)]
        values = np.concatenate(full) if full else np.zeros(0, dtype=np.float32)
        starts = np.cumsum([0, *(len(array) for array in arrays)], dtype=np.int64)
        return {
            f"{name}.values.npy": lambda path: np.save(path, values),
            f"{name}.starts.npy": lambda path: np.save(path, starts),
        }

    @classmethod
    def load(cls, folder: Path, name: str, *, fingerprint: str, mmap: bool) -> Sidecar:
        """Open a saved pair of files."""
        out = cls(fingerprint=fingerprint)
        path = folder / f"{name}.values.npy"
        out._values = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
        starts = np.load(folder / f"{name}.starts.npy", allow_pickle=False)
        out._starts, out._ends = starts[:-1], starts[1:]
        return out
