"""A bounded queue before a few threads: who comes when it is full is told so at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["Busy", "Pool"]

R = TypeVar("R")


class Busy(Exception):
    """The queue is full."""


class Pool:
    """Runs work in threads; at most ``waiting`` pieces wait.

    Each piece has its own future: one that fails takes no other's answer along.
    """

    def __init__(self, workers: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="ragcompress-serve")
        self._most, self.inside = workers + waiting, 0

    async def run(self, work: Callable[[], R]) -> R:
        """The work's answer.

        Raises:
            Busy: Too many are waiting.
        """
        if self.inside >= self._most:
            raise Busy
        self.inside += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        future.add_done_callback(self._left)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait for what runs."""
        self._threads.shutdown(wait=True)

    def _left(self, future: asyncio.Future[R]) -> None:
        self.inside -= 1
        if not future.cancelled():
            future.exception()  # looked at, so that an answer nobody waits for any more is no complaint
