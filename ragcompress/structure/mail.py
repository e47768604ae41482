"""E-mails: the head of each stands over its body; quoted lines stay together and need the line above."""

from __future__ import annotations

import re

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines
from ragcompress.structure.prose import prose_units

__all__ = ["read_mail", "read_quote"]

LEVEL = -1  # above all headings: a new mail ends everything before
MOST_QUOTE = 400  # characters of a quoted part that stays whole
_FIELD = re.compile(
    r"\W{0,4}(From|To|Cc|Bcc|Date|Sent|Subject|Reply-To|Message-ID|In-Reply-To|References|Received|Return-Path|"
    r"Delivered-To|"
    r"MIME-Version|Content-[\w-]+|X-[\w-]+|Importance|Attachments?|Von|An|Gesendet|Datum|Betreff|De|À|Envoyé|"
    r"Objet|Asunto|"
    r"Para|Fecha)\W{0,2}:(?:\s|$)",
    re.IGNORECASE,
)
_WHO = frozenset({"from", "von", "de"})
_ABOUT = frozenset({"date", "sent", "subject", "gesendet", "datum", "betreff", "envoyé", "objet", "asunto", "fecha"})
_ORIGINAL = re.compile(r"-{2,} ?(?:original|forwarded|ursprüngliche|message)[^\n]{0,40}-{2,}$", re.IGNORECASE)


def read_mail(lines: Lines, at: int) -> Block | None:
    """The head of a mail: who wrote it, when, and about what stand over all that follows until the next head."""
    first = at + 1 if _ORIGINAL.match(lines[at]) else at
    if not _FIELD.match(lines[first]):
        return None
    stop = first
    names: list[tuple[str, int, int]] = []
    while stop < len(lines) and (found := _FIELD.match(lines[stop])):
        start = stop
        if found[1].lower() in _WHO and any(name in _WHO for name, _, _ in names):
            break  # the next mail
        stop += 1
        while lines[stop][:1] in (" ", "\t") and lines[stop].strip():
            stop += 1
        names.append((found[1].lower(), start, stop))
    kinds = {name for name, _, _ in names}
    if not kinds & _WHO or not kinds & _ABOUT:
        return None
    over = tuple(lines.span(a, b) for name, a, b in names if name in _WHO | _ABOUT)
    units = [Unit(*lines.span(at, first), (), "line")] if first > at else []
    for name, a, b in names:
        span = lines.span(a, b)
        units.append(Unit(*span, () if name in _WHO else over[:1], "heading" if span in over else "pair"))
    return Block(stop, units, LEVEL, over=over)


def read_quote(lines: Lines, at: int) -> Block | None:
    """Lines that begin with ``>``."""
    if not lines[at].startswith(">") or lines[at].startswith(">>> "):
        return None
    stop = at + 1
    while lines[stop].startswith(">"):
        stop += 1
    start, end = lines.span(at, stop)
    if end - start <= MOST_QUOTE:
        return Block(stop, [Unit(start, end, (), "quote")], lead=True)
    return Block(stop, [unit._replace(kind="quote") for unit in prose_units(lines.text, start, end)], lead=True)
