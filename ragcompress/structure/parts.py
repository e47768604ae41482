"""A unit that is longer than the whole budget, in smaller units of its kind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ragcompress.core.segment import sentences
from ragcompress.core.types import Unit
from ragcompress.structure.json_strings import is_json_like, string_ends
from ragcompress.structure.json_text import members

__all__ = ["parts"]

_CLAUSE = re.compile(
    r"[;:](?=\s)|[,\u2014\u2013](?=\s+(?:and|but|or|so|yet|which|who|where|when|while|except|unless|if|provided|although|because|"
    r"although|und|aber|oder|wenn|außer|sofern|et|mais|ou|si|sauf|y|pero|o|salvo|\(?[ivx]{1,4}\)|\(?[a-z]\))\b)|"
    r",(?=\s)|[，、；]"
)
_LIMIT = re.compile(
    r"\W*(?:and |but |or )?(?:except|unless|if|provided|but|only|not|however|although|though|excluding|save|subject|"
    r"until|when|außer|sofern|wenn|aber|nicht|sauf|si|mais|salvo|pero)\b",
    re.IGNORECASE,
)
_CELL = re.compile(r"\|(?=[^|\n]*\|)|</t[dh]>\s*", re.IGNORECASE)
MOST_CLAUSE = 40  # characters below which a clause goes with its neighbour
_LINED = frozenset(
    {"definition", "code", "statement", "hunk", "command", "import", "script", "signature", "quote", "line"}
)


def parts(text: str, unit: Unit) -> list[Unit]:
    """``unit`` in smaller units: rows in cells, records in members, code in lines, prose in sentences, then clauses.

    What every part needs stands first: the row's first cell, the signature, the beginning of the sentence. A clause
    that limits ("except …") is needed by all parts. A part can be read in parts again.

    Args:
        text: The whole text.
        unit: One of its units, or a part of one.

    Returns:
        Units that tile ``unit``, with its needs and their own; ``[unit]`` where it can't be read any smaller.

    >>> text = "The pool is open all day for all guests of the hotel, except in August, when it is being cleaned."
    >>> [text[u.start : u.end] for u in parts(text, Unit(0, len(text)))][1]
    'except in August, when it is being cleaned.'
    """
    ends, first, kind = _cut(text, unit)
    cuts = sorted({end for end in ends if unit.start < end < unit.end and text[unit.start : end].strip()})
    spans = list(pairwise([unit.start, *cuts, unit.end]))
    if len(spans) > 1 and not text[spans[-1][0] : unit.end].strip():
        spans[-2:] = [(spans[-2][0], unit.end)]
    if len(spans) < 2:
        return [unit]
    common = {spans[number] for number in first if number < len(spans)}
    common |= {span for span in spans[1:] if kind == "clause" and _LIMIT.match(text[span[0] : span[1]])}
    shared = tuple(sorted(common))
    return [Unit(a, b, (*unit.needs, *(s for s in shared if s != (a, b))), kind) for a, b in spans]


def _cut(text: str, unit: Unit) -> tuple[Sequence[int], tuple[int, ...], str]:
    """Where the parts of a unit end, the numbers of those that all others need, and their kind."""
    start, end = unit.start, unit.end
    if unit.kind in ("row", "header"):
        cells = _cells(text, start, end)
        if len(cells) > 1:
            return cells, (0,), "cell"
    if unit.kind in ("record", "member"):
        found = members(text, start, end)
        if found:
            return found, (0, len(found)), "member"
        if is_json_like(text, start):
            found = string_ends(text, start, end)
            return found, (0, len(found)), "string"
    lines = [match.end() for match in re.finditer(r"\n+", text[start:end])]
    if len(lines) > 1 and (unit.kind in _LINED or unit.kind in ("record", "pair", "turn", "cue")):
        return [start + at for at in lines], (0,), "line"
    told = [start + stop for _, stop in sentences(text[start:end])]
    if len(told) > 1:
        return told, (), "sentence"
    return _clauses(text, start, end), (0,), "clause"


def _cells(text: str, start: int, end: int) -> list[int]:
    """Where the cells of a row end."""
    row = text[start:end]
    if "<t" in row or row.count("|") > 1:
        return [start + match.end() for match in _CELL.finditer(row) if match.end() > 1]
    mark = max("\t;,", key=row.count)
    if not row.count(mark):
        return [start + match.end() for match in re.finditer(r"\S {2,}", row)]
    ends: list[int] = []
    quoted = False
    for at, char in enumerate(row):
        quoted ^= char == '"'
        if char == mark and not quoted:
            ends.append(start + at + 1)
    return ends


def _clauses(text: str, start: int, end: int) -> list[int]:
    """Where clauses end: at marks, none shorter than `MOST_CLAUSE` and none after a limiting word's beginning."""
    ends: list[int] = []
    last = start
    for match in _CLAUSE.finditer(text, start, end):
        at = match.end()
        while at < end and text[at].isspace():
            at += 1
        limiting = bool(_LIMIT.match(text[last : last + 40]))
        if at - last >= MOST_CLAUSE and end - at >= MOST_CLAUSE / 2 and not (limiting and match[0] == ","):
            ends.append(at)
            last = at
    return ends
