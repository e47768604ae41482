"""What was shortened and what was left alone, in one list again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

__all__ = ["woven"]

T = TypeVar("T")


def woven(shown: Sequence[tuple[int, T]], others: Iterable[tuple[int, T]]) -> list[T]:
    """``shown`` in its order, and each of ``others`` behind what came before it.

    Args:
        shown: Pairs of a number in the list that was given, and what stands for it.
        others: Such pairs of what was not to be shortened, by number.

    >>> woven([(3, "d"), (0, "a")], [(1, "picture"), (4, "film")])
    ['d', 'film', 'a', 'picture']
    """
    places = {number: at for at, (number, _) in enumerate(shown)}
    keyed = [((at, -1), item) for at, (_, item) in enumerate(shown)]
    for number, item in others:
        before = max((given for given in places if given < number), default=None)
        keyed.append(((-1 if before is None else places[before], number), item))
    return [item for _, item in sorted(keyed, key=lambda pair: pair[0])]
