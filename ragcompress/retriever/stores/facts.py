"""Metadata as facts that any store can look up: one short hash per key and value.

A filter becomes groups of facts; a passage that matches has at least one fact of each group. That may let too many
through (comparisons and negations are not facts), never too few, and what comes back is checked with the filter
itself. So a filter means the same in every store, and no user's text ever reaches a query language.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from ragcompress.retriever.filters import Filter, operators

__all__ = ["Groups", "fact", "facts_of", "needed"]

Groups = tuple[frozenset[str], ...]


def fact(key: str, value: Any) -> str:
    """16 hexadecimal digits for a key with a value; values that are equal in Python give equal ones.

    >>> fact("year", 1907) == fact("year", 1907.0) != fact("year", "1907")
    True
    """
    body = json.dumps([key, _canonical(value)])
    return hashlib.blake2b(body.encode(), digest_size=8).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        whole = isinstance(value, int) or (math.isfinite(value) and value.is_integer())
        return ["n", str(int(value)) if whole else repr(value)]
    if isinstance(value, list | tuple):
        return ["l", [_canonical(item) for item in value]]
    if isinstance(value, Mapping):
        return ["d", sorted([str(key), _canonical(item)] for key, item in value.items())]
    return ["s", value] if isinstance(value, str) else ["o", repr(value)]


def facts_of(metadata: Mapping[str, Any]) -> list[str]:
    """The facts of a passage: each key with its value, and with each item where the value is a list."""
    found = {fact(key, value) for key, value in metadata.items()}
    found |= {fact(key, item) for key, value in metadata.items() if isinstance(value, list) for item in value}
    return sorted(found)


def needed(where: Filter) -> Groups:
    """Groups of facts: whatever matches the filter has at least one of each group.

    An empty group is had by nothing: the filter matches nothing.
    """
    if not isinstance(where, Mapping):
        return ()
    return tuple(group for key, value in where.items() for group in _groups(key, value))


def _groups(key: str, value: Any) -> Iterator[frozenset[str]]:
    if key == "$and":
        for part in value:
            yield from needed(part)
    elif key == "$or":
        parts = [needed(part) for part in value]
        if parts and all(parts):
            yield frozenset[str]().union(*(groups[0] for groups in parts))
    elif not key.startswith("$"):
        for name, wanted in operators(value).items():
            if name == "$eq":
                yield frozenset({fact(key, wanted)})
            elif name == "$in" and isinstance(wanted, list | tuple | set | frozenset):
                yield frozenset(fact(key, item) for item in wanted)
