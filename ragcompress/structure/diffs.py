"""Diffs: hunks, which need the file they are about."""

from __future__ import annotations

import re

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines, Span

__all__ = ["read_diff"]

MOST_HUNK = 800  # characters of a hunk that stays whole
MOST_PART = 400
_HEAD = re.compile(
    r"diff --git |diff -|Index: |={20,}$|--- |\+\+\+ |index [0-9a-f]{4,}|(?:new|deleted|old) (?:file )?mode |"
    r"(?:similarity|dissimilarity) index |(?:rename|copy) (?:from|to) |Binary files "
)
_BEGIN = re.compile(r"diff --git \S|diff -\w|Index: \S|--- \S")
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|@@ .{0,60}@@|\*{3} \d+,\d+ \*{4}")
_BODY = (" ", "+", "-", "\\")


def read_diff(lines: Lines, at: int) -> Block | None:
    """A file's head and its hunks, and those of the files that follow."""
    if not (_BEGIN.match(lines[at]) or _HUNK.match(lines[at])) or not _has_hunk(lines, at):
        return None
    units: list[Unit] = []
    number = at
    while number < len(lines):
        stop = number
        while _HEAD.match(lines[stop]):
            stop += 1
        named = _named(lines, number, stop)
        head: tuple[Span, ...] = (lines.span(named, stop),) if stop > number else ()
        units += [Unit(*lines.span(number, named), (), "line")] if number < named else []
        units += [Unit(*span, (), "file") for span in head]
        if not _HUNK.match(lines[stop]) and not head:
            break
        number = stop
        while _HUNK.match(lines[number]):
            stop = _hunk_end(lines, number + 1)
            units += _hunk(lines, number, stop, head)
            number = stop
    return Block(number, units)


def _named(lines: Lines, start: int, stop: int) -> int:
    """The line of a head that says enough: ``---`` and ``+++``; what git writes above them nobody needs."""
    two = stop - 2
    return two if two > start and lines[two].startswith("--- ") and lines[two + 1].startswith("+++ ") else start


def _has_hunk(lines: Lines, at: int) -> bool:
    """Whether a hunk follows the head within a few lines, or the head alone says that a file was renamed."""
    number = at
    while number < at + 10 and _HEAD.match(lines[number]):
        number += 1
    return bool(_HUNK.match(lines[number])) or lines[at].startswith("diff --git ")


def _hunk_end(lines: Lines, at: int) -> int:
    while at < len(lines):
        line = lines.text[lines.starts[at] : lines.starts[at] + 4]
        blank = not line.strip() and lines[at + 1][:1] in _BODY  # editors strip the blank of an empty context line
        if not (line[:1] in _BODY or blank) or (line == "--- " and lines[at + 1].startswith("+++ ")):
            break
        at += 1
    return at


def _hunk(lines: Lines, start: int, stop: int, head: tuple[Span, ...]) -> list[Unit]:
    """A hunk whole, or its place and runs of its lines."""
    span = lines.span(start, stop)
    if span[1] - span[0] <= MOST_HUNK:
        return [Unit(*span, head, "hunk")]
    place = lines.span(start, start + 1)
    units = [Unit(*place, head, "place")]
    begin = start + 1
    for number in range(start + 2, stop + 1):
        if number == stop or lines.starts[number + 1] - lines.starts[begin] > MOST_PART:
            units.append(Unit(*lines.span(begin, number), (*head, place), "hunk"))
            begin = number
    return units
