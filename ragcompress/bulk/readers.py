"""Files of rows, read from any chunk's beginning on: JSON lines, CSV, Parquet."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from ragcompress.core.errors import require

__all__ = ["KINDS", "READ", "kind_of", "starts_in"]

KINDS = (".parquet", ".jsonl", ".jsonl.gz", ".csv")
LARGEST_FIELD = 2**31 - 1  # of a CSV file, in characters


def kind_of(name: str) -> str:
    """The ending of a file's name: one of `KINDS` where it is one."""
    lower = name.lower()
    return next((kind for kind in KINDS if lower.endswith(kind)), Path(lower).suffix)


def starts_in(path: str, size: int) -> Iterator[tuple[int, int]]:
    """Where every chunk begins, and how many rows it has."""
    if kind_of(path) == ".parquet":
        rows = _parquet_file(path).metadata.num_rows
        yield from ((at, min(size, rows - at)) for at in range(0, rows, size))
        return
    starts = (
        (_csv_rows(path) if kind_of(path) == ".csv" else _lines(path, 0)) if Path(path).stat().st_size else iter(())
    )
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


READ: dict[str, Callable[[str, int], Iterator[dict[str, Any]]]] = {
    ".jsonl": _read_jsonl,
    ".jsonl.gz": _read_jsonl,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}
"""By kind: ``(path, start) -> rows`` from there on."""
