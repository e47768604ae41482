"""Finding quoted text in its source, also where the quoting changed white space, quotation marks or dashes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ragcompress.core.types import Passage, Span

__all__ = ["locate"]

_QUOTES = "\"'“”„‘’«»`´"
_DASHES = "-‐‑‒–—−"
_GAP = re.compile(r"(?<!\s)\s*+(?:\[\s*(?:…|\.\.\.)\s*\]|…|\.\.\.)\s*")


def locate(extract: str, passages: Sequence[Passage], *, first: int | None = None) -> list[Span]:
    """The spans that ``extract`` quotes; empty when it, or a part between ellipses, is nowhere.

    Exact text is looked for first, then text that differs in white space, quotation marks, dashes or case alone.

    Args:
        extract: What a model says it copied; ``…`` may stand for text left out.
        passages: Where to look.
        first: The number of the passage it is said to come from, looked through before the others.

    >>> locate("the  'gate' … opened", [Passage("Then the “gate” was finally opened.")])
    [Span(passage=0, start=5, end=15), Span(passage=0, start=28, end=34)]
    """
    parts = [part for part in _GAP.split(_bare(extract)) if part.strip(" .,;:")]
    order = sorted(range(len(passages)), key=lambda at: (at != first, at))
    for at in order:
        spans = list(_in_one(parts, passages[at].text, at))
        if parts and len(spans) == len(parts):
            return spans
    return []


def _in_one(parts: Sequence[str], text: str, passage: int) -> Iterator[Span]:
    """The parts one after the other; stops at the first that is not there."""
    position = 0
    for part in parts:
        found = _find(part, text, position)
        if found is None:
            return
        start, position = found
        yield Span(passage, start, position)


def _find(part: str, text: str, position: int) -> tuple[int, int] | None:
    exact = text.find(part, position)
    if exact >= 0:
        return exact, exact + len(part)
    for wanted in dict.fromkeys((part, part.rstrip(" .,;:!?"))):
        match = re.compile(_tolerant(wanted), re.IGNORECASE).search(text, position) if wanted else None
        if match:
            return match.span()
    return None


def _tolerant(part: str) -> str:
    """A pattern for ``part`` in which white space, quotation marks and dashes may differ."""
    pieces = re.findall(rf"\s+|[{_QUOTES}]+|[{_DASHES}]|[^\s{_QUOTES}{_DASHES}]+", part)
    return "".join(map(_piece, pieces))


def _piece(piece: str) -> str:
    if piece.isspace():
        return r"\s+"
    if piece[0] in _QUOTES:
        return f"[{_QUOTES}]{{1,3}}"
    if piece in _DASHES:
        return f"[{_DASHES}]"
    return re.escape(piece)


def _bare(extract: str) -> str:
    """Without the quotation marks around all of it."""
    text = extract.strip()
    while len(text) > 2 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text[1:-1].strip()
    return text
