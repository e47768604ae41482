"""The index over many vectors: built, saved, loaded mapped, searched, and what the neighbours are worth."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ragcompress.retriever.ann import Hits, Kind, VectorIndex
from ragcompress.retriever.embed import normalise

from ..questions import Question
from .measuring import peak, processor

__all__ = ["noised", "vectors"]

DIM, ASKED, NEAREST = 384, 100, 10
SIZES = (10_000, 100_000, 1_000_000)


def noised(n: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors around ``n / 50`` centres, as passages lie around subjects."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((max(n // 50, 1), DIM), dtype=np.float32)
    found = np.empty((n, DIM), dtype=np.float32)
    for at in range(0, n, 10_000):  # a million at once would need three times their memory
        size = min(10_000, n - at)
        noise = random.standard_normal((size, DIM), dtype=np.float32)
        found[at : at + size] = normalise(centres[random.integers(len(centres), size=size)] + 0.7 * noise)
    return found


def vectors(questions: Sequence[Question], full: bool) -> Iterator[str]:
    """One line a size; seconds of the processor, loading by the clock."""
    yield "| vectors | kind | build s | save s | load s | ms a search | recall@10 | index MB | most memory MB |"
    yield "|---" * 9 + "|"
    for n in SIZES if full else SIZES[:2]:
        yield _line(n)


def _line(n: int) -> str:
    rows = noised(n, 1)
    random = np.random.default_rng(2)
    noise = 0.03 * random.standard_normal((ASKED, DIM), dtype=np.float32)
    asked = normalise(rows[random.integers(n, size=ASKED)] + noise)
    nearest = _exact(rows, asked)
    index = VectorIndex(DIM)
    build = processor(partial(index.add, rows))
    rows = rows[:0]  # the index has its own copy
    with tempfile.TemporaryDirectory() as folder:
        writers = [partial(write, Path(folder, name)) for name, write in index.writers().items()]
        save = processor(lambda: [write() for write in writers])
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 2**20
        found = _searched(Path(folder), index.kind, asked, nearest)
    return f"| {n:,} | {index.kind} | {build:.1f} | {save:.2f} | {found} | {size:,.0f} | {peak():,.0f} |"


def _searched(folder: Path, kind: Kind, asked: NDArray[np.float32], nearest: NDArray[np.int64]) -> str:
    """Three cells: seconds to load it mapped, milliseconds a search, recall."""
    began = perf_counter()
    index = VectorIndex.load(folder, wish=None, kind=kind, mmap=True)
    load = perf_counter() - began
    hits: list[Hits] = []
    alive = np.ones(len(index), dtype=np.bool_)
    spent = processor(lambda: hits.extend(index.search(asked, NEAREST, alive=alive)))
    right = sum(len(set(rows.tolist()) & set(near.tolist())) for (rows, _), near in zip(hits, nearest, strict=True))
    return f"{load:.3f} | {1000 * spent / ASKED:.2f} | {right / (ASKED * NEAREST):.3f}"


def _exact(rows: NDArray[np.float32], asked: NDArray[np.float32]) -> NDArray[np.int64]:
    """The nearest rows of every question, [questions, nearest], by comparing with all of them."""
    scores = np.concatenate([asked @ rows[at : at + 50_000].T for at in range(0, len(rows), 50_000)], axis=1)
    return np.argpartition(-scores, NEAREST, axis=1)[:, :NEAREST]
