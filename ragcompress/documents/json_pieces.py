"""JSON cut where its values end: small values stay whole, big ones are opened."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ragcompress.documents.pages import PAGE_LIMIT, Piece

__all__ = ["split_json"]

_BLANK = re.compile(r"[\s,]*")
_KEY = re.compile(r'"(?:[^"\\]|\\.)*"\s*:\s*')
_DEEPEST = 12
_read = json.JSONDecoder(strict=False).raw_decode


def split_json(text: str, *, title: str = "", limit: int = PAGE_LIMIT) -> list[Piece]:
    """Pieces of one JSON document; neighbours that fit together share a piece, whose title says their path.

    Raises:
        ValueError: It is not JSON.

    >>> pieces = split_json('{"a": [1, 2, 3], "b": "text"}', limit=12)
    >>> [('{"a": [1, 2, 3], "b": "text"}'[p.start:p.end], p.title) for p in pieces]
    [('"a": [1, 2, 3]', ''), ('"b": "text"', '')]
    """
    start = len(text) - len(text.lstrip())
    _, end = _read(text, start)
    if text[end:].strip():
        raise ValueError(f"more text follows the first value at character {end}")
    found: list[tuple[int, int, str]] = []
    for left, right, path in _values(text, start, end, "", limit, 0):
        near = bool(found) and found[-1][2] == path and right - found[-1][0] <= limit
        if near and _joinable(text, found[-1][1], left, right):
            found[-1] = (found[-1][0], right, path)
        else:
            found.append((left, right, path))
    return [Piece(left, right, " – ".join(filter(None, (title, path)))) for left, right, path in found]


def _joinable(text: str, before: int, left: int, right: int) -> bool:
    """Records in a row on one line, without the brackets around them, would look like a sentence: each is a piece."""
    return text[right - 1] not in "]}" or "\n" in text[before:left]


def _values(text: str, start: int, end: int, path: str, limit: int, depth: int) -> Iterator[tuple[int, int, str]]:
    """Values with the path of what holds them; one beyond the limit is opened, if it can be."""
    if end - start <= limit or text[start] not in "[{" or depth == _DEEPEST:
        yield start, end, path
        return
    at = _skip(text, start + 1)
    while at < end - 1:
        key = _KEY.match(text, at) if text[start] == "{" else None
        value = key.end() if key else at
        _, stop = _read(text, value)
        name = json.loads(key[0].rstrip().removesuffix(":")) if key else ""
        if stop - at <= limit or text[value] not in "[{":
            yield at, stop, path
        else:
            yield from _values(text, value, stop, ".".join(filter(None, (path, name))), limit, depth + 1)
        at = _skip(text, stop)


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
