"""Where a job's rows come from: files in chunks, each found again without working through those before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ragcompress.bulk.readers import KINDS, READ, kind_of, starts_in
from ragcompress.core.errors import InvalidInput

__all__ = ["Chunk", "Rows", "Source", "check_kind", "open_source"]

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows in a row; it travels to whatever process works on them and is read there.

    Attributes:
        number: Its place among all chunks of the input.
        first: How many rows of the input come before it.
        size: How many rows it has.
        path: The file; ``""`` when the rows are in ``held``.
        start: Where it begins: a byte (of the unpacked file), or in Parquet a row.
        held: The rows themselves, where they came from memory.
    """

    number: int
    first: int
    size: int
    path: str = ""
    start: int = 0
    held: tuple[dict[str, Any], ...] = ()

    def read(self) -> Rows:
        """Its rows; a line that can't be read is a row with an ``error``.

        Raises:
            InvalidInput: The file is not what it was.
        """
        rows = list(self._rows())
        if len(rows) != self.size:
            raise InvalidInput(f"{self.path} had {self.size} rows from {self.first} on and has {len(rows)} now")
        return rows

    def numbered(self) -> Rows:
        """The same, those without an ``id`` named by their number in the whole input."""
        rows = self.read()
        return [row if _given(row.get("id")) else {**row, "id": str(self.first + at)} for at, row in enumerate(rows)]

    def _rows(self) -> Iterable[dict[str, Any]]:
        if not self.path:
            return self.held
        return islice(READ[kind_of(self.path)](self.path, self.start), self.size)


@dataclass(frozen=True, slots=True)
class Source:
    """An input as a whole: its chunks in order, and a checksum of what is in it."""

    chunks: tuple[Chunk, ...]
    checksum: str

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(chunk.size for chunk in self.chunks)


def open_source(ds: Any, size: int) -> Source:
    """Look through an input once.

    Args:
        ds: A ``.parquet``, ``.jsonl``, ``.jsonl.gz`` or ``.csv`` file, a folder of those, or rows: dicts, a pandas
            frame, an Arrow table, a Hugging Face data set.
        size: Rows per chunk; no chunk spans two files.

    Raises:
        InvalidInput: There is no such file, or it is of another kind.
        MissingExtra: A Parquet file, and no pyarrow.
    """
    if isinstance(ds, str | Path):
        return _files(Path(ds), size)
    rows = _in_memory(ds)
    chunks = [Chunk(at // size, at, len(rows[at : at + size]), held=rows[at : at + size]) for at in _steps(rows, size)]
    body = json.dumps(rows, default=repr, sort_keys=True).encode()
    return Source(tuple(chunks), hashlib.sha256(body).hexdigest())


def check_kind(path: Path) -> str:
    """The ending of a file that rows can be read from or written to.

    Raises:
        InvalidInput: It is of another kind.
    """
    if kind_of(path.name) not in KINDS:
        raise InvalidInput(f"{str(path)!r} is none of {', '.join(KINDS)}; name such a file")
    return kind_of(path.name)


def _given(value: Any) -> bool:
    return value is not None and value != ""


def _steps(rows: tuple[dict[str, Any], ...], size: int) -> range:
    return range(0, len(rows), size)


def _in_memory(ds: Any) -> tuple[dict[str, Any], ...]:
    if hasattr(ds, "to_pylist"):  # an Arrow table
        ds = ds.to_pylist()
    elif hasattr(ds, "iterrows"):  # a pandas frame
        ds = ds.to_dict("records")
    rows = tuple(ds)
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InvalidInput(f"row {at} is {type(row).__name__}; give dicts with an id, or name a file")
    return rows


def _files(path: Path, size: int) -> Source:
    if not path.exists():
        raise InvalidInput(f"there is no file or folder {str(path)!r} (looked from {Path.cwd()})")
    inside = sorted(p for p in path.rglob("*") if p.is_file() and kind_of(p.name) in KINDS) if path.is_dir() else [path]
    if not inside:
        raise InvalidInput(f"the folder {str(path)!r} holds none of {', '.join(KINDS)}")
    chunks: list[Chunk] = []
    digest, first = hashlib.sha256(), 0
    for file in inside:
        check_kind(file)
        for start, rows in starts_in(str(file), size):
            chunks.append(Chunk(len(chunks), first, rows, str(file.resolve()), start))
            first += rows
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return Source(tuple(chunks), digest.hexdigest())
