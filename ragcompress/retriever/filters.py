"""Filters on metadata, as LangChain's vector stores write them, without any query language of our own.

{"year": 1907}                                   equal
{"year": {"$gte": 1900, "$lt": 1950}}            compared
{"kind": ["notice", "rule"]}                     one of
{"$or": [{"year": 1907}, {"$not": {"kind": "notice"}}]}
lambda metadata: metadata["year"] > 1900         anything
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ragcompress.core.errors import InvalidInput

__all__ = ["Filter", "operators", "predicate"]

Metadata: TypeAlias = Mapping[str, Any]
Filter: TypeAlias = Mapping[str, Any] | Callable[[Metadata], bool] | None


def predicate(given: Filter) -> Callable[[Metadata], bool]:
    """The filter as a function of the metadata; a key that is missing matches only ``$ne``, ``$nin`` and ``$not``.

    >>> predicate({"year": {"$gte": 1900}})({"year": 1907}), predicate({"year": 1900})({})
    (True, False)

    Raises:
        InvalidInput: An operator that does not exist, or a filter of another type.
    """
    if given is None:
        return lambda metadata: True
    if callable(given):
        return given
    if not isinstance(given, Mapping):
        raise InvalidInput(f"filter must be a dict or a function of the metadata, not {type(given).__name__}")
    tests = [_clause(key, value) for key, value in given.items()]
    return lambda metadata: all(test(metadata) for test in tests)


def _clause(key: str, value: Any) -> Callable[[Metadata], bool]:
    if key in ("$and", "$or"):
        inner = [predicate(part) for part in value]
        join = all if key == "$and" else any
        return lambda metadata: join(test(metadata) for test in inner)
    if key == "$not":
        negated = predicate(value)
        return lambda metadata: not negated(metadata)
    if key.startswith("$"):
        raise InvalidInput(f"no filter is called {key!r}; there are $and, $or, $not around fields")
    tests = [_comparison(name, wanted) for name, wanted in operators(value).items()]
    return lambda metadata: all(test(metadata.get(key, _MISSING)) for test in tests)


def operators(value: Any) -> Mapping[str, Any]:
    """What a field is compared with, by operator: a bare value is ``$eq``, a list ``$in``."""
    if isinstance(value, Mapping) and value and all(str(name).startswith("$") for name in value):
        return value
    return {"$in": value} if isinstance(value, list | tuple | set | frozenset) else {"$eq": value}


_MISSING = object()
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le,
}  # fmt: skip


def _comparison(name: str, wanted: Any) -> Callable[[Any], bool]:
    if name == "$eq":
        return lambda found: bool(found == wanted)
    if name == "$ne":
        return lambda found: bool(found != wanted)
    if name == "$in":
        return lambda found: found in wanted or (isinstance(found, list) and any(item in wanted for item in found))
    if name == "$nin":
        return lambda found: found not in wanted
    if name in _ORDERED:
        return lambda found: _ordered(_ORDERED[name], found, wanted)
    raise InvalidInput(f"no comparison is called {name!r}; there are $eq, $ne, $in, $nin, {', '.join(_ORDERED)}")


def _ordered(compare: Callable[[Any, Any], bool], found: Any, wanted: Any) -> bool:
    if found is _MISSING or found is None:
        return False
    try:
        return bool(compare(found, wanted))
    except TypeError:  # a str beside a number has no order: no match
        return False
