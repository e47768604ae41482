"""Passages from rows with named values: JSON lines, CSV, and the tables of other formats."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.documents.sources import Source

__all__ = ["csv_passages", "jsonl_passages", "looks_like_jsonl", "record_text", "table_passages"]

_SEPARATOR = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_FIELDS = ("text", "id", "title", "score")
MOST_COLUMNS = 16_384  # as many as Excel has
_MOST_ABOVE = 5  # rows with one cell each that may stand above the names of the columns
MOST_ROW = 50_000_000  # characters


def looks_like_jsonl(text: str) -> bool:
    """Whether the first line is an object with a text."""
    try:
        row = json.loads(text.lstrip().split("\n", 1)[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and "text" in row


def jsonl_passages(text: str, source: Source, column: str = "text") -> Iterator[Passage]:
    """One passage a line; a line without the text column is put as ``key: value`` lines.

    Raises:
        InvalidInput: A line is not JSON, or its score is no number; it is named.
    """
    # split("\n") and not splitlines(), which also cuts at U+2028 and its like inside a text
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{source.where}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"{place} is not JSON ({error}); every line must be one whole value") from error
        yield row_passage(row, source, number=number, place=place, column=column)


def csv_passages(text: str, source: Source, column: str = "text") -> Iterator[Passage]:
    """One passage a row: its text column, or without one all of it as ``column: value`` lines.

    Raises:
        InvalidInput: It can't be read as CSV; a row of a table with a text column has more or fewer fields.
    """
    text = text.lstrip("\r\n")
    told = _SEPARATOR.match(text)  # the first line of what Excel writes
    text = text[told.end() :] if told else text
    first = next((line for line in text.split("\n", _MOST_ABOVE)[:_MOST_ABOVE] if set(",;\t") & set(line)), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=told[1] if told else max(",;\t", key=first.count))
    try:
        names: list[str] = []
        number = 0
        above, numbered = _below_titles(reader, column)
        for _, cells in numbered:
            if not names:
                names = _apart(_column(name, column) for name in cells)
                _few(len(names), source)
            elif cells:
                number += 1
                place = f"{source.where}, row {number} (ending at line {reader.line_num})"
                if column in names and len(cells) != len(names):
                    raise InvalidInput(f"{place} does not have {len(names)} fields like the header; quote its text")
                made = row_passage(_named(names, cells), source, number=number, place=place, column=column)
                yield replace(made, title=f"{made.title} – {above}") if above and column not in names else made
    except csv.Error as error:
        raise InvalidInput(f"{source.where}, line {reader.line_num}: {error}; convert it to .jsonl") from error


def _below_titles(rows: Iterable[Sequence[Any]], column: str) -> tuple[str, Iterator[tuple[int, Sequence[Any]]]]:
    """What stands alone above the names of a table's columns, and the rows from these names on, numbered from 1.

    A row with a single filled cell is such a title if a row with more comes soon; otherwise the table has one column.
    """
    numbered = enumerate(rows, start=1)
    above: list[tuple[int, Sequence[Any]]] = []
    blank: Sequence[Any] = ()
    for number, cells in numbered:
        filled = () if cells is blank else [cell for cell in cells if _filled(cell)]
        if not filled:
            blank = cells  # a gap of a million rows is the same row a million times
        elif len(filled) > 1:
            titles = [str(cell) for _, row in above for cell in row if _filled(cell)]
            return " – ".join(" ".join(title.lstrip("# ").split()) for title in titles), chain(
                [(number, cells)], numbered
            )
        else:
            above.append((number, cells))
            if len(above) == _MOST_ABOVE or str(filled[0]).strip().lower() == column.lower():
                break
    return "", chain(above, numbered)


def _filled(cell: Any) -> bool:
    return cell is not None and cell != ""


def _named(names: Sequence[str], cells: Sequence[Any]) -> dict[str, Any]:
    """Cells by their columns' names; one to the right of all names is ``column N``."""
    more = (f"column {at}" for at in range(len(names) + 1, len(cells) + 1))
    return dict(zip(chain(names, more), cells, strict=False))


def _few(columns: int, source: Source) -> None:
    if columns > MOST_COLUMNS:
        raise InvalidInput(f"{source.where} has {columns:,} columns; at most {MOST_COLUMNS:,} are read, so split it")


def _apart(names: Iterable[str]) -> list[str]:
    """Names of columns of which no two are the same: the second ``name`` becomes ``name (2)``."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def table_passages(
    rows: Iterable[Sequence[Any]], source: Source, *, title: str, more: Mapping[str, Any], column: str = "text"
) -> Iterator[Passage]:
    """One passage a row; the first row with several cells names the columns, what stands above goes into the titles.

    Empty cells are left out.
    """
    names: list[str] = []
    blank: Sequence[Any] = ()
    above, numbered = _below_titles(rows, column)
    title = f"{title} – {above}" if above else title
    for number, cells in numbered:
        if cells is blank or not any(map(_filled, cells)):
            blank = cells  # a gap of a million rows is the same row a million times
            continue
        if not names:
            _few(len(cells), source)
            names = _apart(_column(str(cell or f"column {at}"), column) for at, cell in enumerate(cells, start=1))
            continue
        if sum(len(cell) for cell in cells if isinstance(cell, str)) > MOST_ROW:
            raise InvalidInput(f"{source.where}, row {number} holds more than {MOST_ROW:,} characters; split it")
        row = {name: cell for name, cell in _named(names, cells).items() if _filled(cell)}
        made = row_passage(row, source, number=number, place=f"{source.where}, row {number}", column=column)
        facts = {**made.metadata, **more, "row": number}
        own = "id" in row and column in row
        name = made.id if own else "#".join([source.name, *map(str, more.values()), str(number)])
        own_title = made.title if column in row else ""
        yield Passage(made.text, name, own_title or title, made.score, facts)


def row_passage(row: Any, source: Source, *, number: int, place: str, column: str) -> Passage:
    """A passage from one value; of an object with a text, whatever has no place on it becomes metadata."""
    name = f"{source.name}#{number}"
    if not isinstance(row, Mapping) or not isinstance(row.get(column), str):
        plain = isinstance(row, Mapping) and all(not isinstance(each, list | dict) for each in row.values())
        facts = dict(row) if plain else {}
        return Passage(record_text(row), id=name, title=source.stem, metadata=_plain({"source": source.where, **facts}))
    given, score = row.get("id"), _score(row.get("score"), place)
    nested = row.get("metadata")
    metadata = dict(nested) if isinstance(nested, Mapping) else {}
    used = {*_FIELDS[1:], column} | ({"metadata"} if isinstance(nested, Mapping) else set())
    return Passage(
        text=row[column],
        id=name if given is None or given == "" else str(given),
        title=str(row.get("title") or ""),
        score=score,
        metadata=_plain({"source": source.where, **metadata, **{k: v for k, v in row.items() if k not in used}}),
    )


def record_text(value: Any) -> str:
    """A value to read: ``key: value`` lines of an object that holds plain values only, else JSON.

    >>> record_text({"name": "Marguerite", "salary": 5400, "left": None})
    'name: Marguerite\\nsalary: 5400'
    """
    if isinstance(value, Mapping) and all(not isinstance(each, list | dict) for each in value.values()):
        return "\n".join(f"{key}: {each}" for key, each in value.items() if each is not None and each != "")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1, default=str)


def _score(score: Any, place: str) -> float | None:
    if isinstance(score, bool) or not isinstance(score, int | float | str | None):
        raise InvalidInput(f"{place}: score must be a number, not {score!r}")
    try:
        return None if score is None or score == "" else float(score)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{place}: score must be a number, not {score!r}") from error


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Dates, decimals and bytes as their text: an index keeps metadata as JSON."""
    return {str(k): v if isinstance(v, str | int | float | list | dict | None) else str(v) for k, v in values.items()}


def _column(name: str, text_column: str) -> str:
    """``Text`` and ``ID `` are the columns text and id; other names stay as they are written."""
    plain = name.strip()
    return plain.lower() if plain.lower() in _FIELDS and text_column == "text" else plain
