"""How much time is left, known wherever work is done: a clock that the caller sets and long loops look at.

The clock is a context variable, so nothing has to be handed through: `ragcompress.compress` sets it, and `check`,
called once per sentence, passage, count or forward, raises `OutOfTime` when the time is up or nobody waits any more.
Without a clock it does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from time import monotonic
from typing import TypeVar

__all__ = ["Clock", "OutOfTime", "carried", "check", "checking", "hurried", "running", "ticking"]

T = TypeVar("T")


class OutOfTime(TimeoutError):
    """The time is up, or nobody waits for the answer any more; never seen outside the package."""


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """When an answer must be there, and whether it is still wanted.

    Attributes:
        until: The moment, by `time.monotonic`; infinite where there is no hurry.
        above: The clock inside which this one runs: when that one stops, so does this.
        stopped: Set when nobody waits any more.
        hurried: What takes long for the sake of a nicer answer is left out.
    """

    until: float = float("inf")
    above: Clock | None = None
    stopped: Event = field(default_factory=Event)
    hurried: bool = False

    @classmethod
    def of(cls, seconds: float | None, *, began: float | None = None) -> Clock:
        """A clock that stops in ``seconds`` (None: no hurry) after ``began`` (None: now), or with the one around it."""
        start = monotonic() if began is None else began
        return cls(float("inf") if seconds is None else start + seconds, _running.get())

    @property
    def left(self) -> float:
        """Seconds left by this clock; infinite without a hurry, below zero when the time is up."""
        return self.until - monotonic()

    def check(self) -> None:
        """Do nothing while there is time.

        Raises:
            OutOfTime: The time is up, or the answer is not wanted any more.
        """
        if self.stopped.is_set() or (self.until < float("inf") and monotonic() > self.until):
            raise OutOfTime("the time is up")
        if self.above is not None:
            self.above.check()


_running: ContextVar[Clock | None] = ContextVar("ragcompress-clock", default=None)


@contextmanager
def running(clock: Clock) -> Iterator[Clock]:
    """Everything inside works against ``clock``."""
    token = _running.set(clock)
    try:
        yield clock
    finally:
        _running.reset(token)


def check() -> None:
    """Look at the running clock, if there is one.

    Raises:
        OutOfTime: The time is up, or the answer is not wanted any more.
    """
    clock = _running.get()
    if clock is not None:
        clock.check()


def checking() -> Callable[[], None]:
    """`check` for other threads: it looks at the clock that runs here."""
    clock = _running.get()
    return clock.check if clock is not None else lambda: None


def hurried() -> bool:
    """Whether what takes long for the sake of a nicer answer is to be left out."""
    clock = _running.get()
    return clock is not None and clock.hurried


def ticking(items: Iterable[T]) -> Iterator[T]:
    """The same items, with a look at the clock before each.

    >>> list(ticking("ab"))
    ['a', 'b']
    """
    clock = _running.get()
    for item in items:
        if clock is not None:
            clock.check()
        yield item


def carried(work: Callable[..., T]) -> Callable[..., T]:
    """``work`` for another thread, where it sees the clock (and all context variables) of this one."""
    return partial(copy_context().run, work)
