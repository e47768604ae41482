"""Remembering what was made of a text: of many short ones, of the last long one alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar

__all__ = ["LONG", "remembered"]

LONG = 20_000  # characters; a thousand longer texts with all that was made of them would fill a machine's memory

T = TypeVar("T")


def remembered(most: int) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Remembers what a function made of its first argument, a text, for the last ``most`` texts and one long one.

    >>> @remembered(8)
    ... def upper(text: str) -> str:
    ...     print("made")
    ...     return text.upper()
    >>> upper("a"), upper("a")
    made
    ('A', 'A')
    """

    def decorate(work: Callable[..., T]) -> Callable[..., T]:
        short, long = lru_cache(maxsize=most)(work), lru_cache(maxsize=1)(work)

        @wraps(work)
        def found(text: str, *rest: Any) -> T:
            return (long if len(text) > LONG else short)(text, *rest)

        def forget() -> None:
            short.cache_clear()
            long.cache_clear()

        found.cache_clear = forget  # type: ignore[attr-defined]
        return found

    return decorate
