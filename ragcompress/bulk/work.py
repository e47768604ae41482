"""The work on a row: from dicts to dicts. What fails is a row with an error; rows that come in are never changed.

A row that comes in with an ``error`` (of the job before) goes out with it, unworked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from ragcompress import __version__
from ragcompress.bulk.columns import Columns
from ragcompress.bulk.source import Rows
from ragcompress.core.budget import TokenBudget
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor
from ragcompress.core.types import Passage
from ragcompress.facade import compress
from ragcompress.methods import DEFAULT, resolve
from ragcompress.results.result import Compressed

__all__ = ["Compress", "Work", "each", "named", "passage_of", "surroundings"]


class Work(Protocol):
    """What a job does to its rows; it can be pickled.

    Attributes:
        columns: Of the rows that come out.
        numbers: Whether a row without an id is named by its number; else by what it says.
        chunk: Rows that are done or not done together, unless the caller says how many.
    """

    numbers: bool
    chunk: int

    @property
    def columns(self) -> Columns: ...
    def about(self) -> dict[str, Any]:
        """All that changes its results, as JSON data: two jobs are one if this and their input are equal."""
        ...

    def __call__(self, rows: Rows) -> Rows:
        """Work on rows; those that fail have an ``error``."""
        ...


@dataclass(frozen=True)
class Compress:
    """Rows of query and passages to rows of compressed text.

    Attributes:
        budget: As for `ragcompress.compress`.
        compressor: Likewise; one that is no name must be fit for pickling.
        options: More of its options, such as ``timeout_s``.
    """

    budget: TokenBudget | int | float | None = None
    compressor: Compressor | str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    numbers, chunk = True, 64
    columns = {  # noqa: RUF012 - of the class
        "id": "text", "query": "text", "text": "text", "tokens_in": "whole", "tokens_out": "whole", "spans": "spans",
        "passage_scores": "numbers", "warnings": "texts", "method": "text", "error": "text",
    }  # fmt: skip

    def about(self) -> dict[str, Any]:
        """See `Work`."""
        budget = self.budget
        shown = f"{budget.limit} by {named(budget.count)}" if isinstance(budget, TokenBudget) else budget
        method = {"method": named(self.compressor or DEFAULT), "options": json.loads(json.dumps(dict(self.options)))}
        return {"task": "compress", "budget": shown, **method, **surroundings()}

    def __call__(self, rows: Rows) -> Rows:
        """See `Work`."""
        return each(rows, self._one)

    def _one(self, row: Mapping[str, Any]) -> dict[str, Any]:
        query, given = row.get("query", row.get("question")), row.get("passages")
        if not isinstance(query, str):
            raise InvalidInput(f"query is {type(query).__name__}; give a str in the column query (or question)")
        passages = [passage_of(each) for each in _listed(given)]
        out = compress(query, passages, self.budget, self._method(), **self.options)
        label = self.compressor if isinstance(self.compressor, str) else out.method
        return {"query": query, **_outcome(out), "method": DEFAULT if self.compressor is None else label}

    def _method(self) -> Compressor:
        if isinstance(self.compressor, str | None):
            return _resolved(self.compressor or DEFAULT, self.budget is None)
        return self.compressor


def _outcome(out: Compressed) -> dict[str, Any]:
    passages = out.context.passages
    spans = [span for segment in out.context.segments for span in segment.support]
    return {
        "text": out.text,
        "tokens_in": out.tokens_in,
        "tokens_out": out.tokens_out,
        "spans": [{**span._asdict(), "id": passages[span.passage].id} for span in spans],
        "passage_scores": [float(score) for score in out.passage_scores],
        "warnings": list(out.warnings),
    }


@lru_cache(maxsize=4)
def _resolved(name: str, dynamic: bool) -> Compressor:
    """A method by name, its model loaded once per process."""
    return resolve(name, dynamic=dynamic)


def each(rows: Rows, one: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Rows:
    """What ``one`` makes of every row, with the row's id; what it raises is the row's ``error``."""
    return [_tried(row, one) for row in rows]


def _tried(row: Mapping[str, Any], one: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> dict[str, Any]:
    base = {"id": _text(row.get("id"))}
    if row.get("error"):
        return base | {"error": str(row["error"])}
    try:
        return base | {"error": None} | dict(one(row))
    except Exception as error:  # a row that fails is a result; the job goes on
        return base | {"error": f"{type(error).__name__}: {error}"}


def passage_of(given: Any) -> Passage:
    """A passage from a str, a `Passage`, or a mapping with a text; what has no place on it becomes metadata.

    Raises:
        InvalidInput: It is none of these.
    """
    if isinstance(given, Passage):
        return given
    if isinstance(given, str):
        return Passage(given)
    if not isinstance(given, Mapping) or not isinstance(given.get("text"), str):
        held = f"the columns {sorted(map(str, given))}" if isinstance(given, Mapping) else type(given).__name__
        raise InvalidInput(f"a passage is a str or has a str 'text'; this one has {held}")
    nested = given.get("metadata")
    if isinstance(nested, str) and nested:
        nested = json.loads(nested)
    known = ("text", "id", "title", "score", "metadata", "error")
    score, rest = given.get("score"), {name: value for name, value in given.items() if name not in known}
    number = float(score) if isinstance(score, int | float | str) and score != "" else None
    return Passage(
        given["text"], _text(given.get("id")), _text(given.get("title")), number, {**dict(nested or {}), **rest}
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _listed(given: Any) -> Sequence[Any]:
    """The passages of a row: a list, or in CSV its JSON."""
    if isinstance(given, str):
        given = json.loads(given)
    if hasattr(given, "tolist"):  # numpy, as pandas gives
        given = given.tolist()
    if not isinstance(given, list | tuple):
        raise InvalidInput(f"passages is {type(given).__name__}; give a list of str, or of objects with a text")
    return given


def named(thing: Any) -> str:
    """What tells one compressor, counter or encoder from another across processes.

    Raises:
        InvalidInput: Nothing does; the message says how it can.
    """
    if isinstance(thing, str):
        file = Path(thing.partition(":")[2])
        return f"{thing} {_checksum(file)}" if file.is_file() else thing
    name = getattr(thing, "__qualname__", None)
    shown = f"{thing.__module__}.{name}" if name else repr(thing)
    if " at 0x" in shown or "<l" in shown:
        raise InvalidInput(f"{shown} can't be told from others later on; give a function with a name, or a dataclass")
    return shown


def surroundings(*, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a result depends on beside its settings; weights ``without`` these beginnings play no part in it."""
    return {"version": __version__, "weights": _weights(without)}


@lru_cache(maxsize=2)
def _weights(without: tuple[str, ...]) -> str:
    """A checksum of shipped weights and the tokenizer."""
    digest = hashlib.sha256()
    for file in sorted(files("ragcompress").joinpath("weights").iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".md") and not file.name.startswith(without):
            digest.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
