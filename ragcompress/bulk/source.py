"""Where a job's rows come from: files in chunks, each found again without working through those before it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from ragcompress.core.errors import InvalidInput, require

__all__ = ["Chunk", "Rows", "Source", "check_kind", "open_source"]

Rows = list[dict[str, Any]]
KINDS = (".parquet", ".jsonl", ".jsonl.gz", ".csv")
LARGEST_FIELD = 2**31 - 1  # of a CSV file, in characters


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
        return islice(_READ[_kind(self.path)](self.path, self.start), self.size)


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
    if _kind(path.name) not in KINDS:
        raise InvalidInput(f"{str(path)!r} is none of {', '.join(KINDS)}; name such a file")
    return _kind(path.name)


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
    inside = sorted(p for p in path.rglob("*") if p.is_file() and _kind(p.name) in KINDS) if path.is_dir() else [path]
    if not inside:
        raise InvalidInput(f"the folder {str(path)!r} holds none of {', '.join(KINDS)}")
    chunks: list[Chunk] = []
    digest, first = hashlib.sha256(), 0
    for file in inside:
        check_kind(file)
        for start, rows in _starts(str(file), size):
            chunks.append(Chunk(len(chunks), first, rows, str(file.resolve()), start))
            first += rows
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return Source(tuple(chunks), digest.hexdigest())


def _kind(name: str) -> str:
    lower = name.lower()
    return next((kind for kind in KINDS if lower.endswith(kind)), Path(lower).suffix)


def _starts(path: str, size: int) -> Iterator[tuple[int, int]]:
    """Where every chunk begins, and how many rows it has."""
    if _kind(path) == ".parquet":
        rows = _parquet_file(path).metadata.num_rows
        yield from ((at, min(size, rows - at)) for at in range(0, rows, size))
        return
    starts = (_csv_rows(path) if _kind(path) == ".csv" else _lines(path, 0)) if Path(path).stat().st_size else iter(())
    while some := [at for at, _ in islice(starts, size)]:
        yield some[0], len(some)


def _opened(path: str) -> IO[bytes]:
    return gzip.open(path) if path.lower().endswith(".gz") else open(path, "rb")  # type: ignore[return-value]


def _lines(path: str, start: int) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with the bytes where they begin."""
    with _opened(path) as file:
        file.seek(start)
        at = start
        for line in file:
            if line.strip():
                yield at, line
            at += len(line)


def _read_jsonl(path: str, start: int) -> Iterator[dict[str, Any]]:
    for at, line in _lines(path, start):
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            yield {"error": f"the line at byte {at:,} is not JSON: {error}"}
            continue
        yield row if isinstance(row, dict) else {"error": f"the line at byte {at:,} is no JSON object"}


class _Counted:
    """A CSV file's lines as text; ``at`` is the byte where the next one begins."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        file.seek(start)
        self.file, self.at = file, start

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> str:
        line = next(self.file)
        self.at += len(line)
        return line.decode("utf-8-sig", "replace")


def _csv_rows(path: str, start: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """Records with the bytes where they begin; from ``start``, or from the first below the header."""
    with open(path, "rb") as file:
        lines = _Counted(file, 0)
        header = next(lines, "")
        delimiter = max(",;\t", key=header.count)
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        lines = _Counted(file, start or lines.at)
        at = lines.at
        for values in _long_fields(csv.reader(lines, delimiter=delimiter)):
            if values:
                yield at, _record(names, values, at)
            at = lines.at


def _long_fields(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """``rows`` read under a wider limit for fields, which is the whole process's and is put back after each."""
    while True:
        before = csv.field_size_limit(LARGEST_FIELD)
        try:
            values = next(rows, None)
        finally:
            csv.field_size_limit(before)
        if values is None:
            return
        yield values


def _record(names: list[str], values: list[str], at: int) -> dict[str, Any]:
    if len(values) != len(names):
        return {"error": f"the record at byte {at:,} has {len(values)} fields where the header has {len(names)}"}
    return dict(zip(names, values, strict=True))


def _read_csv(path: str, start: int) -> Iterator[dict[str, Any]]:
    return (row for _, row in _csv_rows(path, start))


def _parquet_file(path: str) -> Any:
    return require("pyarrow.parquet", "bulk").ParquetFile(path)


def _read_parquet(path: str, start: int) -> Iterator[dict[str, Any]]:
    """Rows from ``start``; row groups before it are passed over unread."""
    file = _parquet_file(path)
    group, left = 0, start
    while group < file.num_row_groups and left >= file.metadata.row_group(group).num_rows:
        left -= file.metadata.row_group(group).num_rows
        group += 1
    groups = list(range(group, file.num_row_groups))
    for batch in file.iter_batches(batch_size=256, row_groups=groups) if groups else ():
        if left < batch.num_rows:
            yield from batch.slice(left).to_pylist()
        left = max(left - batch.num_rows, 0)


_READ = {".jsonl": _read_jsonl, ".jsonl.gz": _read_jsonl, ".csv": _read_csv, ".parquet": _read_parquet}
