"""How the number of shards acts on recall and latency: real vectors made many with noise, real and simulated waiting.

python -m pipelines.proofs.shards --parts runs/wiki.parquet --passages 50000

Passages lie in shards either at random (every shard is asked, the answers are merged) or by topic (k-means; only the
nearest shards are asked). A query waits for the slowest shard it asks: its latency is the largest of as many draws
from a log-normal of median 1 and sigma 0.5, which is what one machine's answers under load look like.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import require
from ragcompress.retriever.embed import normalise

Vectors = NDArray[np.float32]
K, QUERIES, SIGMA = 10, 200, 0.5
SHARDS = (1, 4, 16, 64)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=Path, required=True, help="what embed_dataset wrote: a file, or JOB/parts")
    parser.add_argument("--passages", type=int, default=50_000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    table = require("pyarrow.parquet", "bulk").read_table(options.parts, columns=["vector"])
    real = np.asarray(table["vector"].drop_null().to_pylist(), np.float32)
    base, asked = real[QUERIES:], real[:QUERIES]
    copies = base[rng.integers(0, len(base), options.passages)]
    vectors = normalise(copies + rng.normal(scale=0.3 / np.sqrt(real.shape[1]), size=copies.shape).astype(np.float32))
    queries = normalise(asked + rng.normal(scale=0.5 / np.sqrt(real.shape[1]), size=asked.shape).astype(np.float32))
    exact = np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :K]
    print(f"{len(vectors):,} passages from {len(base):,}, {QUERIES} queries, recall@{K}")
    print("| shards | asked | at random: recall | by topic: recall | p50 latency | p99 |\n|---|---|---|---|---|---|")
    for shards in SHARDS:
        for share in (1.0, 0.25):
            wanted = max(1, round(shards * share))
            if share < 1.0 and shards < 4:
                continue
            at_random = _recall(vectors, queries, exact, _shuffled(rng, shards), wanted)
            topical = _recall(vectors, queries, exact, _by_topic(rng, shards), wanted)
            waits = np.exp(SIGMA * rng.normal(size=(20_000, wanted))).max(axis=1)
            p50, p99 = np.percentile(waits, [50, 99])
            print(f"| {shards} | {wanted} | {at_random:.3f} | {topical:.3f} | {p50:.2f} | {p99:.2f} |", flush=True)


Split = Callable[[Vectors], NDArray[np.int64]]


def _shuffled(rng: np.random.Generator, shards: int) -> Split:
    return lambda vectors: rng.integers(0, shards, len(vectors), dtype=np.int64)


def _by_topic(rng: np.random.Generator, shards: int) -> Split:
    """K-means on the sphere, ten rounds."""

    def split(vectors: Vectors) -> NDArray[np.int64]:
        centres = vectors[rng.choice(len(vectors), shards, replace=False)]
        home = (vectors @ centres.T).argmax(axis=1)
        for _ in range(10):
            sums = np.zeros_like(centres)
            np.add.at(sums, home, vectors)
            centres = normalise(sums)
            home = (vectors @ centres.T).argmax(axis=1)
        numbers: NDArray[np.int64] = home.astype(np.int64)
        return numbers

    return split


def _recall(vectors: Vectors, queries: Vectors, exact: NDArray[np.int64], split: Split, asked: int) -> float:
    """Share of the true best that lie in the shards whose centres are nearest to the query."""
    home = split(vectors)
    centres = normalise(np.stack([vectors[home == shard].sum(axis=0) for shard in range(home.max() + 1)]))
    near = np.argsort(-(queries @ centres.T), axis=1)[:, :asked]
    return float(np.mean([np.isin(home[best], shards).mean() for best, shards in zip(exact, near, strict=True)]))


if __name__ == "__main__":
    main()
