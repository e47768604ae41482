"""Splitting a long page into passages at paragraph borders, without parting headings, code blocks or rows."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from ragcompress.core.segment import MAX_ROW, paragraphs, sentences
from ragcompress.core.types import Unit
from ragcompress.structure import units

__all__ = ["PAGE_LIMIT", "Piece", "split_page"]

PAGE_LIMIT = 1200  # characters, about 270 tokens: a passage and its title fit an encoder window
_ENOUGH = 1 / 3  # a heading begins a new piece once the one before it has this share of the limit

MOST_ABOVE = 4000  # units before a piece among which its table's header is looked for
MOST_NAME = 160  # characters of a heading or header that goes into a title

_MARKS = re.compile(r"^[ \t]*#{1,6}[ \t]+|(?:(?<![ \t])[ \t]++#*+|(?<![ \t#])#++)$")
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
    """Offsets of text that stays together, and whether it opens a section."""

    start: int
    end: int
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
        below a heading, with all headings of a chain, and end with the header of a table that began before the piece.

    >>> [(piece.start, piece.end, piece.title) for piece in split_page("# Cats\\n\\nThey purr.\\n")]
    [(0, 18, 'Cats')]
    """
    first = _HEADING.match(text) if headings else None
    page = first[2].rstrip("# \t") if first and first[1] == "#" else title
    found = units(text)
    return [
        Piece(start, end, " – ".join(filter(None, (page, *_above(text, found, start, end, page, headings)))))
        for start, end in _gather(text, limit, headings, [unit.end for unit in found])
    ]


def _above(text: str, found: Sequence[Unit], start: int, end: int, page: str, marked: bool) -> list[str]:
    """What stands over a piece: its headings but the page's own, and the header of a table that began before it.

    Of a piece with several sections, the headings they share, then the first in which they differ, side by side.
    """
    chains = list(dict.fromkeys(_chain(text, found, at, start, page, marked) for at in _sections(found, start, end)))
    if len(chains) == 1:
        return list(chains[0])
    shared = sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, zip(*chains, strict=False)))
    apart = list(dict.fromkeys(chain[shared] for chain in chains if len(chain) > shared))
    said = ", ".join(apart)
    return [*chains[0][:shared], said if len(said) <= MOST_NAME else f"{apart[0]} … {apart[-1]}"]


def _sections(found: Sequence[Unit], start: int, end: int) -> Iterator[int]:
    """The unit a piece begins in, or the last of the headings it begins with; then each heading with text below it."""
    at = bisect_right(found, start, key=lambda unit: unit.start) - 1
    while at + 1 < len(found) and found[at].kind == "heading" and found[at + 1].start < end:
        at += 1
    yield at
    for later in range(at + 1, len(found) - 1):
        if found[later + 1].start >= end:
            break
        if found[later].kind == "heading" and found[later + 1].kind != "heading":
            yield later


def _chain(text: str, found: Sequence[Unit], at: int, start: int, page: str, marked: bool) -> tuple[str, ...]:
    """The names over a unit, the outermost first, its own last if it is a heading."""
    own = {unit[:2]: unit.kind for unit in found[max(at - MOST_ABOVE, 0) : at]}
    names: list[str] = []
    for need in (*found[at].needs, *((found[at][:2],) if found[at].kind == "heading" else ())):
        said = _MARKS.sub("", text[need[0] : need[1]].strip().split("\n", 1)[0]).strip()
        kind = own.get(need, "heading" if _HEADING.match(text, *need) or need == found[at][:2] else "")
        heading = marked and kind == "heading" and said != page
        if said and len(said) <= MOST_NAME and (heading or (kind == "header" and need[1] <= start)):
            names.append(said.strip("| ").replace(" | ", ", ") if kind == "header" else said.rstrip(":"))
    return tuple(names)


def _gather(text: str, limit: int, headings: bool, ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Join blocks while they fit; offsets without outer white space."""
    start, end = 0, 0
    for whole in _blocks(text, headings):
        for block in _cut(text, whole, limit, ends):
            left, right = _strip(text, block.start, block.end)
            full = right - start > limit or (block.opens and end - start >= limit * _ENOUGH)
            if end > start and full:
                yield start, end
                end = start
            start = left if end == start else start
            end = right
    if end > start:
        yield start, end


def _blocks(text: str, marked: bool) -> Iterator[_Block]:
    """Paragraphs; a heading goes with what follows it, and blank lines in a code block part nothing."""
    start, fences = 0, 0
    for left, right in paragraphs(text):
        fences += len(_FENCE.findall(text, left, right))
        if fences % 2 or (marked and right < len(text) and _is_heading(text, left, right)):
            continue
        yield _Block(start, right, marked and bool(_HEADING.match(text, start, right)))
        start = right
    if start < len(text):
        yield _Block(start, len(text), False)  # a code block that was never closed


def _is_heading(text: str, left: int, right: int) -> bool:
    """Whether a paragraph is nothing but a heading."""
    heading = _HEADING.match(text, left, right)
    return heading is not None and heading.end() == right


def _cut(text: str, block: _Block, limit: int, ends: Sequence[int]) -> Iterator[_Block]:
    """The block itself when it fits; else parts that end with a unit: a line of code, a row, a record or a sentence."""
    code = bool(_FENCE.match(text[block.start : block.start + 80].lstrip()))
    start, opens = block.start, block.opens
    last = _strip(text, start, block.end)[1]
    while last - start > limit:
        window = text[start : min(start + 2 * max(limit, MAX_ROW), block.end)]
        borders = [m.end() for m in re.finditer("\n", window)] if code else []
        first = bisect_right(ends, start)
        borders = borders or [end - start for end in ends[first : bisect_right(ends, start + len(window) - 1)]]
        if not borders or borders[0] > MAX_ROW:
            borders = [end for _, end in sentences(window)[:-1]] or [len(window)]
        cut = start + max((border for border in borders if border <= limit), default=borders[0])
        yield _Block(start, cut, opens)
        start, opens = cut, False
    if start < block.end:
        yield _Block(start, block.end, opens)


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
