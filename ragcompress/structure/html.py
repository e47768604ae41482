"""HTML into headings, rows, items, definitions and sentences, tags kept with what they enclose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Span
from ragcompress.structure.prose import prose_units

if TYPE_CHECKING:
    from ragcompress.structure.markup import Tag

__all__ = ["BLOCKS", "html_units"]

BLOCKS = frozenset(
    str.split("""
    html head body main article section header footer nav aside div p h1 h2 h3 h4 h5 h6 ul ol li dl dt
    dd table caption colgroup thead tbody tfoot tr td th blockquote pre figure figcaption form fieldset
    details summary title center address hr script style noscript iframe
    """)
)
_HEADINGS = {"title": 0, "h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_SILENT = frozenset({"script", "style"})
MOST_ROW = 2000  # characters of a row; a longer one is what lays out a page


class _Reader:
    """One pass over the tags: what is open, and which units stand over what comes next."""

    def __init__(self, text: str, end: int) -> None:
        self.text, self.end = text, end
        self.units: list[Unit] = []
        self.chain: list[tuple[int, Span]] = []  # headings
        self.items: list[tuple[Span, ...]] = []  # for every open list the lead-in, then the item that it is in
        self.tables: list[tuple[Span, ...]] = []  # for every open table its caption and header
        self.terms: tuple[Span, ...] = ()
        self.lead: tuple[Span, ...] = ()

    def over(self) -> tuple[Span, ...]:
        spans = [span for _, span in self.chain]
        for group in (*self.tables[-1:], *self.items[-6:]):
            spans += group
        return tuple(dict.fromkeys(spans))

    def leaf(self, start: int, end: int, block: str) -> None:
        """Text between two tags of blocks, together with the tags that open around it."""
        if block in _SILENT:
            self.units.append(Unit(start, end, (), "script"))
            return
        if block in _HEADINGS:
            level = _HEADINGS[block]
            self.chain = [(above, span) for above, span in self.chain if above < level]
            self.units.append(Unit(start, end, self.over(), "heading"))
            self.chain.append((level, (start, end)))
            return
        if block in ("caption", "figcaption", "dt"):
            self.units.append(Unit(start, end, self.over(), "term" if block == "dt" else "caption"))
            if block == "dt":
                self.terms = ((start, end),)
            elif self.tables:
                self.tables[-1] += ((start, end),)
            return
        needs = self.over() + (self.terms if block == "dd" else ())
        found = (
            [Unit(start, end, (), "item")]
            if block in ("li", "dd") and end - start <= 400
            else prose_units(self.text, start, end)
        )
        for first, last, own, kind in found:
            every = (*needs, *own) if own else needs
            self.units.append(Unit(first, last, tuple(n for n in every if n != (first, last)), kind))
        if block == "li" and self.items:
            self.items[-1] = (*self.items[-1][:1], found[0][:2]) if self.items[-1] else (found[0][:2],)
        final = self.units[-1]
        said = self.text[final.start : final.end].rstrip()
        self.lead = (final[:2],) if said.endswith((":", ":</p>", ":</b>", ":</strong>")) else ()

    def row(self, start: int, end: int, header: bool) -> None:
        needs = tuple(n for n in self.over() if n[0] < start)
        self.units.append(Unit(start, end, needs, "header" if header else "row"))
        if header and self.tables:
            self.tables[-1] += ((start, end),)


def html_units(text: str, tags: Sequence[Tag], start: int, end: int) -> list[Unit]:
    """Units of the elements whose ``tags`` lie in ``text[start:end]``."""
    reader = _Reader(text, end)
    blocks = [tag for tag in tags if tag.name in BLOCKS]
    begin = start  # where the tags that open around the next text begin
    opened: list[str] = []
    at = start
    number = 0
    rows = _rows(text, blocks)
    while number < len(blocks):
        tag = blocks[number]
        if text[at : tag.start].strip():
            while text[begin].isspace():
                begin += 1
            reader.leaf(begin, tag.start, opened[-1] if opened else "p")
            begin = tag.start
        while begin < tag.start and text[begin].isspace():
            begin += 1
        if number in rows:
            number, header = rows[number]
            reader.row(begin, blocks[number].end, header)
            begin = at = blocks[number].end
            number += 1
            continue
        _step(reader, tag, opened)
        if tag.step != 1:
            begin = tag.end
        at = tag.end
        number += 1
    if text[at:end].strip():
        reader.leaf(begin, end, "p")
    return reader.units


def _step(reader: _Reader, tag: Tag, opened: list[str]) -> None:
    """Opens or closes what a tag says."""
    name = tag.name
    if tag.step == 1:
        opened.append(name)
        if name in ("ul", "ol"):
            reader.items.append(reader.lead)
            reader.lead = ()
        elif name == "table":
            reader.tables.append(reader.lead)
            reader.lead = ()
    elif tag.step == -1:
        while opened:
            last = opened.pop()
            if last in ("ul", "ol") and reader.items:
                reader.items.pop()
            elif last == "table" and reader.tables:
                reader.tables.pop()
            elif last == "dl":
                reader.terms = ()
            if last == name:
                break


def _rows(text: str, blocks: Sequence[Tag]) -> dict[int, tuple[int, bool]]:
    """For the number of a tag that opens a row that of the tag that closes it, and whether it is the table's header."""
    rows: dict[int, tuple[int, bool]] = {}
    first = -1
    cells: list[str] = []
    for number, tag in enumerate(blocks):
        if tag.name == "table":
            first = -1  # a table in a cell: the row around it lays out the page
        elif tag.name == "tr" and tag.step == 1:
            first, cells = number, []
        elif tag.name in ("td", "th") and tag.step == 1:
            cells.append(tag.name)
        elif tag.name == "tr" and tag.step == -1 and first >= 0:
            if tag.end - blocks[first].start <= MOST_ROW:
                rows[first] = (number, bool(cells) and cells.count("th") == len(cells))
            first = -1
    return rows
