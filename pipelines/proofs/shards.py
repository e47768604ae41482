"""How the number of shards acts on recall and latency: real vectors made many with noise, waiting simulated.

python -m pipelines.proofs.shards --parts runs/wiki.parquet --passages 50000 --stands-for 1e9 --search 1e-5,1.0

Passages lie in shards either at random (every shard is asked, the answers are merged) or by topic (k-means; only the
nearest shards are asked). A shard of ``m`` passages answers in ``a · m^b`` ms (``--search a,b``: the fit that
`pipelines.proofs.growth` prints as ``search_ms``), times a draw from a log-normal of median 1 and sigma 0.5, which is
what one machine's answers under load look like; a question waits for the slowest that it asks, and for the network.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import require
from ragcompress.retriever.embed import normalise

Vectors = NDArray[np.float32]
Split = Callable[[Vectors], NDArray[np.int64]]
K, QUERIES, SIGMA, DRAWS = 10, 200, 0.5, 20_000


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=Path, required=True, help="what embed_dataset wrote: a file, or JOB/parts")
    parser.add_argument("--passages", type=int, default=50_000, help="that recall is measured on")
    parser.add_argument("--stands-for", type=float, default=1e9, help="passages that latency is reckoned for")
    parser.add_argument("--search", default="1e-5,1.0", help="a,b of a shard's a · m^b ms")
    parser.add_argument("--network-ms", type=float, default=1.0)
    parser.add_argument("--shards", default="1,4,16,64,256")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    table = require("pyarrow.parquet", "bulk").read_table(options.parts, columns=["vector"])
    real = np.asarray(table["vector"].drop_null().to_pylist(), np.float32)
    base, asked = real[QUERIES:], real[:QUERIES]
    vectors = _noisy(base[rng.integers(0, len(base), options.passages)], 0.3, rng)
    queries = _noisy(asked, 0.5, rng)
    exact = np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :K]
    print(f"{len(vectors):,} passages from {len(base):,}, {QUERIES} queries, recall@{K}; ", end="")
    print(f"latency of {options.stands_for:g}")
    print("| shards | asked | at random: recall | by topic: recall | p50 | p99 |\n|---|---|---|---|---|---|")
    factor, power = map(float, options.search.split(","))
    for shards in map(int, options.shards.split(",")):
        splits = _shuffled(rng, shards)(vectors), _by_topic(rng, shards)(vectors)
        for wanted in dict.fromkeys((shards, max(1, shards // 4), max(1, shards // 16))):
            at_random, topical = (_recall(vectors, queries, exact, home, wanted) for home in splits)
            alone = factor * (options.stands_for / shards) ** power
            p50, p99 = np.percentile(alone * _slowest(rng, wanted) + options.network_ms, [50, 99])
            print(
                f"| {shards} | {wanted} | {at_random:.3f} | {topical:.3f} | {p50:,.1f} ms | {p99:,.1f} ms |", flush=True
            )


def _slowest(rng: np.random.Generator, asked: int) -> NDArray[np.float64]:
    """The largest of ``asked`` log-normal draws, ``[DRAWS]``."""
    draws: NDArray[np.float64] = np.exp(SIGMA * rng.standard_normal((DRAWS, asked)).max(axis=1))
    return draws


def _noisy(real: Vectors, share: float, rng: np.random.Generator) -> Vectors:
    noise = rng.standard_normal(real.shape, dtype=np.float32)
    return normalise(real + np.float32(share / np.sqrt(real.shape[1])) * noise)


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


def _recall(vectors: Vectors, queries: Vectors, exact: NDArray[np.int64], home: NDArray[np.int64], asked: int) -> float:
    """Share of the true best that lie in the shards whose centres are nearest to the query."""
    sums: Sequence[Vectors] = [vectors[home == shard].sum(axis=0) for shard in range(home.max() + 1)]
    near = np.argsort(-(queries @ normalise(np.stack(sums)).T), axis=1)[:, :asked]
    return float(np.mean([np.isin(home[best], shards).mean() for best, shards in zip(exact, near, strict=True)]))


if __name__ == "__main__":
    main()
