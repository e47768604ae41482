"""Choosing segments: pure functions from scores and costs to indices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "above",
    "best_first",
    "ends_first",
    "one_or_none",
    "per_token",
    "spread",
    "top_under",
    "weakest_first",
    "worth",
]


def weakest_first(scores: Sequence[float | None]) -> list[int]:
    """All indices, lowest score first; ties and missing scores: the later position is the weaker.

    >>> weakest_first([0.5, None, 0.9, 0.5])
    [1, 3, 0, 2]
    """
    return sorted(range(len(scores)), key=lambda at: (_value(scores[at]), -at))


def best_first(scores: Sequence[float | None]) -> list[int]:
    """All indices, highest score first, ties by position.

    >>> best_first([0.5, None, 0.9, 0.5])
    [2, 0, 3, 1]
    """
    return weakest_first(scores)[::-1]


def top_under(order: Sequence[int], costs: Sequence[int], limit: int) -> list[int]:
    """Walk ``order`` and take what still fits, skipping what does not.

    Args:
        order: Candidate indices, best first.
        costs: Cost of every index, in tokens.
        limit: The sum of the costs taken stays at or below it.

    >>> top_under([2, 0, 1], costs=[5, 2, 4], limit=7)
    [2, 1]
    """
    taken: list[int] = []
    left = limit
    for at in order:
        if costs[at] <= left:
            taken.append(at)
            left -= costs[at]
    return taken


def above(scores: Sequence[float | None], threshold: float) -> list[int]:
    """The indices whose score is at least ``threshold``.

    >>> above([0.2, 0.9, None], 0.5)
    [1]
    """
    return [at for at, score in enumerate(scores) if _value(score) >= threshold]


def one_or_none(scores: NDArray[np.float64], keep: Sequence[float]) -> NDArray[np.float64]:
    """The probability of each of several alternatives, of which at most one is right: a multinomial logistic.

    Args:
        scores: Of the alternatives [n].
        keep: Slope and shift that make a score a logit; "none of them" has logit 0.
    """
    logits = np.append(keep[0] * scores + keep[1], 0.0)
    powers = np.exp(logits - logits.max())
    return np.asarray(powers[:-1] / powers.sum())


def per_token(chances: Sequence[float], sizes: Sequence[int]) -> list[float]:
    """How much of all probability each index brings for one token: what to keep first when tokens cost.

    >>> per_token([0.25, 0.25], sizes=[10, 5])
    [0.05, 0.1]
    """
    whole = sum(chances) or 1.0
    return [chance / whole / max(size, 1) for chance, size in zip(chances, sizes, strict=True)]


def worth(chances: Sequence[float], sizes: Sequence[int]) -> list[float]:
    """A probability over the square root of its tokens: what to keep first under a token budget.

    Between two rules: by probability alone, long segments crowd out several short ones that are likelier together; per
    token, as where tokens have a price, fragments come before the sentence that does not fit beside them. Half of the
    exponent kept most on the labeller's held-out training questions at 5 to 30 % of the tokens.

    >>> worth([0.3, 0.25], sizes=[16, 4])
    [0.075, 0.125]
    """
    return [chance / max(size, 1) ** 0.5 for chance, size in zip(chances, sizes, strict=True)]


def ends_first(order: Sequence[int]) -> list[int]:
    """Best at both ends: d1, d3, d5, …, d6, d4, d2, for even and odd numbers (Long-Context LLMs Meet RAG, 2024).

    >>> ends_first([1, 2, 3, 4, 5, 6]), ends_first([1, 2, 3])
    ([1, 3, 5, 6, 4, 2], [1, 3, 2])
    """
    return [*order[::2], *order[1::2][::-1]]


def spread(
    relevance: NDArray[np.floating], similarity: NDArray[np.floating], *, trade: float = 0.5, size: int | None = None
) -> list[int]:
    """Maximal marginal relevance order (Carbonell and Goldstein, 1998).

    Args:
        relevance: Shape [n]; higher is more relevant.
        similarity: Shape [n, n]; higher is more alike.
        trade: 1 means relevance alone, 0 means unlikeness alone.
        size: How many to choose; all when None.

    Returns:
        Indices, first chosen first; ties by position.
    """
    left = np.ones(len(relevance), dtype=bool)
    closest = np.zeros(len(relevance))
    chosen: list[int] = []
    for _ in range(min(size if size is not None else len(relevance), len(relevance))):
        gain = np.where(left, trade * relevance - (1 - trade) * closest, -np.inf)
        pick = int(np.argmax(gain))
        chosen.append(pick)
        left[pick] = False
        closest = similarity[pick] if len(chosen) == 1 else np.maximum(closest, similarity[pick])
    return chosen


def _value(score: float | None) -> float:
    return float("-inf") if score is None or score != score else float(score)
