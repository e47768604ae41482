"""What callers hand in: passages with ids, questions, numbers; checked before anything changes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage

__all__ = ["as_ids", "as_passages", "check_batch", "check_queries", "content_id", "last_of_each"]


def as_passages(given: Iterable[str | Passage]) -> list[Passage]:
    """Make passages of texts, and give each one without an id one that follows from its content.

    The second time the same content comes in one call, its id ends in ``-2``, and so on: nothing is lost, and
    giving the same list again gives the same ids.

    Raises:
        InvalidInput: ``given`` is a single string, or holds something else than str or Passage.
    """
    if isinstance(given, str | bytes | Passage):
        raise InvalidInput(f"passages is one {type(given).__name__}; give a list of str or Passage")
    seen: Counter[str] = Counter()
    return [_with_id(_as_passage(item, place), seen) for place, item in enumerate(given)]


def _as_passage(item: object, place: int) -> Passage:
    if isinstance(item, Passage):
        return item
    if isinstance(item, str):
        return Passage(item)
    raise InvalidInput(f"passages[{place}] is {type(item).__name__}; give str or ragcompress.Passage")


def _with_id(passage: Passage, seen: Counter[str]) -> Passage:
    if passage.id:
        return passage
    plain = content_id(passage)
    seen[plain] += 1
    return replace(passage, id=plain if seen[plain] == 1 else f"{plain}-{seen[plain]}")


def content_id(passage: Passage) -> str:
    """An id that follows from title and text alone: ``p-`` and 24 hexadecimal digits.

    >>> content_id(Passage("a")) == content_id(Passage("a", metadata={"page": 3}))
    True
    """
    body = f"{passage.title}\0{passage.text}".encode("utf-8", "surrogatepass")
    return f"p-{hashlib.sha256(body).hexdigest()[:24]}"


def as_ids(ids: Iterable[str]) -> list[str]:
    """One id on its own is meant as one id, not as its letters."""
    return [ids] if isinstance(ids, str) else list(ids)


def last_of_each(passages: Sequence[Passage]) -> list[Passage]:
    """Of several passages with one id, the last, in the place of the first."""
    return list({passage.id: passage for passage in passages}.values())


def check_queries(queries: Sequence[str], k: int) -> None:
    """Refuse what can't be searched for."""
    if isinstance(queries, str):
        raise InvalidInput("queries is one str; give a list, or use retrieve")
    for query in queries:
        if not isinstance(query, str):
            raise InvalidInput(f"the query is {type(query).__name__}; give a str")
        if not query.strip():
            raise InvalidInput("the query is empty; give the question's text")
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 0:
        raise InvalidInput(f"k is {k!r}; give a whole number of at least 0")


def check_batch(batch_size: int) -> None:
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise InvalidInput(f"batch_size is {batch_size!r}; give a whole number of at least 1")
