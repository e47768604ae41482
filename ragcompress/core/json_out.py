"""JSON that was cut down is JSON again: commas where they belong, and every list says how many of how many it shows.

A rendering puts kept pieces side by side. Between the brackets of a list or an object that would leave commas too many
or too few, and nobody would see that records went. The changes for that are worked out on the passage's own text, as
``{index of a character: what stands there instead}``; everything else stays verbatim.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragcompress.core.remembering import remembered

__all__ = ["changed", "in_json", "json_changes"]

Spans = Sequence[tuple[int, int]]

MOST = 2_000_000  # characters of a text that is read for its brackets; of a longer one records are shown as lines

_LINE = re.compile(r"^[ \t]*(?=[\[{])", re.MULTILINE)
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(slots=True, eq=False)
class _Box:
    """A list or an object: where its brackets stand, and its items in order.

    Attributes:
        is_list: Whether it is a list.
        opens: Index of its opening bracket.
        closes: Index of its closing bracket.
        starts: Where each item begins, at its key in an object.
        ends: Where each item ends, without its comma.
        inner: The list or object that is an item's value; None for other values.
    """

    is_list: bool
    opens: int
    closes: int = -1
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    inner: list[_Box | None] = field(default_factory=list)


def json_changes(text: str, kept: Spans, in_parts: Spans = ()) -> dict[int, str]:
    """What to change in the kept stretches of ``text`` so that JSON in it stays JSON.

    Args:
        text: A passage's text; JSON in it begins with a line.
        kept: Half-open offsets, in reading order, not overlapping.
        in_parts: Stretches that were to stay whole and did not: objects in them say how many members they show, too.

    >>> text = '[{"a": 1}, {"a": 2}, {"a": 3}]'
    >>> changes = json_changes(text, [(0, 1), (11, 21), (29, 30)])
    >>> "".join(changed(text, span, changes) for span in [(0, 1), (11, 21), (29, 30)])
    '[{"a": 2}, "… 1 of 3"]'
    """
    if not _may_hold(text):
        return {}
    pieces, units = _Pieces(kept), _Pieces(sorted(in_parts))
    changes: dict[int, str] = {}
    ahead = [box for box in _boxes(text) if pieces.touch(box.opens, box.closes + 1)]
    while ahead:
        box = ahead.pop()
        if pieces.hold(box.opens, box.closes + 1):
            continue
        here = pieces.starting(box.starts)
        ahead.extend(inner for at in here if (inner := box.inner[at]) is not None)
        if box.opens in pieces and box.closes in pieces:
            counted = len(here) < len(box.starts) and (box.is_list or units.touch(box.opens, box.closes + 1))
            _mend(text, box, here, pieces, changes, counted)
    return changes


def changed(text: str, span: tuple[int, int], changes: Mapping[int, str]) -> str:
    """``text[start:end]`` with the changes that fall into it."""
    start, end = span
    parts: list[str] = []
    for at in sorted(at for at in changes if start <= at < end):
        parts += [text[start:at], changes[at]]
        start = at + 1
    return "".join([*parts, text[start:end]])


def in_json(text: str, at: int) -> bool:
    """Whether an item of a JSON list or object, or its closing bracket, begins at ``at`` or after blanks there."""
    return _may_hold(text) and _after_blank(text, at) in _seams(text)


def _may_hold(text: str) -> bool:
    return len(text) <= MOST and ("]" in text or "}" in text)


def _mend(
    text: str, box: _Box, here: Sequence[int], kept: _Pieces, changes: dict[int, str], counted: bool
) -> None:  # fmt: skip
    """Commas between the items that are there, none after the last, and how many of how many they are."""
    for place, at in enumerate(here):
        wanted = counted or place < len(here) - 1
        end = box.ends[at]
        comma = _after_blank(text, end)
        there = text[comma] == "," and comma in kept
        if there and not wanted:
            changes[comma] = ""
        elif wanted and not there and end - 1 in kept:
            changes[end - 1] = changes.get(end - 1, text[end - 1]) + ","
    if counted:
        closing = changes.get(box.closes, text[box.closes])  # a comma may follow it
        number = f"{len(here)} of {len(box.starts)}"
        changes[box.closes] = f'"… {number}"{closing}' if box.is_list else f'"…": "{number}"{closing}'


class _Pieces:
    """Kept stretches, those that touch made one."""

    def __init__(self, kept: Spans) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        for start, end in kept:
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(end, self.ends[-1])
            else:
                self.starts.append(start)
                self.ends.append(end)

    def __contains__(self, at: int) -> bool:
        return self.hold(at, at + 1)

    def hold(self, start: int, end: int) -> bool:
        """Whether all of it is kept."""
        at = bisect_right(self.starts, start) - 1
        return at >= 0 and end <= self.ends[at]

    def touch(self, start: int, end: int) -> bool:
        """Whether any of it is kept."""
        at = bisect_left(self.starts, end) - 1
        return at >= 0 and self.ends[at] > start

    def starting(self, starts: Sequence[int]) -> list[int]:
        """The numbers of those that begin in what is kept."""
        found: list[int] = []
        for start, end in zip(self.starts, self.ends, strict=True):
            found.extend(range(bisect_left(starts, start), bisect_left(starts, end)))
        return found


@remembered(64)
def _boxes(text: str) -> tuple[_Box, ...]:
    """The JSON lists and objects that begin with a line of ``text``; what does not parse is none."""
    found: list[_Box] = []
    at = 0
    while (line := _LINE.search(text, at)) is not None:
        try:
            _, end = _DECODER.raw_decode(text, line.end())
        except (ValueError, RecursionError):
            at = text.find("\n", line.end()) + 1
            if not at:
                break
            continue
        found.append(_read(text, line.end(), end))
        at = end
    return tuple(found)


@remembered(64)
def _seams(text: str) -> frozenset[int]:
    seams: set[int] = set()
    ahead = list(_boxes(text))
    while ahead:
        box = ahead.pop()
        seams.update(box.starts, (box.closes,))
        ahead.extend(inner for inner in box.inner if inner is not None)
    return frozenset(seams)


def _read(text: str, start: int, end: int) -> _Box:
    """The tree of the value at ``text[start:end]``, which is known to parse."""
    stack: list[_Box] = []
    marks: list[int] = []  # for each open box, where its present item begins or blanks before it
    last: _Box | None = None  # the box that was closed last
    for token in _TOKEN.finditer(text, start, end):
        mark, at = token.group(), token.start()
        if mark in "[{":
            stack.append(_Box(mark == "[", at))
            marks.append(at + 1)
        elif mark in "]},":
            _add(text, stack[-1], marks[-1], at, last)
            marks[-1] = at + 1
            if mark != ",":
                last = stack.pop()
                marks.pop()
                last.closes = at
    assert last is not None
    return last


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()


def _add(text: str, box: _Box, start: int, end: int, last: _Box | None) -> None:
    """The item between a bracket or comma and the next, if there is one."""
    start = _after_blank(text, start)
    while end > start and text[end - 1] in " \t\r\n":
        end -= 1
    if start < end:
        box.starts.append(start)
        box.ends.append(end)
        box.inner.append(last if last is not None and last.closes == end - 1 and last.opens >= start else None)
