"""Long strings in JSON: prose between two quotes, read by sentences that need the key and the quotes."""

from __future__ import annotations

import re
from itertools import pairwise

from ragcompress.core.segment import sentences
from ragcompress.core.types import Unit
from ragcompress.structure.lines import Span

__all__ = ["LONG_STRING", "is_json_like", "string_ends", "string_units"]

LONG_STRING = 300  # characters of a member from which on its string is read by sentences
_OPEN = re.compile(r'\s*(?:"[^"\\]*(?:\\.[^"\\]*)*"\s*:\s*)?"', re.DOTALL)
_JSON = re.compile(r'\s*(?:"[^"\\]*(?:\\.[^"\\]*)*"\s*[:,\]}]|[{\[]\s*(?:["{\[\d\]}-]|true|false|null))', re.DOTALL)
_CLOSE = re.compile(r'"\s*+(?:,\s*+)?$')
_LINE = re.compile(r"(?:\\r)?\\n(?:\\[rnt]|\s)*")


def string_units(text: str, start: int, end: int, needs: tuple[Span, ...]) -> list[Unit]:
    """The member ``text[start:end]`` in units: what opens its string, the string's sentences, what closes it.

    Args:
        text: The whole text.
        start: Where the member begins, at its key or at the quote.
        end: Where it ends; its comma may be in it.
        needs: What each of the units needs beside the quotes.

    Returns:
        Nothing where the member is short or no string.
    """
    ends = string_ends(text, start, end) if end - start >= LONG_STRING else []
    if not ends:
        return []
    first, last = (start, ends[0]), (ends[-1], end)
    around = (*needs, first, last)
    units = [Unit(*first, (*needs, last), "open")]
    units += [Unit(a, b, around, "sentence") for a, b in pairwise(ends)]
    return [*units, Unit(*last, (*needs, first), "close")]


def string_ends(text: str, start: int, end: int) -> list[int]:
    """Where what opens a string ends, then each of its sentences, up to what closes it; nothing if it is no string."""
    opening = _OPEN.match(text, start, end)
    closing = _CLOSE.search(text, max(end - 40, start), end)
    if opening is None or closing is None or closing.start() <= opening.end():
        return []
    return [opening.end(), *(b for _, b in _sentences(text, opening.end(), closing.start()))]


def is_json_like(text: str, start: int) -> bool:
    """Whether a unit that begins here is JSON, which no cut but those above may part."""
    return _JSON.match(text, start) is not None


def _sentences(text: str, start: int, end: int) -> list[Span]:
    """Sentences within a string; ``\\\\n`` in it ends a line."""
    ends = [*(found.end() for found in _LINE.finditer(text, start, end)), end]
    found: list[Span] = []
    for stop in ends:
        if stop > start:
            found += [(start + a, start + b) for a, b in sentences(text[start:stop])]
            start = stop
    return found
