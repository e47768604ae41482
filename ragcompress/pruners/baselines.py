"""What every method must beat: truncation, top passages, lead sentences, random sentences."""

from __future__ import annotations

import random as _random
from dataclasses import replace
from itertools import groupby
from zlib import crc32

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.render import fill, fit
from ragcompress.core.segment import words
from ragcompress.core.select import best_first
from ragcompress.structure import units

__all__ = ["lead", "random", "top_passages", "truncate"]


def truncate(context: Context, budget: TokenBudget) -> Context:
    """The passages in order until the budget is full, cut between words."""
    return fit(_in_words(context), budget)


def top_passages(context: Context, budget: TokenBudget) -> Context:
    """Whole passages by the retriever's score (in the given order without one); the first that is too long is cut."""
    scores = [context.passages[segment.support[0].passage].score for segment in context.segments]
    ranked = best_first(scores) if any(score is not None for score in scores) else range(len(scores))
    split = _in_words(context)
    place = {passage: rank for rank, passage in enumerate(context.segments[at].support[0].passage for at in ranked)}
    order = sorted(range(len(split.segments)), key=lambda at: (place[split.segments[at].support[0].passage], at))
    return fit(split.with_scores(_places(order)), budget)


def lead(context: Context, budget: TokenBudget) -> Context:
    """The first sentence of every passage, then every second one, and so on, as long as they fit."""
    split = context.split(units)
    numbers: list[int] = []
    for _, group in groupby(split.segments, key=lambda segment: segment.support[0].passage):
        numbers.extend(range(len(list(group))))
    return fit(fill(split, budget, sorted(range(len(numbers)), key=lambda at: (numbers[at], at))), budget)


def random(context: Context, budget: TokenBudget) -> Context:
    """Sentences drawn at random, the same ones for the same query and passages."""
    split = context.split(units)
    order = list(range(len(split.segments)))
    _random.Random(crc32(repr((context.query, len(order))).encode("utf-8", "replace"))).shuffle(order)
    return fit(fill(split, budget, order), budget)


def _in_words(context: Context) -> Context:
    """Cut into words, which say that words beside them may be gone."""
    split = context.split(words)
    return replace(split, segments=tuple(replace(segment, lossy=True) for segment in split.segments))


def _places(order: list[int]) -> list[float]:
    """Scores that fall along ``order``."""
    scores = [0.0] * len(order)
    for rank, at in enumerate(order):
        scores[at] = -float(rank)
    return scores
