"""The memory part of ``pipelines.proofs.index_proof``: many passages saved by one process, searched by another."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.proofs.proof import child, must, peak_gb, result_of
from ragcompress import DenseRetriever, Passage
from ragcompress.retriever.ann import Kind
from ragcompress.retriever.embed import normalise

LIMIT_GB = 4.0
DIM = 384


def prove_memory(folder: Path, *, n: int, kind: Kind | None) -> None:
    """Save in one process; load and search in a fresh one."""
    more = [] if kind is None else ["--kind", kind]
    built = result_of(child("memory-build", folder, "--passages", n, *more))
    print(f"built from {built['source']}: {built['kind']}, {built['build_s']:.0f} s; saved in {built['save_s']:.1f} s,")
    print(f"  {built['gb']:.2f} GB on disk; peak memory of building and saving {built['peak_gb']:.2f} GB")
    found = result_of(child("memory-search", folder))
    print(f"loaded {found['passages']:,} passages: {found['verified_s']:.2f} s with checksums, {found['load_s']:.2f} s")
    print(f"  without; search {found['ms']:.1f} ms a question, encoding it included; recall@10 {found['recall']:.3f}")
    print(f"  peak memory {found['peak_gb']:.2f} GB ({found['check_gb']:.2f} GB after exact search for the recall)")
    must(found["passages"] == n, f"{n:,} passages loaded")
    must(max(found["check_gb"], built["peak_gb"]) < LIMIT_GB, f"never above {LIMIT_GB:.0f} GB")


def seed_vectors(folder: Path) -> tuple[NDArray[np.float32], str]:
    """The corpus's vectors if step 1 left them, else clustered ones of the same size."""
    if (folder / "wiki" / "CURRENT").exists():
        retriever = DenseRetriever.load(folder / "wiki")
        return retriever.vectors(), f"the {len(retriever):,} vectors of the wiki corpus, with noise"
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(1000, DIM))
    points = centres[rng.integers(0, 1000, 16_695)] + 1.0 * rng.normal(size=(16_695, DIM))
    return normalise(points.astype(np.float32)), "16,695 clustered random vectors, with noise"


def memory_build(folder: Path, *, n: int, kind: Kind | None) -> dict[str, Any]:
    """Spread the vectors to ``n`` by noise of half their length, index and save."""
    seeds, source = seed_vectors(folder)
    rng = np.random.default_rng(1)
    vectors = np.empty((n, DIM), dtype=np.float32)
    for start in range(0, n, len(seeds)):
        part = seeds[: n - start]
        noise = rng.normal(scale=0.5 / DIM**0.5, size=part.shape).astype(np.float32)
        vectors[start : start + len(part)] = normalise(part + noise)
    passages = [Passage(f"Passage {i}. " + "Some text of usual length. " * 20, id=f"p{i}") for i in range(n)]
    start_s = time.perf_counter()
    retriever = DenseRetriever.from_vectors(passages, vectors, kind=kind)
    built_s = time.perf_counter()
    retriever.save(folder / "large")
    size = sum(path.stat().st_size for path in (folder / "large").rglob("*") if path.is_file())
    return {
        "source": source,
        "kind": retriever.kind,
        "build_s": built_s - start_s,
        "save_s": time.perf_counter() - built_s,
        "gb": size / 2**30,
        "peak_gb": peak_gb(),
    }


def memory_search(folder: Path) -> dict[str, Any]:
    """Load mapped, search; then compare with exact search, which reads all vectors."""
    times = [time.perf_counter()]
    DenseRetriever.load(folder / "large")
    times.append(time.perf_counter())
    retriever = DenseRetriever.load(folder / "large", verify=False)
    times.append(time.perf_counter())
    questions = [f"Where was number {i} built, and by whom?" for i in range(100)]
    retriever.retrieve(questions[0], 10)
    begin = time.perf_counter()
    for question in questions:
        retriever.retrieve(question, 10)
    ms = (time.perf_counter() - begin) * 10
    peak = peak_gb()
    return {
        "passages": len(retriever),
        "verified_s": times[1] - times[0],
        "load_s": times[2] - times[1],
        "ms": ms,
        "peak_gb": peak,
        "recall": recall(retriever),
        "check_gb": peak_gb(),
    }


def recall(retriever: DenseRetriever) -> float:
    """Share of the exact ten nearest that the index finds, for noisy copies of 200 of its vectors."""
    vectors, rng = retriever.vectors(), np.random.default_rng(2)
    rows = rng.integers(0, len(vectors), 200)
    queries = normalise(vectors[rows] + rng.normal(scale=0.5 / DIM**0.5, size=(200, DIM)).astype(np.float32))
    exact = np.argpartition(-(queries @ vectors.T), 10, axis=1)[:, :10]
    found = retriever.search_vectors(queries, 10)
    return float(np.mean([len(set(a[0].tolist()) & set(b.tolist())) / 10 for a, b in zip(found, exact, strict=True)]))
