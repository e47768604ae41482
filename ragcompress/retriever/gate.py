"""Many readers or one writer: what lets threads share a retriever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, local

from ragcompress.core.errors import BadIndex
from ragcompress.core.forks import after_fork

__all__ = ["Gate"]


class Gate:
    """A lock that any number of readers hold together, and a writer alone.

    A waiting writer lets no new reader in, so that searches can't keep it out for ever; and when a writer leaves, the
    readers that wait come before the next writer. A thread that reads may read again inside, and one that writes may
    read and write inside; one that reads must not begin to write. Copies and pickles of a gate are new, open gates.

    In a forked child it stands open, unless another thread was writing at that moment: what it wrote is half there, so
    that every use raises `BadIndex`.
    """

    def __init__(self) -> None:
        self._turn = Condition()
        self._readers = 0
        self._waiting = 0
        self._queued = 0  # readers that wait
        self._owed = 0  # of them, how many come before the next writer
        self._busy = False
        self._mine = local()
        self._torn = False
        after_fork(self)

    def renew(self) -> None:
        """In a forked child, whose one thread holds what it held."""
        reads, writes = getattr(self._mine, "reads", 0), getattr(self._mine, "writes", 0)
        self._torn = self._torn or (self._busy and not writes)
        self._turn = Condition()
        self._readers, self._busy = reads, bool(writes)
        self._waiting = self._queued = self._owed = 0

    def _check(self) -> None:
        if self._torn:
            raise BadIndex(
                "this process was forked while another thread wrote to the retriever, so that half of what it wrote "
                "is here; load or build it again in this process"
            )

    def __reduce__(self) -> tuple[type[Gate], tuple[()]]:
        return Gate, ()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See one whole state for as long as this lasts."""
        self._check()
        inside = getattr(self._mine, "reads", 0) or getattr(self._mine, "writes", 0)
        with self._turn:
            if not inside and (self._busy or self._waiting):
                self._queue()
            self._readers += 1
        self._mine.reads = getattr(self._mine, "reads", 0) + 1
        try:
            yield
        finally:
            self._mine.reads -= 1
            with self._turn:
                self._readers -= 1
                self._turn.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Change the state: nobody else reads or writes meanwhile."""
        self._check()
        outermost = not getattr(self._mine, "writes", 0)
        if outermost:
            assert not getattr(self._mine, "reads", 0), "a thread that reads can't begin to write"
            self._enter()
        self._mine.writes = getattr(self._mine, "writes", 0) + 1
        try:
            yield
        finally:
            self._mine.writes -= 1
            if outermost:
                with self._turn:
                    self._busy = False
                    self._owed = self._queued
                    self._turn.notify_all()

    def _queue(self) -> None:
        self._queued += 1
        try:
            while self._busy or (self._waiting and not self._owed):
                self._turn.wait()
        finally:
            self._queued -= 1
            self._owed = max(self._owed - 1, 0)
            self._turn.notify_all()

    def _enter(self) -> None:
        with self._turn:
            self._waiting += 1
            try:
                while self._busy or self._readers or self._owed:
                    self._turn.wait()
                self._busy = True
            finally:
                self._waiting -= 1
                self._turn.notify_all()
