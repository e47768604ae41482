"""Splitting a long page into passages at paragraph borders, without parting headings, code blocks or rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ragcompress.core.segment import MAX_ROW, paragraphs, sentences

__all__ = ["PAGE_LIMIT", "Piece", "split_page"]

PAGE_LIMIT = 1200  # characters, about 270 tokens: a passage and its title fit an encoder window
_ENOUGH = 1 / 3  # a heading begins a new piece once the one before it has this share of the limit

_HEADING = re.compile(r"\s*(#{1,6})[ \t]+(\S[^\r\n]*)\s*")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """Half-open ``str`` offsets of one passage in its page, without outer white space, and its title."""

    start: int
    end: int
    title: str


@dataclass(frozen=True, slots=True)
class _Block:
    """Offsets of text that stays together, the section it is in, and whether it opens that section."""

    start: int
    end: int
    section: str
    opens: bool


def split_page(text: str, *, title: str = "", limit: int = PAGE_LIMIT, headings: bool = True) -> list[Piece]:
    """Cut a page into pieces of about ``limit`` characters.

    Whole paragraphs are gathered while they fit. A paragraph beyond the limit is cut between sentences (a code block
    between lines), so a piece is only longer than the limit when a single row is.

    Args:
        text: Plain text or Markdown.
        title: The page's title when its text has no heading of the first level.
        limit: Characters in a piece.
        headings: Whether lines that begin with ``#`` are headings, as in Markdown; elsewhere they are comments.

    Returns:
        Pieces in order that leave out nothing but white space; none for a blank page. Titles read ``page – section``
        below a heading.

    >>> [(piece.start, piece.end, piece.title) for piece in split_page("# Cats\\n\\nThey purr.\\n")]
    [(0, 18, 'Cats')]
    """
    first = _HEADING.match(text) if headings else None
    page = first[2].rstrip("# \t") if first and first[1] == "#" else title
    return [
        Piece(start, end, f"{page} – {section}" if page and section not in ("", page) else page or section)
        for start, end, section in _gather(text, limit, headings)
    ]


def _gather(text: str, limit: int, headings: bool) -> Iterator[tuple[int, int, str]]:
    """Join blocks while they fit; offsets without outer white space, and the section of the first block."""
    start, end, section = 0, 0, ""
    for whole in _blocks(text, headings):
        for block in _cut(text, whole, limit):
            left, right = _strip(text, block.start, block.end)
            full = right - start > limit or (block.opens and end - start >= limit * _ENOUGH)
            if end > start and full:
                yield start, end, section
                end = start
            if end == start:
                start, section = left, block.section
            end = right
    if end > start:
        yield start, end, section


def _blocks(text: str, marked: bool) -> Iterator[_Block]:
    """Paragraphs; a heading goes with what follows it, and blank lines in a code block part nothing."""
    start, fences, section = 0, 0, ""
    for left, right in paragraphs(text):
        fences += len(_FENCE.findall(text, left, right))
        heading = _HEADING.match(text, left, right) if marked and fences % 2 == 0 else None
        if fences % 2 or (heading and heading.end() == right < len(text)):
            continue
        headings = _leading_headings(text, start, right) if marked else []
        section = headings[-1] if headings else section
        yield _Block(start, right, section, bool(headings))
        start = right
    if start < len(text):
        yield _Block(start, len(text), section, False)  # a code block that was never closed


def _leading_headings(text: str, start: int, end: int) -> list[str]:
    headings = []
    while match := _HEADING.match(text, start, end):
        headings.append(match[2].rstrip("# \t"))
        start = match.end()
    return headings


def _cut(text: str, block: _Block, limit: int) -> Iterator[_Block]:
    """The block itself when it fits; else parts that end with a line of code, a row or a sentence."""
    code = bool(_FENCE.match(text[block.start : block.start + 80].lstrip()))
    start, opens = block.start, block.opens
    last = _strip(text, start, block.end)[1]
    while last - start > limit:
        window = text[start : min(start + 2 * max(limit, MAX_ROW), block.end)]
        borders = [m.end() for m in re.finditer("\n", window)] if code else []
        borders = borders or [end for _, end in sentences(window)[:-1]] or [len(window)]
        cut = start + max((border for border in borders if border <= limit), default=borders[0])
        yield _Block(start, cut, block.section, opens)
        start, opens = cut, False
    if start < block.end:
        yield _Block(start, block.end, block.section, opens)


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
