"""Rows on their way to disk: named columns, written as Parquet, JSON lines or CSV, whole files at a time."""

from __future__ import annotations

import base64
import csv
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from ragcompress.bulk.source import Rows, check_kind
from ragcompress.core.errors import InvalidInput, require
from ragcompress.retriever.stores.rows import readable

__all__ = ["Columns", "arrow_table", "part_kind", "read_rows", "write_rows"]

Columns = Mapping[str, str]
"""Column name to what it holds: text, whole, number, truth, texts, numbers, vector, spans, bytes."""

SPAN = {"passage": "whole", "id": "text", "start": "whole", "end": "whole"}


def part_kind() -> str:
    """How parts of a job are kept: Parquet, or JSON lines where pyarrow is not installed."""
    return ".parquet" if find_spec("pyarrow") else ".jsonl"


def arrow_schema(columns: Columns) -> Any:
    """The Arrow schema of some columns."""
    arrow = require("pyarrow", "bulk")
    plain = {
        "text": arrow.string(), "whole": arrow.int64(), "number": arrow.float64(), "truth": arrow.bool_(),
        "texts": arrow.list_(arrow.string()), "numbers": arrow.list_(arrow.float64()),
        "vector": arrow.list_(arrow.float32()), "bytes": arrow.large_binary(),
    }  # fmt: skip
    plain["spans"] = arrow.list_(arrow.struct([arrow.field(name, plain[kind]) for name, kind in SPAN.items()]))
    return arrow.schema([arrow.field(name, plain[kind]) for name, kind in columns.items()])


def arrow_table(rows: Rows, columns: Columns) -> Any:
    """Rows as an Arrow table; what is no Unicode text (lone surrogates) becomes U+FFFD there."""
    table = require("pyarrow", "bulk").Table
    schema = arrow_schema(columns)
    try:
        return table.from_pylist(rows, schema=schema)
    except UnicodeEncodeError:
        texts = {name for name, kind in columns.items() if kind not in ("vector", "bytes")}
        clean = [
            {name: readable(row.get(name)) if name in texts else row.get(name) for name in columns} for row in rows
        ]
        return table.from_pylist(clean, schema=schema)


def write_rows(path: Path, parts: Iterable[Rows], columns: Columns) -> None:
    """Write a file of rows; whoever looks sees the old file or the new one, never a part.

    Raises:
        InvalidInput: It can't be written, or its ending says no known kind.
    """
    write = _WRITE[check_kind(path)]
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:12]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary, parts, columns)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InvalidInput(f"{path} can't be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_rows(path: Path, columns: Columns, *, only: Sequence[str] | None = None) -> Rows:
    """The rows of a part; of its columns only those that are wanted."""
    wanted = [name for name in columns if only is None or name in only]
    if path.suffix == ".parquet":
        return require("pyarrow.parquet", "bulk").read_table(path, columns=wanted).to_pylist()  # type: ignore[no-any-return]
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    binary = [name for name in wanted if columns[name] == "bytes"]
    for row in rows:
        row |= {name: base64.b64decode(row[name]) for name in binary if row[name] is not None}
    return rows


def _write_parquet(path: Path, parts: Iterable[Rows], columns: Columns) -> None:
    with require("pyarrow.parquet", "bulk").ParquetWriter(path, arrow_schema(columns), compression="zstd") as writer:
        for rows in parts:
            writer.write_table(arrow_table(rows, columns))


def _write_jsonl(path: Path, parts: Iterable[Rows], columns: Columns) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in _in_order(parts, columns):
            file.write(json.dumps(row, default=_plain) + "\n")  # ASCII: lone surrogates survive


def _write_csv(path: Path, parts: Iterable[Rows], columns: Columns) -> None:
    with path.open("w", encoding="utf-8", newline="", errors="replace") as file:
        writer = csv.writer(file)
        writer.writerow(map(unformulated, columns))
        for row in _in_order(parts, columns):
            writer.writerow(
                unformulated(value) if _flat(value) else json.dumps(value, default=_plain) for value in row.values()
            )


_FORMULA = re.compile(r"[=@\t\r]|[+-](?!\d[\d.,eE+-]*$)")


def unformulated(value: Any) -> Any:
    """A cell that a spreadsheet shows and does not compute: what begins like a formula gets an apostrophe in front.

    >>> unformulated("=1+1"), unformulated("-5.2"), unformulated("- a point"), unformulated(-1)
    ("'=1+1", '-5.2', "'- a point", -1)
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value.lstrip()) else value


def _in_order(parts: Iterable[Rows], columns: Columns) -> Iterator[dict[str, Any]]:
    return ({name: row.get(name) for name in columns} for rows in parts for row in rows)


def _flat(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.tolist()  # a numpy array or number


_WRITE: dict[str, Callable[[Path, Iterable[Rows], Columns], None]] = {
    ".parquet": _write_parquet, ".jsonl": _write_jsonl, ".csv": _write_csv,
}  # fmt: skip
