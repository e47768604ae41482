"""Subtitles (SRT, WebVTT) by cue."""

from __future__ import annotations

import re

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines, Span

__all__ = ["read_cues"]

MOST_CHAIN = 4  # cues over which a sentence is followed
_CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMING = re.compile(rf"[ \t]*{_CLOCK}[ \t]*-->[ \t]*{_CLOCK}")
_NUMBER = re.compile(r"[ \t]*\d{1,7}$")
_STOP = re.compile(r"[.!?\u2026:;\"'”)\]♪-]$")


def read_cues(lines: Lines, at: int) -> Block | None:
    """Cues: the time of each is a unit that needs what is said then, never the other way round."""
    start = lines.after_blank(at + 1) if lines[at].startswith("WEBVTT") else at
    if _timing(lines, start) is None:
        return None
    times: list[Span] = []
    said: list[Span] = []
    number = start
    while number < len(lines):
        timing = _timing(lines, number)
        if timing is None:
            break
        stop = timing + 1
        while lines[stop] and _timing(lines, stop) is None:
            stop += 1
        times.append(lines.span(number, timing + 1))
        said.append(lines.span(timing + 1, stop))
        number = lines.after_blank(stop)
    return Block(number, _units(lines.text, times, said))


def _timing(lines: Lines, at: int) -> int | None:
    """The line that holds the time of the cue that begins at a line; its number or name may stand above."""
    if _TIMING.match(lines[at]):
        return at
    named = bool(lines[at]) and (bool(_NUMBER.match(lines[at])) or not lines[at - 1])
    return at + 1 if named and len(lines[at]) < 80 and _TIMING.match(lines[at + 1]) else None


def _units(text: str, times: list[Span], said: list[Span]) -> list[Unit]:
    words = [text[a:b].strip() for a, b in said]
    goes_on = [bool(word) and not _STOP.search(word) for word in words]
    if sum(goes_on) * 10 > len(words) * 7:  # speech without punctuation: no sentence can be followed
        goes_on = [False] * len(words)
    units: list[Unit] = []
    for at, (time, span) in enumerate(zip(times, said, strict=True)):
        if span[0] == span[1]:
            units.append(Unit(*time, (), "time"))
            continue
        units.append(Unit(*time, (span,), "time"))
        units.append(Unit(*span, _sentence(said, goes_on, at), "cue"))
    return units


def _sentence(said: list[Span], goes_on: list[bool], at: int) -> tuple[Span, ...]:
    """The other cues of the sentence that a cue is a part of."""
    first = last = at
    while first > 0 and goes_on[first - 1] and at - first < MOST_CHAIN:
        first -= 1
    while last + 1 < len(said) and goes_on[last] and last - at < MOST_CHAIN:
        last += 1
    return tuple(said[n] for n in range(first, last + 1) if n != at and said[n][0] < said[n][1])
