"""A job's folder: what is done is there, whole; what is not is done when the job is started again.

    JOB/
      job.json               what the job is: settings, weights, version, the input's checksum
      parts/part-000012…     the rows of chunk 12, in one file that appears at once
      parts/part-000012.try  how often chunk 12 was begun and not finished

A folder belongs to one job. A chunk whose worker died twice is worked on row by row in processes of their own, so
that the row that kills them is found; it becomes a row with an error like any other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from ragcompress.bulk.columns import read_rows, write_rows
from ragcompress.bulk.source import Chunk, Rows
from ragcompress.bulk.work import Work
from ragcompress.core.errors import InvalidInput
from ragcompress.retriever.store import replace_file

__all__ = ["Counts", "Job", "Task", "chunk_size", "claim", "locked", "pool_of"]

COUNTED = ("error", "tokens_in", "tokens_out")
DEATHS = 2  # of a chunk's workers, after which its rows are taken one by one


class Counts(NamedTuple):
    """What some rows came to.

    Attributes:
        rows: How many came out.
        failed: How many of them have an error.
        tokens_in: Tokens before compression (or encoded), summed.
        tokens_out: Tokens after it.
    """

    rows: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @classmethod
    def of(cls, rows: Rows) -> Counts:
        """Count."""
        tokens = [sum(row.get(name) or 0 for row in rows) for name in ("tokens_in", "tokens_out")]
        return cls(len(rows), sum(bool(row.get("error")) for row in rows), *tokens)

    def __add__(self, other: Counts) -> Counts:  # type: ignore[override] # of numbers, not of tuples
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Task:
    """The work on one chunk, wherever it is done: it can be pickled.

    Attributes:
        work: What is done to the rows.
        folder: The job's folder; on a cluster one that all machines share.
        kind: How parts are kept: ``".parquet"`` or ``".jsonl"``.
        again: Work anew on chunks that have failed rows, and keep what is better.
    """

    work: Work
    folder: Path
    kind: str
    again: bool = False

    def part(self, number: int) -> Path:
        """Where a chunk's rows are once they are."""
        return self.folder / "parts" / f"part-{number:06d}{self.kind}"

    def rows(self, number: int) -> Rows:
        """A chunk's rows that are done."""
        return read_rows(self.part(number), self.work.columns)

    def counts(self, number: int) -> Counts:
        """What a chunk that is done came to."""
        return Counts.of(read_rows(self.part(number), self.work.columns, only=COUNTED))

    def wanted(self, chunk: Chunk) -> bool:
        """Whether there is anything to do about a chunk."""
        if not self.part(chunk.number).exists():
            return True
        return self.again and self.counts(chunk.number).failed > 0

    def __call__(self, chunk: Chunk) -> Counts:
        """Do it, unless it was done meanwhile by a worker that died after it."""
        if not self.wanted(chunk):
            return self.counts(chunk.number)
        mark = self.part(chunk.number).with_suffix(".try")
        deaths = _count(mark)
        mark.write_text(str(deaths + 1))
        rows = chunk.numbered() if self.work.numbers else chunk.read()
        out = self.work(rows) if deaths < DEATHS else one_by_one(self.work, rows)
        if not self._is_worse(chunk.number, out):
            write_rows(self.part(chunk.number), [out], self.work.columns)
        mark.unlink(missing_ok=True)
        return Counts.of(out)

    def _is_worse(self, number: int, rows: Rows) -> bool:
        """A success is never replaced by a failure."""
        return self.part(number).exists() and self.counts(number).failed <= Counts.of(rows).failed


class Job(NamedTuple):
    """A task and the chunks it is about."""

    task: Task
    chunks: tuple[Chunk, ...]

    def missing(self) -> list[Chunk]:
        """What is to do."""
        return [chunk for chunk in self.chunks if self.task.wanted(chunk)]


def claim(folder: Path, about: dict[str, Any]) -> None:
    """Write down whose folder this is, or check that it is this job's.

    Raises:
        InvalidInput: It is another's; the message names what differs.
    """
    path = folder / "job.json"
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    if not path.exists():
        replace_file(path, json.dumps(about, indent=1).encode())
        return
    try:
        old = json.loads(path.read_bytes())
    except ValueError as error:
        raise InvalidInput(f"{path} can't be read; delete the folder {folder} and start again") from error
    now = json.loads(json.dumps(about))
    names = [name for name in {**old, **now} if old.get(name) != now.get(name)]
    if names:
        told = "; ".join(f"its {name} is {old.get(name)!r}, this one's {now.get(name)!r}" for name in names)
        raise InvalidInput(f"{folder} belongs to another job: {told}. Name another folder, or delete this one")


def chunk_size(folder: Path) -> int | None:
    """How the job in a folder is cut, if there is one."""
    with suppress(OSError, ValueError):
        return int(json.loads((folder / "job.json").read_bytes())["chunk"])
    return None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the only right to work on a job; the system frees it when the process dies.

    Raises:
        InvalidInput: Another process holds it.
    """
    if os.name == "nt":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise InvalidInput(f"another process is working on the job {folder}; wait for it, or stop it") from error
    finally:
        os.close(handle)


def one_by_one(work: Work, rows: Rows) -> Rows:
    """Work on every row in a process that may die of it, twice."""
    out: Rows = []
    pool = pool_of(1)
    try:
        for row in rows:
            made, pool = _survived(pool, work, row)
            if made is None:
                made, pool = _survived(pool, work, row)
            died = "WorkerDied: the process died while it worked on this row, several times"
            out += made if made is not None else [{"id": str(row.get("id", "")), "error": died}]
    finally:
        pool.shutdown(cancel_futures=True)
    return out


def _survived(pool: ProcessPoolExecutor, work: Work, row: dict[str, Any]) -> tuple[Rows | None, ProcessPoolExecutor]:
    """What came of a row, None if the process died; and the pool to go on with."""
    try:
        return pool.submit(work, [row]).result(), pool
    except BrokenProcessPool:
        pool.shutdown(cancel_futures=True)
        return None, pool_of(1)


def pool_of(workers: int, prepare: Callable[..., None] | None = None, *arguments: Any) -> ProcessPoolExecutor:
    """Processes that share nothing with this one: no locks, no threads, no open files."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=prepare, initargs=arguments)


def _count(mark: Path) -> int:
    try:
        return int(mark.read_text())
    except (FileNotFoundError, ValueError):
        return 0
