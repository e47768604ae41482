"""YAML: a setting needs the keys that it stands under."""

from __future__ import annotations

import re

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines, Span

__all__ = ["read_yaml"]

MOST_RECORD = 300  # characters of a list's item that stays whole
DEPTH = 10  # keys that a setting may need
_KEY = re.compile(
    r"( *)((?:- +)*)(?:\"[^\"\n]{1,60}\"|'[^'\n]{1,60}'|[\w.$/@*<+-][^:#\n{}\[\],\"']{0,60}?) ?:(?:[ \t]+(?=\S)|$)"
)
_PLAIN = re.compile(r" *(?:- +)*[\w.$/@\"'*<-][\w.$/@\"'-]{0,60}:(?: |$)")
_DASH = re.compile(r"( *)-(?: +|$)")
_REMARK = re.compile(r" *#")
_FOLDED = re.compile(r"[|>][+-]?\d?[+-]?(?: +#.*)?$", re.DOTALL)
_NAMES = re.compile(r" {0,2}(?:kind|  name|name): *\S")


def read_yaml(lines: Lines, at: int) -> Block | None:
    """Keys and lists by their indentation; documents are parted by ``---``."""
    start = lines.after_blank(at + 1) if lines[at] == "---" else at
    if not _is_yaml(lines, start):
        return None
    units: list[Unit] = []
    number = at
    documents = 0
    while number < len(lines):
        found, stop = _document(lines, number)
        if stop == number:
            break
        units += found
        documents += 1
        number = lines.after_blank(stop)
        if lines[number] != "---" or not _is_yaml(lines, number + 1):
            break
    return Block(number, units) if units else None


def _is_yaml(lines: Lines, at: int) -> bool:
    """Whether keys follow that have others below them, further in, and nothing else does."""
    number, keys, nested = at, 0, False
    for _ in range(10):
        number = lines.after_blank(number)
        line = lines[number]
        if number >= len(lines) or line == "---":
            break
        if not (_REMARK.match(line) and number > at):
            plain = bool(_PLAIN.match(line))
            if not plain and not (_DASH.match(line) and keys) and not (keys and nested and line[:1] == " "):
                break
            below = lines[number + 1]
            deeper = lines.indent(number + 1) > lines.indent(number) or _DASH.match(below)
            keys += plain
            nested = nested or bool(
                plain and line.endswith(":") and below and deeper and (_PLAIN.match(below) or _DASH.match(below))
            )
        number += 1
    return nested and keys >= 2


def _document(lines: Lines, at: int) -> tuple[list[Unit], int]:
    """Units of one document and the line after it."""
    units: list[Unit] = []
    over: list[tuple[int, Span]] = []  # (column, unit) of the keys that the next line may stand under
    names: list[Span] = []
    number = at
    while number < len(lines):
        begin = number
        while number == at and lines[number] == "---":
            number += 1
        line = lines[number]
        while number < len(lines) and (_REMARK.match(line) or (not line and number > begin)):
            number += 1
            line = lines[number]
        key, dash = _KEY.match(line), _DASH.match(line)
        if not line or not (key or dash) or line == "---":
            number = begin
            break
        column = lines.indent(number)
        while over and (over[-1][0] > column or (over[-1][0] == column and not dash)):
            over.pop()
        needs = tuple(span for _, span in over[-DEPTH:])
        stop, kind = _extent(lines, number, column, bool(dash))
        span = lines.span(begin, stop)
        units.append(Unit(*span, needs, kind))
        if kind in ("key", "first"):
            over.append((column + (1 if dash else 0), span))
        if len(names) < 2 and _NAMES.match(line):
            names.append(span)
        number = lines.after_blank(stop) if lines[lines.after_blank(stop)][:1] == " " else stop
        if not lines[number] and _KEY.match(lines[lines.after_blank(number)]):
            number = lines.after_blank(number)
    named = tuple(names) if len(names) == 2 else ()
    return [u if u[:2] in named else u._replace(needs=(*named, *u.needs)) for u in units], number


def _extent(lines: Lines, at: int, column: int, dash: bool) -> tuple[int, str]:
    """The line after a key, setting or item, and which of them it is."""
    line = lines[at]
    value = line.rstrip()
    below = lines.after_blank(at + 1)
    deeper = below < len(lines) and lines.indent(below) > column
    if _FOLDED.search(value.rpartition(": ")[2] if ": " in value else value.rpartition("- ")[2]):
        return _deeper_end(lines, at + 1, column), "pair"
    if dash:
        stop = _deeper_end(lines, at + 1, column)
        small = lines.starts[stop] - lines.starts[at] <= MOST_RECORD
        return (stop, "record") if small or not _KEY.match(lines[below]) else (at + 1, "first")
    if value.endswith(":") and (deeper or _DASH.match(lines[below])):
        return at + 1, "key"
    if deeper and not _KEY.match(lines[below]) and not _DASH.match(lines[below]):
        return _deeper_end(lines, at + 1, column), "pair"
    return at + 1, "key" if deeper else "pair"


def _deeper_end(lines: Lines, at: int, column: int) -> int:
    """The first line from ``at`` on that is not further in than ``column``; blank lines at the end stay out."""
    stop = at
    while at < len(lines) and (not lines[at] or lines.indent(at) > column):
        at += 1
        stop = at if lines[at - 1] else stop
    return stop
