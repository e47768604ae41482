"""Lines that programs print one like the other: builds, test runs, file lists. Each line is a unit."""

from __future__ import annotations

import re
from collections import Counter

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines

__all__ = ["is_value", "read_alike"]

_SHAPE = re.compile(r"[^\W\d_]+|\d+|[ \t]+|[^\w\s]|_")
_ENDED = re.compile(r"[.!?]['\")\]]*$|[,;:]$")
_WRITTEN = re.compile(
    r"(?:\b[^\W\d_A-Z]+,? ){3}[^\W\d_A-Z]+\b|[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0e7f]{12}"
)  # words in a row
_CODE = re.compile(r"[\w.-][/\\][\w./\\-]|[_={}<>|\[\]]|::|\w\(|^\S+:\d+:")
_WORDS = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+[,;]?)*$")
_LETTER = re.compile(r"[^\W\d_]{2}")
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
    if sum(bool(_WRITTEN.search(line)) for line in sample) * 5 > 2 * len(sample):  # prose that was wrapped
        return None
    shape, number = Counter(map(_shape, sample)).most_common(1)[0]
    if number < 3 or number * 2 < len(sample) or sum(map(_printed, sample)) * 2 < len(sample):
        return None
    units: list[Unit] = []
    stop, last = at, at  # the line after the block; the one after its last line of this shape
    while stop < len(lines) and lines[stop] and stop - last < LOST:
        alike = _shape(lines[stop]) == shape
        last = stop + 1 if alike else last
        begins = stop == at or (
            (alike or lines.indent(stop) <= lines.indent(stop - 1)) and not is_value(lines[stop], lines[stop - 1])
        )
        span = lines.span(stop, stop + 1)
        if begins or units[-1].end - units[-1].start > 400:
            units.append(Unit(*span, (), "line"))
        else:
            units[-1] = units[-1]._replace(end=span[1])
        stop += 1
    return Block(stop, units, lead=True)


def is_value(line: str, above: str) -> bool:
    """Whether a line is a bare number or sign that belongs to the label above it, as in a table read cell by cell."""
    return not _LETTER.search(line) and (bool(_LETTER.search(above)) or len(above) < 30)


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
    if _CODE.search(line) and not line.endswith((".", "!", "?")):
        return True
    return not _ENDED.search(line) and (line.count(" ") < 3 or not _WORDS.match(line))
