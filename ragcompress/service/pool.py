"""A bounded queue before a few threads: who comes when it is full is told so at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TypeVar

__all__ = ["Busy", "Crashed", "Pool"]

R = TypeVar("R")


class Busy(Exception):
    """The queue is full."""


class Crashed(Exception):
    """A piece of work died of something that no program should catch, such as SystemExit."""


class Pool:
    """Runs work in threads, first come first served; at most ``waiting`` pieces wait.

    Each piece has its own future: one that fails takes no other's answer along.

    Attributes:
        inside: How many pieces run or wait.
        most: How many may.
    """

    def __init__(self, workers: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="ragcompress-serve")
        self.most, self.inside = workers + waiting, 0

    async def run(self, work: Callable[[float], R]) -> R:
        """The work's answer; it is told how many seconds it waited.

        Raises:
            Busy: Too many are waiting.
            Crashed: The work ended in something that is no Exception.
        """
        if self.inside >= self.most:
            raise Busy
        self.inside += 1
        came = perf_counter()
        future = asyncio.get_running_loop().run_in_executor(self._threads, lambda: _contained(work, came))
        future.add_done_callback(self._left)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait for what runs."""
        self._threads.shutdown(wait=True)

    def _left(self, future: asyncio.Future[R]) -> None:
        self.inside -= 1
        if not future.cancelled():
            future.exception()  # looked at, so that an answer nobody waits for any more is no complaint


def _contained(work: Callable[[float], R], came: float) -> R:
    """What is no Exception would end the event loop, and with it everybody's answer."""
    try:
        return work(perf_counter() - came)
    except Exception:
        raise
    except BaseException as error:
        raise Crashed(type(error).__name__) from None
