"""The lines of a text, by number, and the block that a reader makes of some of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ragcompress.core.types import Unit

__all__ = ["LOOK", "Block", "Lines", "Reader", "Span", "one_line"]

Span = tuple[int, int]
LOOK = 400  # characters of a line that are looked at: a kind shows at its beginning, and hostile lines stay cheap
_BREAK = re.compile(r"\r\n|\n|\r")


class Lines:
    """A text by its lines.

    Attributes:
        text: The text.
        starts: Where each line begins, then the length of the text [lines + 1].
        barren: Up to which line remarks are known to stand over no code.
        size: How many lines there are.
        patience: Characters that readers may still read in vain: what keeps all readers together linear.
    """

    def __init__(self, text: str, inner: Callable[[str], list[Unit]] | None = None) -> None:
        """Lines of ``text``; ``inner`` reads what stands inside a block (a command's output) as a page of its own."""
        self.text = text
        self._inner = inner
        self.barren = 0
        self._seen: dict[int, str] = {}  # readers look at the same few lines again and again
        self.starts = [0, *(match.end() for match in _BREAK.finditer(text))]
        if self.starts[-1] != len(text):
            self.starts.append(len(text))
        self.patience = 4 * len(text) + 20_000

        self.size = len(self.starts) - 1

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, at: int) -> str:
        """The first `LOOK` characters of line ``at`` without white space at its end; ``""`` outside the text."""
        found = self._seen.get(at)
        if found is None:
            if not 0 <= at < self.size:
                return ""
            start = self.starts[at]
            found = self.text[start : min(self.starts[at + 1], start + LOOK)].rstrip()
            if len(self._seen) > 256:
                self._seen.clear()
            self._seen[at] = found
        return found

    def whole(self, at: int) -> str:
        """Line ``at`` with its end."""
        return self.text[self.starts[at] : self.starts[at + 1]]

    def span(self, start: int, stop: int) -> Span:
        """Where lines ``start`` to ``stop`` (exclusive) lie."""
        return self.starts[start], self.starts[stop]

    def inside(self, start: int, stop: int) -> list[Unit]:
        """Units of lines ``start`` to ``stop`` read as a page of their own; nested too deep they are a unit a line."""
        begin, end = self.span(start, stop)
        if self._inner is None:
            return [Unit(*self.span(number, number + 1), (), "line") for number in range(start, stop) if self[number]]
        return [
            Unit(begin + a, begin + b, tuple((begin + c, begin + d) for c, d in needs), kind)
            for a, b, needs, kind in self._inner(self.text[begin:end])
        ]

    def indent(self, at: int) -> int:
        """Columns of white space before line ``at``; a tab counts as four."""
        line = self[at]
        lead = line[: len(line) - len(line.lstrip())]
        return len(lead) + 3 * lead.count("\t")

    def after_blank(self, at: int) -> int:
        """The first line from ``at`` on that is not blank, or the number of lines."""
        while at < self.size and not self[at]:
            at += 1
        return at

    def filled(self, at: int, most: int) -> Iterator[str]:
        """At most ``most`` lines from ``at`` on that are not blank, from at most twice as many lines."""
        for number in range(at, min(at + 2 * most, len(self))):
            line = self[number]
            if line:
                yield line
                most -= 1
            if not most:
                return


class Block(NamedTuple):
    """What a reader made of some lines.

    Attributes:
        stop: The first line that is not in it.
        units: Its units in order; they tile its lines, or the end of one is taken to be the next one's start.
        level: For a heading its depth (1 is the highest); 0 for everything else.
        lead: Whether it needs the line above it that leads to it (a list its lead-in, a table its caption).
        over: For a block with a level what stands over all that follows; (): its first unit.
        under: For clauses the level at which headings end where they begin: § 3.3 does not stand under § 3.2; 0: none.
    """

    stop: int
    units: list[Unit]
    level: int = 0
    lead: bool = False
    over: tuple[Span, ...] = ()
    under: int = 0


Reader = Callable[[Lines, int], Block | None]
"""Reads the block that begins at a line, or returns None where none of its kind does. Never raises."""


def one_line(lines: Lines, at: int) -> Block:
    """A line by itself, whatever it is."""
    return Block(at + 1, [Unit(*lines.span(at, at + 1), (), "line")])
