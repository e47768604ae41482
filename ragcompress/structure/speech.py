"""Speech that was written down without punctuation, into clauses."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from ragcompress.structure.lines import Span

__all__ = ["clauses"]

SENTENCE = 500  # characters of the longest sentence that goes without a comma
LONG = 240  # characters without any mark from which on a stretch is speech
_MARK = re.compile(r"[.,;:!?…()\[\]{}\"|=/\u2013\u2014。！？；，、।؟۔،؛\u1361-\u1368]|\d-\d")
_STOP = re.compile(r"[.!?…:;\"')\]。！？।؟۔]\s*$")
_JOINT = re.compile(r" (?=(?:and|but|so|then|okay|ok|now|because|und|aber|dann|et|mais|y|pero) )", re.IGNORECASE)
_SUBJECT = re.compile(r" (?=(?:you|we|i|they|he|she|do|don't|if|when|the) )", re.IGNORECASE)


def clauses(text: str, tiles: Sequence[Span]) -> list[tuple[int, int, bool]]:
    """``tiles`` with those that are speech cut into clauses, of about six to twenty-five words.

    Returns:
        ``(start, end, whether it is a clause)``, tiling what the tiles tile.
    """
    found: list[tuple[int, int, bool]] = []
    starts = [start for start, _ in tiles]
    for start, end in _runs(text, tiles):
        if end - start > LONG and _is_speech(text[start:end].strip()):
            found += [(start + a, start + b, True) for a, b in _cut(text[start:end])]
        elif end - start > LONG:
            first = bisect_left(starts, start)
            found += [(a, b, False) for a, b in tiles[first : bisect_left(starts, end)]]
        else:
            found.append((start, end, False))
    return found


def _is_speech(run: str) -> bool:
    """Whether a long stretch has no mark in it; one that begins with a capital and ends with a stop is a sentence."""
    written = len(run) <= SENTENCE and run[:1].isupper() and run[-1:] in ".!?"
    return not written and run.count(" ") > 30 and not _MARK.search(run.rstrip(" .?!"))


def _runs(text: str, tiles: Sequence[Span]) -> list[Span]:
    """Tiles joined again where they were cut for their length alone."""
    if all(end - start <= LONG for start, end in tiles):
        return list(tiles)
    runs: list[Span] = []
    for start, end in tiles:
        if runs and end - start > LONG / 2 and runs[-1][1] - runs[-1][0] > LONG and _forced(text, *runs[-1], start):
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def _forced(text: str, start: int, end: int, at: int) -> bool:
    return not _STOP.search(text[max(start, end - 8) : end]) and text[at : at + 1].islower()


def _cut(text: str) -> list[Span]:
    ends = [0]
    for match in _JOINT.finditer(text):
        if text.count(" ", ends[-1], match.start()) >= 5 and text.count(" ", match.end(), match.end() + 80) >= 4:
            ends = _broken(text, ends, match.end())
    ends = _broken(text, ends, len(text))
    return list(pairwise(ends))


def _broken(text: str, ends: list[int], end: int) -> list[int]:
    """Add an end, and others before it where the stretch is too long."""
    while end - ends[-1] > 200:
        window = text[ends[-1] + 60 : ends[-1] + 180]
        found = list(_SUBJECT.finditer(window))
        cut = found[-1].end() if found else window.rfind(" ") + 1 or len(window)
        ends.append(ends[-1] + 60 + cut)
    if end > ends[-1]:
        ends.append(end)
    return ends
