"""Who does a job's work: this process, several processes, or Ray (see `ragcompress.bulk.on_ray`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from itertools import islice
from typing import Any, Literal

from ragcompress.bulk.job import Counts, Task, pool_of
from ragcompress.bulk.source import Chunk
from ragcompress.core.errors import InvalidInput, RagCompressError, require

__all__ = ["Engine", "chosen", "cores", "here", "in_processes"]

Engine = Literal["here", "processes", "ray"]
Run = Callable[[Task, Sequence[Chunk]], Iterator[Counts]]
PATIENCE = 5  # times that all workers may die in a row before anything was finished


def chosen(engine: Engine | None, actors: int, gpus: float = 0.0) -> tuple[str, Run]:
    """The engine to use, in words and as a function.

    Args:
        engine: ``None`` chooses: this process for one actor, Ray for more where it is installed, else processes.
        actors: How many work side by side.
        gpus: Of each actor, with Ray.

    Raises:
        InvalidInput: There is no such engine. MissingExtra: Ray is asked for and not installed.
    """
    if isinstance(actors, bool) or not isinstance(actors, int) or actors < 1:
        raise InvalidInput(f"actors is {actors!r}; give a whole number of at least 1")
    wanted = engine or ("here" if actors == 1 and not _on_cluster() else "ray" if find_spec("ray") else "processes")
    if wanted == "here":
        return "in this process", here
    if wanted == "processes":
        told = f"in {actors} processes" + ("" if find_spec("ray") else " (Ray is not installed)")
        return told, lambda task, chunks: in_processes(task, chunks, actors)
    if wanted != "ray":
        raise InvalidInput(f"engine is {engine!r}; give 'here', 'processes' or 'ray'")
    require("ray", "ray")
    from ragcompress.bulk.on_ray import on_ray

    return f"on Ray with {actors} actors", lambda task, chunks: on_ray(task, chunks, actors=actors, gpus=gpus)


def here(task: Task, chunks: Sequence[Chunk]) -> Iterator[Counts]:
    """One chunk after another, in this process."""
    return map(task, chunks)


def in_processes(task: Task, chunks: Sequence[Chunk], workers: int) -> Iterator[Counts]:
    """Chunks side by side; those of a worker that died are begun again.

    Raises:
        RagCompressError: Workers die before they finish anything.
    """
    waiting, in_vain = iter(chunks), 0
    lost: list[Chunk] = []
    while in_vain < PATIENCE:
        broken = _Round(task, workers)
        for counts in broken.run(_chained(lost, waiting)):
            in_vain = 0
            yield counts
        lost, in_vain = broken.lost, in_vain + 1
        if not lost:
            return
    raise RagCompressError(
        f"workers died {PATIENCE} times before they finished a chunk of the {len(lost)} they were given; use fewer "
        "actors if memory is short, and in a script call this under: if __name__ == '__main__'"
    )


class _Round:
    """A pool from its start until all is done or it breaks; ``lost`` is what it had in hand then."""

    def __init__(self, task: Task, workers: int) -> None:
        self.task, self.workers = task, workers
        self.lost: list[Chunk] = []

    def run(self, chunks: Iterator[Chunk]) -> Iterator[Counts]:
        running: dict[Future[Counts], Chunk] = {}
        threads = str(max(1, cores() // self.workers))
        with pool_of(self.workers, _prepare, threads, list(sys.path)) as pool:
            try:
                while True:
                    for chunk in islice(chunks, 2 * self.workers - len(running)):
                        running[pool.submit(self.task, chunk)] = chunk
                    if not running:
                        return
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        yield future.result()
                        del running[future]
            except BrokenProcessPool:
                self.lost = list(running.values())
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


def _chained(first: Sequence[Chunk], then: Iterator[Chunk]) -> Iterator[Chunk]:
    yield from first
    yield from then


def _prepare(threads: str, path: list[str]) -> None:
    """A worker's share of the cores, read by onnxruntime sessions and numpy."""
    os.environ.setdefault("OMP_NUM_THREADS", threads)
    sys.path[:] = path


def cores() -> int:
    """Those that this process may use."""
    affinity: Any = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _on_cluster() -> bool:
    ray = sys.modules.get("ray")
    return bool(os.environ.get("RAY_ADDRESS")) or bool(ray and ray.is_initialized())
