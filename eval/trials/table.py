"""Doing all parts, or some: what is done is kept in a folder, a killed run goes on there, and a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import ragcompress
from ragcompress.core.errors import InvalidInput

from .parts import PARTS, Part

__all__ = ["FILE", "chosen", "run", "table"]

FILE = "trials.jsonl"
Row = dict[str, Any]


def chosen(found: Sequence[Part], only: str) -> list[Part]:
    """The parts that are named, by commas; all where none is."""
    names = {name.strip() for name in only.split(",") if name.strip()}
    if names - set(PARTS):
        raise InvalidInput(f"no such part: {', '.join(sorted(names - set(PARTS)))}; there are {', '.join(PARTS)}")
    return [part for part in found if not names or part.name in names]


def run(found: Sequence[Part], folder: Path | None = None, step: Callable[[str], None] = lambda _: None) -> list[Row]:
    """Do every share that ``folder`` does not hold yet.

    Args:
        found: As `parts` made them.
        folder: Where each share's row is written when it is done; None: nowhere.
        step: Told a part's name for each of its shares, done now or before.

    Returns:
        The rows of all shares, those of before as well.
    """
    path = folder / FILE if folder else None
    rows = {row["share"]: row for row in _read(path)} if path else {}
    code, asked = _code(), list(_shares(found))
    for share, part, number in asked:
        if share not in rows:
            began = perf_counter()
            rows[share] = {"share": share, "code": code, **part.work(number)._asdict()}
            rows[share]["seconds"] = round(perf_counter() - began, 2)
            if path:
                _add(path, rows[share])
        step(part.name)
    return [rows[share] for share, _, _ in asked]


def table(rows: Sequence[Row]) -> str:
    """A line for each thing that was tried, its shares together."""
    lines = ["| what was tried | times | lost | seconds | |", "|---|---:|---:|---:|---|"]
    names = dict.fromkeys(row["name"] for row in rows)
    for name in names:
        own = [row for row in rows if row["name"] == name]
        tried, lost = (sum(row[key] for row in own) for key in ("tried", "lost"))
        took = sum(row["seconds"] for row in own)
        lines.append(f"| {name} | {tried:,} | {lost:,} | {took:,.0f} | {_note(own)} |")
    codes = dict.fromkeys(row["code"] for row in rows)
    lines.append(f"\nof the code whose checksum is {', '.join(codes) or _code()}")
    return "\n".join(lines)


def _note(rows: Sequence[Row]) -> str:
    bad = list(dict.fromkeys(row["note"] for row in rows if row["lost"]))
    return "; ".join(bad[:3]) if bad else str(rows[-1]["note"])


def _shares(found: Sequence[Part]) -> Iterator[tuple[str, Part, int]]:
    seen: dict[str, int] = {}
    for part in found:
        line = seen[part.name] = seen.get(part.name, -1) + 1
        for number in range(part.shares):
            yield f"{part.name} {line}: {number} of {part.shares}", part, number


def _read(path: Path) -> Iterator[Row]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue  # the line at which a run was killed: its share is done again


def _add(path: Path, row: Row) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" * torn + json.dumps(row) + "\n")


def _code() -> str:
    """A checksum of the package's sources: figures of other code are other figures."""
    home, found = Path(ragcompress.__file__).parent, hashlib.sha256()
    for path in sorted(home.rglob("*.py")):
        found.update(str(path.relative_to(home)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:8]
