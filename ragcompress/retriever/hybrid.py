"""HybridRetriever: dense and BM25, fused by reciprocal rank."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput
from ragcompress.core.forks import Lock
from ragcompress.core.types import Passage
from ragcompress.retriever.ann import Hits
from ragcompress.retriever.dense import DenseRetriever
from ragcompress.retriever.embed import as_encoder, embed_queries, passage_text
from ragcompress.retriever.identity import check_identity
from ragcompress.retriever.inputs import check_queries
from ragcompress.retriever.lexical import LexicalIndex
from ragcompress.retriever.sidecar import all_makers
from ragcompress.retriever.store import Generation, read_generation
from ragcompress.retriever.table import Table

__all__ = ["HybridRetriever", "reciprocal_ranks"]


def reciprocal_ranks(rankings: Sequence[NDArray[np.int64]], *, constant: int = 60) -> Hits:
    """Fuse rankings: a row scores the sum of ``1 / (constant + rank)`` over the rankings it is in.

    Cormack, Clarke and Büttcher 2009, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
    methods"; ranks count from 1. Rows come best first, equal scores in the order of their rows.

    >>> rows, scores = reciprocal_ranks([np.array([4, 7]), np.array([7])])
    >>> rows.tolist()
    [7, 4]
    """
    total: dict[int, float] = {}
    for ranking in rankings:
        for place, row in enumerate(ranking.tolist()):
            total[row] = total.get(row, 0.0) + 1.0 / (constant + place + 1)
    rows = sorted(total, key=lambda row: (-total[row], row))
    return np.array(rows, dtype=np.int64), np.array([total[row] for row in rows], dtype=np.float64)


class HybridRetriever:
    """A DenseRetriever whose ranking is fused with BM25's.

    Good where questions hold names, numbers and codes that an encoder blurs. BM25 is built at the first search
    after a change; ``save`` stores it. Scores are reciprocal-rank sums, comparable within one question only.

    Args:
        dense: Where the passages are; ``add`` and ``delete`` go there, by either name.
        constant: Of reciprocal rank fusion; 60 as in the paper.
        depth: How far down each ranking is read (at least ``k``).
    """

    def __init__(self, dense: DenseRetriever, *, constant: int = 60, depth: int = 100) -> None:
        if constant < 0 or depth < 1:
            raise InvalidInput(f"constant is {constant} and depth {depth}; give at least 0 and at least 1")
        self.dense, self.constant, self.depth = dense, constant, depth
        self._lexical: tuple[int, LexicalIndex] | None = None  # with the ``dense.changes`` that it was built after
        self._building = Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"dense": self.dense, "constant": self.constant, "depth": self.depth}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    @classmethod
    def build(cls, passages: Iterable[str | Passage], encoder: Any = None, **options: Any) -> HybridRetriever:
        """Encode and index passages; ``options`` as for ``DenseRetriever.build``."""
        return cls(DenseRetriever.build(passages, encoder, **options))

    def __len__(self) -> int:
        return len(self.dense)

    def __iter__(self) -> Iterator[Passage]:
        return iter(self.dense)

    def __repr__(self) -> str:
        return f"HybridRetriever({self.dense!r}, constant={self.constant}, depth={self.depth})"

    def retrieve(self, query: str, k: int = 10) -> list[Passage]:
        """The ``k`` best passages of the fused ranking, best first, with its sum as their score.

        Raises:
            InvalidInput: The query is not a str or is blank; ``k`` is not a whole number of at least 0.
        """
        return self.retrieve_many([query], k)[0]

    def retrieve_many(self, queries: Sequence[str], k: int = 10) -> list[list[Passage]]:
        """``retrieve`` for many questions, encoded together."""
        check_queries(queries, k)
        if not len(self) or not k or not queries:
            return [[] for _ in queries]
        vectors, depth, out = embed_queries(self.dense.encoder, queries), max(self.depth, k), []
        with self.dense.reading():
            lexical, live = self._bm25(), self.dense.live_rows()
            for query, (near, _) in zip(queries, self.dense.search_vectors(vectors, depth), strict=True):
                rows, scores = reciprocal_ranks([near, live[lexical.top(query, depth)]], constant=self.constant)
                out.append(self.dense.passages_at((rows[:k], scores[:k])))
        return out

    def _bm25(self) -> LexicalIndex:
        """BM25 over the passages of now; call it inside ``dense.reading()``."""
        with self._building:
            if self._lexical is None or self._lexical[0] != self.dense.changes:
                built = LexicalIndex.build(passage_text(passage) for passage in self.dense)
                self._lexical = self.dense.changes, built
            return self._lexical[1]

    def get(self, ids: Iterable[str]) -> list[Passage]:
        """See ``DenseRetriever.get``."""
        return self.dense.get(ids)

    def add(self, passages: Iterable[str | Passage], *, batch_size: int = 32) -> list[str]:
        """See ``DenseRetriever.add``."""
        return self.dense.add(passages, batch_size=batch_size)

    def delete(self, ids: Iterable[str]) -> int:
        """See ``DenseRetriever.delete``."""
        return self.dense.delete(ids)

    def compact(self) -> None:
        """See ``DenseRetriever.compact``."""
        self.dense.compact()

    def save(self, folder: str | Path) -> None:
        """See ``DenseRetriever.save``; ``DenseRetriever.load`` opens the same folder without BM25."""
        self.dense.tidy()
        more = {"fusion": {"constant": self.constant, "depth": self.depth}}
        with self.dense.reading():
            self.dense.save_with(Path(folder), self._bm25().writers(), more)

    @classmethod
    def load(
        cls, folder: str | Path, encoder: Any = None, *, mmap: bool = True, verify: bool = True
    ) -> HybridRetriever:
        """See ``DenseRetriever.load``; of a folder saved by a DenseRetriever, BM25 is built at the first search."""
        used, makers = as_encoder(encoder), all_makers()

        def read(saved: Generation) -> HybridRetriever:
            check_identity(saved.facts["encoder"], used, where=Path(folder))
            table = Table.load(saved, makers=makers, mmap=mmap)
            dense = DenseRetriever(used, table, identity=saved.facts["encoder"])
            out = cls(dense, **saved.facts.get("fusion", {}))
            if "bm25.words.json" in saved.names:
                out._lexical = out.dense.changes, LexicalIndex.load(saved.folder, n=len(out), mmap=mmap)
            return out

        return read_generation(Path(folder), read, verify=verify)
