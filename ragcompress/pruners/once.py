"""What several passages say in the same words counts once."""

from __future__ import annotations

import re
from dataclasses import replace

from ragcompress.core.closing import links
from ragcompress.core.context import Context
from ragcompress.core.select import best_first
from ragcompress.core.types import Dropped, Segment

__all__ = ["DUPLICATE", "once"]

DUPLICATE = "duplicate"
_WORD = re.compile(r"\w+")

_Said = tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]


def once(context: Context, *, add: bool = False) -> Context:
    """``context`` with one of each group of units that say the same: the best scored, else the first.

    Two units say the same when they, the titles above them and all that they need have the same words, letter case,
    white space and punctuation aside. A unit that another one needs stays.

    Args:
        context: Units, with scores or without.
        add: Give the one that stays the sum of the scores, as befits probabilities.

    Returns:
        The copies stand on `Context.dropped`, each pointing to the one that stays by `Dropped.same_as`.
    """
    groups: dict[_Said, list[int]] = {}
    for at, segment in enumerate(context.segments):
        groups.setdefault(_said(context, segment), []).append(at)
    if len(groups) == len(context.segments):
        return context
    needed = {need for own in links(context) for need in own}
    segments = list(context.segments)
    gone: dict[int, Dropped] = {}
    for group in groups.values():
        first = group[best_first([context.segments[at].score for at in group])[0]]
        for at in group:
            if at != first and at not in needed and context.segments[at].text.strip():
                gone[at] = Dropped(context.segments[at], DUPLICATE, context.segments[first].support[0])
                if add:
                    total = (segments[first].score or 0.0) + (context.segments[at].score or 0.0)
                    segments[first] = replace(segments[first], score=total)
    stay = tuple(segment for at, segment in enumerate(segments) if at not in gone)
    return replace(context, segments=stay, dropped=(*context.dropped, *gone.values()))


def _said(context: Context, segment: Segment) -> _Said:
    title = context.passages[segment.support[0].passage].title
    return title, _words(segment.text), tuple(_words(context.read(need)) for need in segment.needs)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))
