"""Logs, stack traces and what a terminal shows."""

from __future__ import annotations

import re

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines, Span

__all__ = ["MOST_RECORD", "is_record", "read_log", "read_trace"]

MOST_RECORD = 600  # characters of a record that stays whole with its continuation lines
_TIME = (
    r"\d{4}[-/.]\d\d[-/.]\d\d[T ]\d\d:\d\d(?::\d\d)?|\d\d?[/.-](?:\d\d|[A-Z][a-z]{2})[/.-]\d{2,4}[:T ]\d\d:\d\d|"
    r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d[.,]\d+|\d{10,13}(?:\.\d+)?(?=[ \t])"
)
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)"
_RECORD = re.compile(
    rf"(?:\S{{1,40}}[ \t]+(?:- |\S+ )?)?[\[(<]?(?:{_TIME})|[\[(<]?{_LEVEL}[\])>]?[ \t:\-|]|[IWEF]\d{{4}} \d\d:\d\d|"
    r"time=\"?\d|level=|<\d{1,3}>\d? ?\d{4}-"
)
_TRACE = re.compile(
    r"[ \t]*(?:Traceback \(most recent call last\):|(?:Exception in thread \"[^\"]{0,80}\" )?"
    r"(?:[\w$]+\.)*[A-Z][\w$]*(?:Error|Exception|Failure|Panic|Throwable)(?:\b[^\n]{0,300})?$|"
    r"panic: |thread '[^']{0,60}' panicked|"
    r"Unhandled exception|Uncaught |goroutine \d+ \[)"
)
_FRAME = re.compile(
    r"[ \t]+(?:at |File \"|in |from |\d+: |\.\.\. \d+ (?:more|common))|#\d+ |"
    r"[\w./-]+\.(?:rb|go|rs):\d+|[ \t]+[\w./-]+\.go:\d+"
)
_CAUSE = re.compile(
    r"[ \t]*(?:Caused by: |Suppressed: |During handling of the above|The above exception was|Wrapped by)"
)
_LIBRARY = re.compile(
    r"site-packages|dist-packages|node_modules|/usr/lib|java\.|javax\.|sun\.|jdk\.|org\.springframework|node:internal"
)


def is_record(line: str) -> bool:
    """Whether a line begins with a time or a level, as a log's records do."""
    return bool(_RECORD.match(line))


def read_log(lines: Lines, at: int) -> Block | None:
    """Records by their times; lines that follow without one continue the record, a stack trace is read by its own."""
    if not is_record(lines[at]):
        return None
    following = list(lines.filled(at + 1, 4))
    if not any(is_record(line) for line in following) and not any(
        _FRAME.match(line) or _TRACE.match(line) for line in following
    ):
        return None
    units: list[Unit] = []
    number = at
    while number < len(lines) and is_record(lines[number]):
        stop = number + 1
        while stop < len(lines) and lines[stop] and not is_record(lines[stop]) and not _starts_trace(lines, stop):
            stop += 1
        units += _record(lines, number, stop)
        number = lines.after_blank(stop)
        while _starts_trace(lines, number):
            trace = _trace(lines, number, (lines.span(stop - 1, stop) if stop - 1 > 0 else lines.span(0, 1),))
            units += trace.units
            number = lines.after_blank(trace.stop)
    return Block(number, units)


def _record(lines: Lines, start: int, stop: int) -> list[Unit]:
    span = lines.span(start, stop)
    if stop - start == 1 or span[1] - span[0] <= MOST_RECORD:
        return [Unit(*span, (), "record")]
    head = lines.span(start, start + 1)
    return [Unit(*head, (), "record"), *(Unit(*lines.span(n, n + 1), (head,), "line") for n in range(start + 1, stop))]


def _starts_trace(lines: Lines, at: int) -> bool:
    return bool(_TRACE.match(lines[at])) and any(_FRAME.match(line) for line in lines.filled(at + 1, 2))


def read_trace(lines: Lines, at: int) -> Block | None:
    """A stack trace: the message, the causes, then frames, each of which needs the message."""
    return _trace(lines, at, ()) if _starts_trace(lines, at) else None


def _trace(lines: Lines, at: int, above: tuple[Span, ...]) -> Block:
    python = lines[at].lstrip().startswith("Traceback")
    if python:
        return _python(lines, at, above)
    message = lines.span(at, at + 1)
    units = [Unit(*message, above, "error")]
    number = at + 1
    while number < len(lines):
        line = lines[number]
        if _CAUSE.match(line):
            units.append(Unit(*lines.span(number, number + 1), (message,), "error"))
        elif _FRAME.match(line) or (line and line[0] in " \t" and number - at < 400):
            units.append(Unit(*lines.span(number, number + 1), (message,), _frame_kind(line)))
        else:
            break
        number += 1
    return Block(number, units)


def _frame_kind(line: str) -> str:
    return "library frame" if _LIBRARY.search(line) else "frame"


def _python(lines: Lines, at: int, above: tuple[Span, ...]) -> Block:
    """Python puts the message last: a frame is its ``File`` line with the code below it."""
    frames: list[Span] = []
    number = at + 1
    while number < len(lines) and lines[number][:1] in (" ", "\t"):
        stop = number + 1
        while lines[stop][:1] in (" ", "\t") and not lines[stop].lstrip().startswith("File "):
            stop += 1
        frames.append(lines.span(number, stop))
        number = stop
    opening = lines.span(at, at + 1)
    if number >= len(lines) or not lines[number]:
        return Block(number, [Unit(*opening, above, "error"), *(Unit(*f, (opening,), "frame") for f in frames)])
    message = lines.span(number, number + 1)
    kinds = [_frame_kind(lines.text[a:b]) for a, b in frames]
    units = [Unit(*opening, (message,), "line")]
    units += [Unit(*span, (message,), kind) for span, kind in zip(frames, kinds, strict=True)]
    units.append(Unit(*message, (), "error"))
    after = lines.after_blank(number + 1)
    if _CAUSE.match(lines[after]):  # the next traceback is the one that the program died of
        units.append(Unit(*lines.span(after, after + 1), (message,), "line"))
        return Block(after + 1, units)
    return Block(number + 1, units)
