"""Units judged with what they need in view: "75 EUR" answers nothing, under "Student visa, fee" it does.

Headings, header rows, questions and keys are frames: they answer nothing by themselves, but say what the units under
them are about. Here what a scorer found in a frame goes over to the units that need it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ragcompress.core.closing import Links, closed, links
from ragcompress.core.context import Context

__all__ = ["FRAMES", "frames", "in_view", "shared"]

FRAMES = frozenset({"heading", "header", "rule", "question", "key", "open", "close", "lead", "file"})
"""Kinds of units that are kept for others only; so is a line that ends with a colon and leads to others."""


def frames(context: Context, needed: Links) -> dict[int, list[int]]:
    """For every frame the units that need it, directly or through other frames; a frame that nobody needs is none.

    >>> from ragcompress.core.types import Unit
    >>> rows = lambda text: [Unit(0, 5, (), "header"), Unit(5, 9, ((0, 5),), "row")]
    >>> context = Context.of("q", ["Head\\nrow."]).split(rows)
    >>> frames(context, links(context))
    {0: [1]}
    """
    kinds = [s.kind in FRAMES or s.text.rstrip().endswith((":", "：")) for s in context.segments]
    users: dict[int, list[int]] = {}
    for at, needs in enumerate(needed):
        if needs and not kinds[at]:
            for need in closed(needs, needed):
                if kinds[need]:
                    users.setdefault(need, []).append(at)
    return users


def shared(context: Context) -> Context:
    """Keep probabilities with each frame's given over to the units under it, in proportion to their own.

    The sum stays what it was, but for units without a letter or a digit ("#", "* * *"), which get nothing.
    """
    users, silent = frames(context, links(context)), _silent(context)
    if not users and not silent:
        return context
    own = [segment.score or 0.0 for segment in context.segments]
    result = list(own)
    for frame, under in users.items():
        whole = sum(own[at] for at in under)
        for at in under:
            result[at] += own[frame] * (own[at] / whole if whole > 0 else 1 / len(under))
        result[frame] = 0.0
    for at in silent:
        result[at] = 0.0
    return context.with_scores(result)


def in_view(context: Context) -> Context:
    """Relative scores with the frames in view: a unit counts as much as the mean of itself and its best frame, if more.

    Frames themselves get the lowest score of all, and so do units without a letter or a digit.
    """
    users, silent = frames(context, links(context)), _silent(context)
    scores = [segment.score for segment in context.segments]
    if not (users or silent) or any(score is None for score in scores):
        return context
    own = [score or 0.0 for score in scores]
    lifted = _lifted(own, users)
    for at in silent:
        lifted[at] = min(own)
    return context.with_scores(lifted)


def _silent(context: Context) -> list[int]:
    return [at for at, segment in enumerate(context.segments) if not any(map(str.isalnum, segment.text))]


def _lifted(own: Sequence[float], users: dict[int, list[int]]) -> list[float]:
    result = list(own)
    lowest = min(own)
    for frame, under in users.items():
        for at in under:
            result[at] = max(result[at], (own[at] + own[frame]) / 2)
        result[frame] = lowest
    return result
