"""Long strings in JSON: prose between two quotes, read by sentences that need the key and the quotes."""

from __future__ import annotations

import re

from ragcompress.core.segment import sentences
from ragcompress.core.types import Unit
from ragcompress.structure.lines import Span

__all__ = ["LONG_STRING", "string_units"]

LONG_STRING = 300  # characters of a member from which on its string is read by sentences
_OPEN = re.compile(r'\s*(?:"[^"\\]*(?:\\.[^"\\]*)*"\s*:\s*)?"', re.DOTALL)
_CLOSE = re.compile(r'"\s*,?\s*$')
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
    if end - start < LONG_STRING:
        return []
    opening = _OPEN.match(text, start, end)
    closing = _CLOSE.search(text, max(end - 40, start), end)
    if opening is None or closing is None or closing.start() < opening.end():
        return []
    first, last = (start, opening.end()), (closing.start(), end)
    around = (*needs, first, last)
    units = [Unit(*first, (*needs, last), "open")]
    units += [Unit(a, b, around, "sentence") for a, b in _sentences(text, first[1], last[0])]
    return [*units, Unit(*last, (*needs, first), "close")]


def _sentences(text: str, start: int, end: int) -> list[Span]:
    """Sentences within a string; ``\\\\n`` in it ends a line."""
    ends = [*(found.end() for found in _LINE.finditer(text, start, end)), end]
    found: list[Span] = []
    for stop in ends:
        if stop > start:
            found += [(start + a, start + b) for a, b in sentences(text[start:stop])]
            start = stop
    return found
