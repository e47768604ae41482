"""Lines that programs print one like the other: builds, test runs, file lists. Each line is a unit."""

from __future__ import annotations

import re
from collections import Counter

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines

__all__ = ["read_alike"]

_SHAPE = re.compile(r"[^\W\d_]+|\d+|[ \t]+|[^\w\s]|_")
_ENDED = re.compile(r"[.!?]['\")\]]*$|[,;:]$")
_WORDS = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+[,;]?)*$")
SAMPLE = 12  # lines that are looked at
LOST = 8  # lines in a row of another shape that end such a block


def read_alike(lines: Lines, at: int) -> Block | None:
    """At least four lines with no blank one between, most of the same shape, which is no sentence's.

    What is indented more than the line of another shape above it belongs to that line.
    """
    sample = [lines[number] for number in range(at, min(at + SAMPLE, len(lines)))]
    sample = sample[: sample.index("")] if "" in sample else sample
    if len(sample) < 4 or not any(map(_printed, sample)):
        return None
    shape, number = Counter(map(_shape, sample)).most_common(1)[0]
    if number < 3 or number * 2 < len(sample) or sum(map(_printed, sample)) * 2 < len(sample):
        return None
    units: list[Unit] = []
    stop, last = at, at  # the line after the block; the one after its last line of this shape
    while stop < len(lines) and lines[stop] and stop - last < LOST:
        alike = _shape(lines[stop]) == shape
        last = stop + 1 if alike else last
        begins = stop == at or alike or lines.indent(stop) <= lines.indent(stop - 1)
        span = lines.span(stop, stop + 1)
        if begins or units[-1].end - units[-1].start > 400:
            units.append(Unit(*span, (), "line"))
        else:
            units[-1] = units[-1]._replace(end=span[1])
        stop += 1
    return Block(stop, units, lead=True)


def _shape(line: str) -> str:
    """How a line begins: words, numbers, blanks and signs."""
    kinds = (
        "a" if part[0].isalpha() else "0" if part[0].isdigit() else part[0] if part.strip() else " "
        for part in _SHAPE.findall(line[:60])[:8]
    )
    return "".join(kinds)


def _printed(line: str) -> bool:
    """Whether a program rather than a writer made this line: no sentence's end, and more than words or very few."""
    line = line.strip()
    return not _ENDED.search(line) and (line.count(" ") < 3 or not _WORDS.match(line))
