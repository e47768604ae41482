"""From what a store finds to what is wanted: deep enough, and several rankings as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ragcompress.retriever.hybrid import reciprocal_ranks
from ragcompress.retriever.lexical import words
from ragcompress.retriever.stores.rows import Found

__all__ = ["Ask", "asked_words", "enough", "fused"]

Ask = Callable[[int], list[Found]]


def asked_words(query: str) -> list[str]:
    """The words to look up, each once; no store takes thousands of them, or one of thousands of characters."""
    return [word for word in dict.fromkeys(words(query)) if len(word) <= 200][:500]


def enough(ask: Ask, k: int, accept: Callable[[Mapping[str, Any]], bool] | None) -> list[Found]:
    """The best ``k`` that pass the filter: look deeper until there are enough or no more."""
    depth = k
    while True:
        found = ask(depth)
        good = found if accept is None else [each for each in found if accept(each.passage.metadata)]
        if len(good) >= k or len(found) < depth:
            return good[:k]
        depth = max(depth * 4, 64)


def fused(rankings: Sequence[Sequence[Found]]) -> list[Found]:
    """One ranking as it is; several by reciprocal rank."""
    if len(rankings) == 1:
        return list(rankings[0])
    by_key = {each.key: each for ranking in reversed(rankings) for each in ranking}
    number = {key: at for at, key in enumerate(dict.fromkeys(each.key for ranking in rankings for each in ranking))}
    names = list(number)
    rows, scores = reciprocal_ranks([np.array([number[e.key] for e in ranking], np.int64) for ranking in rankings])
    return [
        replace(by_key[names[row]], score=float(score))
        for row, score in zip(rows.tolist(), scores.tolist(), strict=True)
    ]
