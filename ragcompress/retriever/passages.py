"""Passages beside the vectors: JSON lines and a table of line starts, read one at a time from a memory map.

A row is a number that never changes meaning: deleted rows stay as gaps until they are compacted away.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage

__all__ = ["PassageStore", "decode_passage", "encode_passage"]

Rows = NDArray[np.int64]


class PassageStore:
    """Passages by row: the first ones in a mapped file, the later ones in memory."""

    def __init__(self) -> None:
        self._buffer: mmap.mmap | bytes = b""
        self._starts: Rows = np.zeros(0, dtype=np.int64)
        self._ends: Rows = np.zeros(0, dtype=np.int64)
        self._later: list[Passage] = []

    def __len__(self) -> int:
        return len(self._starts) + len(self._later)

    def __getitem__(self, row: int) -> Passage:
        if row >= len(self._starts):
            return self._later[row - len(self._starts)]
        return decode_passage(self._line(row))

    def _line(self, row: int) -> bytes:
        return self._buffer[int(self._starts[row]) : int(self._ends[row])]

    def append(self, passages: Iterable[Passage]) -> None:
        """Add rows at the end."""
        self._later.extend(passages)

    def take(self, rows: Rows) -> PassageStore:
        """The same passages with only these rows (rising), renumbered from 0."""
        out, mapped = PassageStore(), rows[rows < len(self._starts)]
        out._buffer = self._buffer
        out._starts, out._ends = self._starts[mapped], self._ends[mapped]
        out._later = [self._later[row - len(self._starts)] for row in rows[len(mapped) :]]
        return out

    def _encoded(self, alive: NDArray[np.bool_]) -> Iterator[bytes]:
        for row in range(len(self)):
            if not alive[row]:
                yield b""  # deleted text does not reach the disk again
            elif row < len(self._starts):
                yield self._line(row)
            else:
                yield encode_passage(self._later[row - len(self._starts)])

    def writers(self, alive: NDArray[np.bool_]) -> dict[str, Callable[[Path], None]]:
        """The two files of a generation; rows that are not alive become empty lines."""
        starts = np.zeros(len(self) + 1, dtype=np.int64)

        def write_lines(path: Path) -> None:
            with path.open("wb") as file:
                for row, line in enumerate(self._encoded(alive)):
                    starts[row + 1] = starts[row] + file.write(line + b"\n")

        return {"passages.jsonl": write_lines, "starts.npy": lambda path: np.save(path, starts)}

    @classmethod
    def load(cls, folder: Path) -> PassageStore:
        """Map a saved pair of files; nothing is read until a row is asked for."""
        out = cls()
        starts = np.load(folder / "starts.npy", allow_pickle=False)
        out._starts, out._ends = starts[:-1], starts[1:] - 1
        with (folder / "passages.jsonl").open("rb") as file:
            if len(starts) > 1:
                out._buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return out


def encode_passage(passage: Passage) -> bytes:
    """One line of JSON. Lone surrogates pass as the three bytes UTF-8 would give them, so they come back."""
    record: dict[str, Any] = {"id": passage.id, "title": passage.title, "text": passage.text}
    if passage.score is not None:
        record["score"] = float(passage.score)
    if passage.metadata:
        record["metadata"] = dict(passage.metadata)
    try:
        return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"the metadata of passage {passage.id!r} can't be saved as JSON: {error}; keep str, numbers, lists, dicts"
        ) from error


def decode_passage(line: bytes) -> Passage:
    return Passage(**json.loads(line.decode("utf-8", "surrogatepass")))
