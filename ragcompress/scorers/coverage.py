"""Rows, records and items told apart by the question's own words: what encoders of prose do badly.

Neighbouring rows are alike to an encoder that has read prose ("| 2 | 2021-07-01 |" beside "| 3 | 2022-03-01 |"), yet
one word or number of the question names the right one. So among units that are no prose, keep probability moves to
those whose words, with their frames in view, cover more of the question.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ragcompress.core.closing import links
from ragcompress.core.context import Context
from ragcompress.core.view import frames
from ragcompress.scorers.lexical import terms

__all__ = ["covered", "sharpened"]

PROSE = frozenset({"", "sentence", "clause", "answer", "frame"})
WEIGHT = 6.0  # how many times e-fold a unit that covers the whole question is likelier than one that covers nothing
SHORTEST = 3  # letters of a word that may abbreviate one of the question's: "Sat" for Saturday


def sharpened(context: Context) -> Context:
    """Keep probabilities of structured units moved to those that cover more of the question; their sum stays."""
    rows = [at for at, segment in enumerate(context.segments) if segment.kind not in PROSE]
    if len(rows) < 2:
        return context
    own = [segment.score or 0.0 for segment in context.segments]
    cover = covered(context)
    moved = [own[at] * math.exp(WEIGHT * cover[at]) for at in rows]
    before, after = sum(own[at] for at in rows), sum(moved)
    if after <= 0:
        return context
    result = list(own)
    for at, value in zip(rows, moved, strict=True):
        result[at] = value * before / after
    return context.with_scores(result)


def covered(context: Context) -> list[float]:
    """The share of the question's words that each segment has, with its frames in view; rare words weigh more.

    Words that no segment has count for none. A word that none has whole may be abbreviated.

    >>> covered(Context.of("On Saturday?", ["Sat 9:00", "Sun 9:00"]))
    [1.0, 0.0]
    """
    query = set(terms(context.asked))
    views = _views(context)
    known = set().union(*views) if views else set()
    spelled = {word: {word} if word in known else _abbreviations(word, known) for word in query}
    found = Counter(word for view in views for word in query if view & spelled[word])
    weight = {word: math.log(1 + len(views) / count) for word, count in found.items()}
    whole = math.fsum(weight.values())
    if whole <= 0:
        return [0.0] * len(views)
    return [math.fsum(w for word, w in weight.items() if view & spelled[word]) / whole for view in views]


def _views(context: Context) -> Sequence[set[str]]:
    """The words of every segment and of the frames that it needs."""
    needed = links(context)
    over: dict[int, set[int]] = {}
    for frame, under in frames(context, needed).items():
        for at in under:
            over.setdefault(at, set()).add(frame)
    own = [set(terms(segment.text)) for segment in context.segments]
    return [words.union(*(own[frame] for frame in over.get(at, ()))) for at, words in enumerate(own)]


def _abbreviations(word: str, known: set[str]) -> set[str]:
    if not word.isalpha():
        return set()
    return {other for other in known if SHORTEST <= len(other) < len(word) and word.startswith(other)}
