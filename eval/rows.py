"""The results of a run on disk: a header (``run.json``) and one JSON line per question, compressor and budget."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any, Protocol

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Span

__all__ = ["Key", "Line", "Row", "RowWriter", "read_header", "read_rows", "whole_lines", "write_header"]

Key = tuple[str, str, str, float]  # data set, question, compressor, budget


@dataclass(frozen=True, slots=True)
class Row:
    """One question under one compressor and budget.

    Attributes:
        dataset: Name of the data set.
        id: The question's id in it.
        compressor: Name of the method.
        budget: Fraction of the full context's tokens that may be kept.
        tokens_in: Tokens of the full rendered context.
        tokens_out: Tokens of the compressed one.
        chars_in: Characters of the full rendered context.
        chars_out: Characters of the compressed one.
        answerable: The question has an answer.
        answer_present: An answer stands in the passages.
        answer_recall: 1.0 if an answer stands in the kept text, else 0.0.
        support_recall: Share of the gold text that was kept; None without gold spans.
        support_precision: Share of the kept text that is gold; None without gold spans.
        whole_units: Share of the units touched that are whole and have what they need; None: nothing was kept.
        limiter_recall: Share of the limiting words of these units that were kept; None: they have none.
        critical_recall: Share of the gold text's numbers, dates, identifiers and addresses kept; None: it has none.
        seconds: Time of the compressor, with caches shared between methods (see ``python -m eval speed`` for latency).
        kept: ``(passage, start, end)`` of every kept span.
        prediction: The reader's best answer, abstention aside; None without a reader.
        confidence: The reader's score, 0 to 1.
        abstained: Whether the reader would rather not answer.
        em: Exact match of the prediction; of an unanswerable question 1.0 if the reader abstained.
        f1: Likewise.
        error: Why the question failed; it then counts as zero.
    """

    dataset: str
    id: str
    compressor: str
    budget: float
    tokens_in: int = 0
    tokens_out: int = 0
    chars_in: int = 0
    chars_out: int = 0
    answerable: bool = True
    answer_present: bool = True
    answer_recall: float = 0.0
    support_recall: float | None = None
    support_precision: float | None = None
    whole_units: float | None = None
    limiter_recall: float | None = None
    critical_recall: float | None = None
    seconds: float = 0.0
    kept: tuple[Span, ...] = ()
    prediction: str | None = None
    confidence: float | None = None
    abstained: bool | None = None
    em: float | None = None
    f1: float | None = None
    error: str | None = None

    @property
    def key(self) -> Key:
        """What identifies the row in a run."""
        return self.dataset, self.id, self.compressor, self.budget

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), ensure_ascii=False)


_NAMES = frozenset(field.name for field in fields(Row))


def read_rows(folder: Path) -> Iterator[Row]:
    """The rows of a run (a folder or the rows file itself); a last line cut short by a kill is passed over.

    Raises:
        InvalidInput: A line is no row; it is named.
    """
    path = folder / "rows.jsonl" if folder.is_dir() else folder
    if not path.exists():
        return
    for number, line in enumerate(whole_lines(path), start=1):
        try:
            yield _row(json.loads(line))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidInput(f"{path}, line {number} is no row of a run: {error}") from error


def whole_lines(path: Path) -> Iterator[str]:
    """The lines of a file of results; a last one that was cut short by a kill is passed over.

    Raises:
        InvalidInput: It is no UTF-8 text.
    """
    with path.open(encoding="utf-8") as file:
        try:
            yield from (line for line in file if line.endswith("\n"))
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{path} is no file of results: {error}") from error


def _row(record: dict[str, Any]) -> Row:
    known = {name: value for name, value in record.items() if name in _NAMES}
    return Row(**known | {"kept": tuple(Span(*span) for span in record.get("kept", ()))})


class Line(Protocol):
    """What can be a line of a file of results."""

    def to_json(self) -> str:
        """One line, without its end."""
        ...


class RowWriter:
    """Appends rows to a file of a folder; a partial last line left by a kill is cut off first."""

    def __init__(self, folder: Path, name: str = "rows.jsonl") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / name
        self._file: IO[str] | None = None

    def __enter__(self) -> RowWriter:
        if self._path.exists():
            content = self._path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                with self._path.open("r+b") as file:
                    file.truncate(whole)
        self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, rows: Iterable[Line]) -> None:
        """Append the rows of one question and hand them to the system, so that a kill loses at most one question."""
        if self._file is None:
            raise InvalidInput("RowWriter writes inside a with block only")
        self._file.write("".join(f"{row.to_json()}\n" for row in rows))
        self._file.flush()


def write_header(folder: Path, header: dict[str, Any]) -> dict[str, Any]:
    """Write ``run.json``, or, when the folder holds a run already, check that it is the same one.

    Returns:
        The header on disk, with the commands of all its parts.

    Raises:
        InvalidInput: The folder holds a run over other data, or with another reader or tokenizer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    old = read_header(folder)
    if old:
        for name in ("reader", "tokenizer", "renderer"):
            if old.get(name) != header.get(name):
                raise InvalidInput(f"{folder} holds a run with {name} {old.get(name)!r}, not {header.get(name)!r}")
        for name, digest in header["data"].items():
            if old["data"].get(name, digest) != digest:
                raise InvalidInput(f"{folder} holds a run over another version of {name}; give --out a new folder")
        for name, described in header["methods"].items():
            if old["methods"].get(name, described) != described:
                raise InvalidInput(f"{folder} holds rows of another {name}: {old['methods'][name]}; use a new --out")
        merged = {part: old.get(part, {}) | header.get(part, {}) for part in ("data", "paths", "methods")}
        header = old | header | merged
        header["commands"] = list(dict.fromkeys([*old["commands"], *header["commands"]]))
    temporary = folder / "run.json.tmp"
    temporary.write_text(json.dumps(header, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(folder / "run.json")
    return header


def read_header(folder: Path) -> dict[str, Any]:
    """The header of a run; empty when there is none."""
    path = folder / "run.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(f"{path} is no header of a run: {error}; give --out a new folder") from error
