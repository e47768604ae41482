"""Work beside an event loop: in a few threads, as many as there are cores to run them.

The event loop's own pool has more threads than that; then each waits for the others, and the loop waits for all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import ParamSpec, TypeVar

from ragcompress.core.clock import Clock, carried, running

__all__ = ["in_thread"]

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run ``work`` in one of the threads, with the caller's context variables (traces need them).

    When the task is cancelled, work that waits never starts, and work that runs stops where it next looks at the
    clock (`ragcompress.core.clock`), so that its thread is free again.
    """
    import asyncio  # takes its time to load, and most programs never come here

    clock = Clock.of(None)

    def call() -> R:
        with running(clock):
            return work(*args, **kwargs)

    try:
        return await asyncio.get_running_loop().run_in_executor(_pool(), carried(call))
    except asyncio.CancelledError:
        clock.stopped.set()
        raise


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 4), thread_name_prefix="ragcompress")


if hasattr(os, "register_at_fork"):  # a child process has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
