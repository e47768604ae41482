"""The same work on Ray Data: a pool of actors, each with the model loaded once, on one machine or many.

What is done is in the job's folder (`ragcompress.bulk.job`), one file per chunk that appears at once, and not in
Ray: actors, the driver or the whole cluster may be killed at any moment, and the same call goes on with what is
missing. On several machines the folder and the input must be on a disk that all of them see.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ragcompress.bulk.arrow import RowFunction
from ragcompress.bulk.engines import cores
from ragcompress.bulk.job import Counts, Task
from ragcompress.bulk.source import Chunk
from ragcompress.bulk.work import Work
from ragcompress.core import errors
from ragcompress.core.errors import RagCompressError, require

__all__ = ["mapped", "on_ray"]

BLOCKS = 1000  # at most; what Ray hands out and begins again at once
SPARE = 2  # CPUs beside the actors', or Ray's own tasks find no room and all wait for each other
STORE = 256 * 2**20  # bytes of memory for what actors send each other: nothing but counts


class Worker:
    """One actor: chunks in, counts out; the rows go to the job's folder."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Some chunks. A named error goes back as data: Ray's own would lose which it was."""
        done, raised, said = [], "", ""
        try:
            done = [self.task(chunk) for chunk in batch["chunk"]]
        except RagCompressError as error:
            done, raised, said = [Counts()], type(error).__name__, str(error)
        found: dict[str, Any] = {name: [getattr(counts, name) for counts in done] for name in Counts._fields}
        return found | {"raised": [raised] * len(done), "said": [said] * len(done)}


def on_ray(task: Task, chunks: Sequence[Chunk], *, actors: int, gpus: float = 0.0) -> Iterator[Counts]:
    """Chunks side by side on Ray's actors, in no order.

    Raises:
        RagCompressError: The work itself raised it.
    """
    with _started(actors) as ray:
        items = [{"chunk": chunk} for chunk in chunks]
        data = ray.data.from_items(items, override_num_blocks=min(len(items), BLOCKS))
        done = data.map_batches(
            Worker, fn_constructor_args=(task,), batch_size=1, **_share(ray, min(actors, len(items)), gpus)
        )
        for row in done.iter_rows():
            if row["raised"]:
                raise getattr(errors, row["raised"], RagCompressError)(row["said"])
            yield Counts(*(int(row[name]) for name in Counts._fields))


def mapped(ds: Any, work: Work, *, actors: int, gpus: float = 0.0) -> Any:
    """A Ray data set of what the work makes of a Ray data set's rows; Ray's own checkpoints apply to it."""
    share = _share(require("ray", "ray"), actors, gpus)
    return ds.map_batches(RowFunction, fn_constructor_args=(work,), batch_format="pyarrow", batch_size=64, **share)


def _share(ray: Any, actors: int, gpus: float) -> dict[str, Any]:
    pool = ray.data.ActorPoolStrategy(size=actors)
    return {"compute": pool, "num_cpus": 1, **({"num_gpus": gpus} if gpus else {})}


@contextmanager
def _started(actors: int) -> Iterator[Any]:
    """Ray as it runs already, or at ``RAY_ADDRESS``, or on this machine for as long as the job."""
    if "RAY_ADDRESS" not in os.environ:
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # nobody else is to join what lives as long as the job
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no network but the cluster's own
    ray, data = require("ray", "ray"), require("ray.data", "ray")
    if ray.is_initialized():
        yield ray
        return
    data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it tells every run's plan on the console
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if "RAY_ADDRESS" not in os.environ:
        quiet |= {
            "address": "local",
            "num_cpus": max(cores(), actors) + SPARE,
            "include_dashboard": False,
            "object_store_memory": STORE,
        }
    try:
        ray.init(**quiet)
    except Exception as error:  # Ray raises plain ones
        raise RagCompressError(f"Ray can't be started: {error}; engine='processes' does without it") from error
    try:
        yield ray
    finally:
        ray.shutdown()
