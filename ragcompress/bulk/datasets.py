"""Whole data sets: compressed, encoded, indexed, evaluated; in this process, in several, or on Ray."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal, TypedDict, Unpack, overload
from weakref import finalize

from ragcompress.bulk.columns import part_kind, write_rows
from ragcompress.bulk.engines import Engine, chosen
from ragcompress.bulk.evaluate import Evaluate
from ragcompress.bulk.job import Counts, Job, Task, chunk_size, claim, locked
from ragcompress.bulk.passages import Embed, Index
from ragcompress.bulk.progress import Meter, Report, lines
from ragcompress.bulk.source import Rows, Source, check_kind, open_source
from ragcompress.bulk.work import Compress, Work
from ragcompress.core.budget import TokenBudget
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor
from ragcompress.retriever.stores import StoreRetriever

__all__ = ["How", "Made", "compress_dataset", "embed_dataset", "evaluate_dataset", "index_dataset"]


class How(TypedDict, total=False):
    """How a job is done; none of it changes a result.

    Attributes:
        job: The folder that holds what is done, so that the same call goes on where a killed one was. Without it
            nothing outlives the call (``out`` has one beside it until it is written).
        out: A ``.parquet``, ``.jsonl`` or ``.csv`` file to write; then the `Report` alone is returned.
        actors: How many work side by side; each loads the model once.
        engine: ``"here"``, ``"processes"``, ``"ray"``; chosen by what is there if not given.
        gpus: Of each actor, with Ray.
        chunk: Rows that are done or not done together, some seconds of work (64; 512 into a store, which likes few
            and large writes); a job keeps its own.
        retry_failed: Work again on what failed before.
        progress: Tell standard error how far it is.
        price: Of a million tokens, for what is saved (0.5).
    """

    job: str | Path | None
    out: str | Path | None
    actors: int
    engine: Engine | None
    gpus: float
    chunk: int | None
    retry_failed: bool
    progress: bool
    price: float


class Made(Sequence[dict[str, Any]]):
    """The rows that a job made, in the order of its input, read from its folder as they are asked for.

    Attributes:
        report: What the job came to.
    """

    def __init__(self, task: Task, sizes: Sequence[int], report: Report) -> None:
        self.report = report
        self._task, self._sizes = task, sizes
        self._last: tuple[int, Rows] | None = None

    def __len__(self) -> int:
        return sum(self._sizes)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (row for rows in self.parts() for row in rows)

    def parts(self) -> Iterator[Rows]:
        """The rows, a chunk at a time."""
        return (self._task.rows(number) for number in range(len(self._sizes)))

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, at: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        left = at + len(self) if at < 0 else at
        for number, size in enumerate(self._sizes):
            if 0 <= left < size:
                return self._part(number)[left]
            left -= size
        raise IndexError(f"there is no row {at}; there are {len(self)}")

    def _part(self, number: int) -> Rows:
        if self._last is None or self._last[0] != number:
            self._last = number, self._task.rows(number)
        return self._last[1]

    def __repr__(self) -> str:
        return f"Made({self.report})"


def compress_dataset(
    ds: Any,
    *,
    budget: TokenBudget | int | float | None = None,
    compressor: Compressor | str | None = None,
    options: Mapping[str, Any] | None = None,
    **how: Unpack[How],
) -> Any:
    """Compress every row of a data set.

    Args:
        ds: Rows with ``query`` (or ``question``) and ``passages`` (a list of str, or of objects with a ``text``; in
            CSV as JSON), and an ``id``: a file or folder (Parquet, JSON lines, CSV), dicts, an Arrow table, a pandas
            frame, a Hugging Face data set; or a Ray data set, which gives a Ray data set.
        budget: As for `ragcompress.compress`.
        compressor: Likewise.
        options: More of its options, such as ``timeout_s``.
        how: See `How`.

    Returns:
        One row per row, in order: ``id``, ``query``, ``text``, ``tokens_in``, ``tokens_out``, ``spans`` (passage, its
        id, start, end), ``passage_scores``, ``warnings``, ``method``, and ``error``: None, or why the row failed.

    Raises:
        InvalidInput: There is no such input, or ``job`` is another job's folder.
    """
    return _made(ds, Compress(budget, compressor, dict(options or {})), how)


def embed_dataset(
    ds: Any, *, encoder: Any = None, precompute: bool | Literal["units"] = False, **how: Unpack[How]
) -> Any:
    """Encode every passage of a data set.

    Args:
        ds: As for `compress_dataset`, with rows of ``text`` and perhaps ``id``, ``title``, ``metadata``; other
            columns become metadata.
        encoder: As for ``DenseRetriever.build``.
        precompute: Also what compression reads, as for ``DenseRetriever.build``: ``"units"``, about 30 kB per
            passage of 100 words; True: token states as well, 100 kB more.
        how: See `How`.

    Returns:
        One row per row, in order: ``id``, ``title``, ``text``, ``metadata`` (JSON), ``vector`` (a unit vector),
        ``units``, ``sidecars`` (what was precomputed), ``error``. `index_dataset` reads them.
    """
    return _made(ds, Embed(encoder, precompute), how)


def index_dataset(ds: Any, store: StoreRetriever | str, *, encoder: Any = None, **how: Unpack[How]) -> Any:
    """Write every passage of a data set into a store; writing one again replaces it.

    Args:
        ds: What `embed_dataset` made, or rows of passages as it takes them; they are encoded here then.
        store: One of `ragcompress.retriever.stores`, or its address: ``lancedb:PATH``, ``postgresql://…``,
            ``qdrant:URL``, each with ``#TABLE`` if need be.
        encoder: Of the store at that address.
        how: See `How`.

    Returns:
        One row per row: ``id`` and ``error``.

    Raises:
        EncoderMismatch: The vectors are not those of the store's encoder.
        StoreError: The store can't be reached; with a ``job`` the same call goes on later.
    """
    work = Index(store, encoder)
    made = _made(ds, work, how)
    work.opened().optimize()
    return made


def evaluate_dataset(
    ds: Any, *, methods: Sequence[str] = (), budgets: Sequence[float] = (0.2,), **how: Unpack[How]
) -> Any:
    """Evaluate methods on labelled questions, as ``python -m eval run`` does, spread over workers.

    Args:
        ds: As for `compress_dataset`, with rows in the schema of ``eval/README.md``: ``question``, ``answers``,
            ``passages`` with ``support``.
        methods: Names as listed by ``ragcompress methods``; the default one if none.
        budgets: Kept fractions.
        how: See `How`.

    Returns:
        One row per question, method and budget.

    Raises:
        MissingExtra: The evaluation is part of the checkout, not of the installed package.
    """
    return _made(ds, Evaluate(tuple(methods), tuple(budgets)), how)


def _made(ds: Any, work: Work, how: How) -> Any:
    if type(ds).__module__.startswith("ray.data"):
        from ragcompress.bulk.on_ray import mapped

        return mapped(ds, work, actors=how.get("actors", 1), gpus=how.get("gpus", 0.0))
    out = how.get("out")
    if out is not None:
        check_kind(Path(out))
    job = how.get("job") or (f"{out}.job" if out is not None else None)
    folder = Path(mkdtemp(prefix="ragcompress-") if job is None else job).resolve()
    try:
        made = _run(ds, work, folder, how)
    except BaseException:
        if job is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if job is None:
        finalize(made, shutil.rmtree, folder, ignore_errors=True)  # lives as long as its rows
    if out is None:
        return made
    write_rows(Path(out), made.parts(), work.columns)
    if not how.get("job"):
        shutil.rmtree(folder, ignore_errors=True)
    return made.report


def _run(ds: Any, work: Work, folder: Path, how: How) -> Made:
    size = how.get("chunk") or chunk_size(folder) or work.chunk
    if size < 1:
        raise InvalidInput(f"chunk is {size}; give a number of rows of at least 1")
    engine, run = chosen(how.get("engine"), how.get("actors", 1), how.get("gpus", 0.0))
    source = open_source(ds, size)
    about = {**work.about(), "input": source.checksum, "rows": source.rows, "chunk": size, "parts": part_kind()}
    claim(folder, about)
    with locked(folder):
        task = Task(work, folder, part_kind(), again=how.get("retry_failed", False))
        meter = _worked(Job(task, source.chunks), source, run, how)
    counts = [task.counts(chunk.number) for chunk in source.chunks]
    report = Report(sum(counts, Counts()), meter.new, meter.seconds, engine, meter.price)
    return Made(task, [each.rows for each in counts], report)


def _worked(job: Job, source: Source, run: Any, how: How) -> Meter:
    missing = job.missing()
    there = source.rows - sum(chunk.size for chunk in missing)
    tell = lines() if how.get("progress") else None
    meter = Meter(source.rows, there, price=how.get("price", 0.5), tell=tell)
    for counts in run(job.task, missing) if missing else ():
        meter.add(counts)
    return meter
