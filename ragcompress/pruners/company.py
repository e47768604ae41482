"""A line that only says when or for what the rest of its passage holds is worth sending beside some of that rest.

"Valid from 1 May 2016." alone dates nothing. Where it answers by itself, it holds much of the probability, and stays.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from ragcompress.core.context import Context
from ragcompress.core.types import Span

__all__ = ["LONE", "in_company"]

LONE = "says only when or for what the rest of its passage holds, and none of that is kept"
ANSWERS = 0.1  # of all probability: a line that holds so much is an answer itself
LEAST = 3  # units of a passage, of which all others need the line


def in_company(kept: Context, split: Context) -> Context:
    """``kept`` without the lines that all the rest of their passage needs, where nothing of that rest is kept.

    Args:
        kept: Units with keep probabilities, as chosen from ``split``.
        split: All units.

    Returns:
        ``kept`` itself where every such line has company or is likely an answer, or where nothing else was kept.
    """
    lines = _lines(split)
    if not lines:
        return kept
    around = Counter(segment.support[0].passage for segment in kept.segments)
    enough = ANSWERS * sum(segment.score or 0.0 for segment in kept.segments)
    stays = [
        at
        for at, segment in enumerate(kept.segments)
        if segment.support[0] not in lines or around[segment.support[0].passage] > 1 or (segment.score or 0.0) >= enough
    ]
    return kept.keep(stays, LONE) if 0 < len(stays) < len(kept.segments) else kept


def _lines(split: Context) -> set[Span]:
    """What every other unit of its passage needs."""
    units: Counter[int] = Counter()
    needed: dict[int, Counter[Span]] = defaultdict(Counter)
    for segment in split.segments:
        passage = segment.support[0].passage
        units[passage] += 1
        needed[passage].update(need for need in segment.needs if need.passage == passage)
    return {
        span
        for passage, own in needed.items()
        for span, times in own.items()
        if units[passage] >= LEAST and times == units[passage] - 1
    }
