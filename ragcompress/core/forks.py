"""Locks that a forked child finds open, and lazy attributes that need none.

A child has one thread, the one that forked. A lock that another thread held at that moment stays shut in the child
for ever, since nobody is there to open it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

__all__ = ["Lock", "after_fork", "cached_property"]

if TYPE_CHECKING or sys.version_info >= (3, 12):
    from functools import cached_property
else:

    class cached_property:
        """An attribute that is computed at first need; two threads that come first may both compute it."""

        def __init__(self, make: Callable[[Any], Any]) -> None:
            self._make = make
            self.__doc__ = make.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is None:
                return self
            return instance.__dict__.setdefault(self._name, self._make(instance))


class Lock:
    """`threading.Lock` for a ``with`` statement, open in a forked child whoever held it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        after_fork(self)

    def renew(self) -> None:
        """Forget who held it."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_renewed: WeakSet[Any] = WeakSet()


def after_fork(owner: Any) -> None:
    """Call ``owner.renew()`` in every forked child, for as long as there is an owner."""
    _renewed.add(owner)


def _renew_all() -> None:
    for owner in list(_renewed):
        owner.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
