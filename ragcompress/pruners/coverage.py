"""What covers the whole: for questions that no part of the text answers better than another.

Words that several units share are what a text is about; units are taken that bring most of them that are not there
yet, from all passages (budgeted maximum coverage with falling returns, Lin and Bilmes, ACL 2011). No model, any script.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from ragcompress.core.budget import TokenBudget, costs
from ragcompress.core.clock import check, ticking
from ragcompress.core.context import Context
from ragcompress.core.render import fill, fit, fits
from ragcompress.pruners.pages import readable_part
from ragcompress.scorers.lexical import terms
from ragcompress.structure import units

__all__ = ["cover"]

AGAIN = 0.3  # what a word is worth when it comes again, of what it was worth before
SAME = 0.7  # likewise for a further unit of the same passage


def cover(context: Context, budget: TokenBudget) -> Context:
    """Units that together say most of what the passages say, within the budget."""
    split = readable_part(context).split(units)
    if fits(split, budget):
        return split
    bags = [frozenset(terms(segment.text)) for segment in ticking(split.segments)]
    owners = [segment.support[0].passage for segment in split.segments]
    order = _order(bags, owners, costs(split, budget))
    return fit(fill(split, budget, order), budget)


def _order(bags: Sequence[frozenset[str]], owners: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """Unit numbers, the one that adds most for its tokens first."""
    found = Counter(word for bag in bags for word in bag)
    weight = {word: math.log(1 + n) * math.log((len(bags) + 1) / n) for word, n in found.items()}
    taken: dict[int, int] = {}

    def gain(at: int) -> float:
        worth = math.fsum(weight[word] for word in sorted(bags[at]))
        return worth * SAME ** taken.get(owners[at], 0) / math.sqrt(max(sizes[at], 1))

    heap = [(-gain(at), at) for at in range(len(bags))]
    heapify(heap)
    order: list[int] = []
    while heap:
        check()
        stored, at = heappop(heap)
        now = -gain(at)
        if now > stored + 1e-12:  # some of its words were taken meanwhile
            heappush(heap, (now, at))
            continue
        order.append(at)
        taken[owners[at]] = taken.get(owners[at], 0) + 1
        for word in bags[at]:
            weight[word] *= AGAIN
    return order
