"""FaissVectorStore: DenseRetriever as a LangChain VectorStore; saved as plain arrays and JSON lines, never pickle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from ragcompress.core.errors import InvalidInput
from ragcompress.core.select import spread
from ragcompress.core.types import Passage
from ragcompress.integrations.langchain.embeddings import EncoderEmbeddings, as_encoder_of
from ragcompress.retriever.ann import Hits
from ragcompress.retriever.dense import DenseRetriever
from ragcompress.retriever.embed import embed_queries, normalise
from ragcompress.retriever.filters import Filter, predicate
from ragcompress.retriever.inputs import check_queries

__all__ = ["FaissVectorStore"]


class FaissVectorStore(VectorStore):
    """Texts found by cosine, over FAISS.

    Scores are cosines in [-1, 1], higher is nearer; ``score_threshold`` is the least that comes back, in every search.
    Filters are dicts or functions of the metadata (see `ragcompress.retriever.filters`) and exact: as many documents
    come back as match, up to ``k``. A search option that does not exist is an error.

    Attributes:
        retriever: The `ragcompress.DenseRetriever` that holds everything; use it directly for compression sidecars.
    """

    def __init__(self, embedding: Any = None, *, retriever: DenseRetriever | None = None) -> None:
        """An empty store, or one over ``retriever``.

        Args:
            embedding: LangChain Embeddings, or what `ragcompress.DenseRetriever.build` takes; None: the embedded
                MiniLM, without the network.
            retriever: A retriever to store in; with it ``embedding`` is not needed.
        """
        self.retriever = retriever if retriever is not None else DenseRetriever.build([], as_encoder_of(embedding))
        self._embedding = embedding if isinstance(embedding, Embeddings) else None

    @property
    def embeddings(self) -> Embeddings:
        """What encodes the texts, as LangChain's Embeddings."""
        return self._embedding or EncoderEmbeddings(self.retriever.encoder)

    def __len__(self) -> int:
        return len(self.retriever)

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts; one whose id is here already replaces the one that is. Returns the ids, made where None."""
        given = list(texts)
        extras = [{} for _ in given] if metadatas is None else metadatas
        names = [None] * len(given) if ids is None else list(ids)
        if not len(given) == len(extras) == len(names):
            raise InvalidInput(f"{len(given)} texts, {len(extras)} metadatas and {len(names)} ids; give one each")
        return self.retriever.add(
            Passage(text, id=name or uuid4().hex, metadata=dict(extra))
            for text, extra, name in zip(given, extras, names, strict=True)
        )

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        """Delete by id, or everything with None; unknown ids are ignored."""
        self.retriever.delete([passage.id for passage in self.retriever] if ids is None else ids)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents with these ids; unknown ids are left out."""
        return [_document(passage) for passage in self.retriever.get(ids)]

    def similarity_search(self, query: str, k: int = 4, filter: Filter = None, **kwargs: Any) -> list[Document]:
        """The ``k`` nearest documents."""
        return [document for document, _ in self.similarity_search_with_score(query, k, filter, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, filter: Filter = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The ``k`` nearest documents with their cosines."""
        return self._documents(self._asked(query), k, filter, _least(kwargs))

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, filter: Filter = None, **kwargs: Any
    ) -> list[Document]:
        """The ``k`` documents nearest to a vector."""
        found = self.similarity_search_with_score_by_vector(embedding, k, filter, **kwargs)
        return [document for document, _ in found]

    def similarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, filter: Filter = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The ``k`` documents nearest to a vector, with their cosines."""
        return self._documents(self._near(embedding), k, filter, _least(kwargs))

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter = None,
        **kwargs: Any,
    ) -> list[Document]:
        """``k`` of the ``fetch_k`` nearest, each unlike those before (Carbonell and Goldstein, 1998).

        Args:
            query: What is asked.
            k: How many come back.
            fetch_k: How many are looked at.
            lambda_mult: 1: relevance alone; 0: unlikeness alone.
            filter: On metadata.
        """
        with self.retriever.reading():
            hits = _above(self._search(self._asked(query), max(fetch_k, k), filter), _least(kwargs))
            return self._diverse(hits, k, lambda_mult)

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter = None,
        **kwargs: Any,
    ) -> list[Document]:
        """``max_marginal_relevance_search`` for a vector."""
        with self.retriever.reading():
            hits = _above(self._search(self._near(embedding), max(fetch_k, k), filter), _least(kwargs))
            return self._diverse(hits, k, lambda_mult)

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings | None = None,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> Self:
        """A store of these texts."""
        store = cls(embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    def from_documents(cls, documents: list[Document], embedding: Embeddings | None = None, **kwargs: Any) -> Self:
        """A store of these documents; without ``embedding``, encoded with what comes with the package."""
        return super().from_documents(documents, embedding, **kwargs)  # type: ignore[arg-type]

    def save_local(self, folder: str | Path) -> None:
        """Write to a folder; a crash leaves what was there before. Metadata must be JSON."""
        self.retriever.save(folder)

    @classmethod
    def load_local(cls, folder: str | Path, embeddings: Any = None) -> Self:
        """Open a saved folder with what encodes its queries.

        Raises:
            BadIndex: No index, a damaged one, or one of another encoder.
        """
        store = cls(retriever=DenseRetriever.load(folder, as_encoder_of(embeddings)))
        store._embedding = embeddings if isinstance(embeddings, Embeddings) else None
        return store

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: min(max(cosine, 0.0), 1.0)  # LangChain wants [0, 1]; opposite is as good as unrelated

    def _near(self, embedding: Sequence[float]) -> Callable[[int], Hits]:
        vector = normalise(np.asarray([embedding], dtype=np.float32))
        if vector.shape[1] != self.retriever.encoder.dim:
            raise InvalidInput(f"the vector has {vector.shape[1]} numbers; this store has {self.retriever.encoder.dim}")
        return lambda n: self.retriever.search_vectors(vector, n)[0]

    def _asked(self, query: str) -> Callable[[int], Hits]:
        check_queries([query], 1)
        vector = embed_queries(self.retriever.encoder, [query])
        return lambda n: self.retriever.search_vectors(vector, n)[0]

    def _search(self, nearest: Callable[[int], Hits], k: int, given: Filter) -> Hits:
        """The best ``k`` that pass the filter: look twice as deep until there are enough or no more."""
        accept, depth = predicate(given), k
        while True:
            rows, scores = nearest(min(depth, len(self.retriever)))
            if given is None:
                return rows, scores
            passages = self.retriever.passages_at((rows, scores))
            good = np.array([bool(accept(passage.metadata)) for passage in passages], dtype=np.bool_)
            if good.sum() >= k or depth >= len(self.retriever):
                return rows[good][:k], scores[good][:k]
            depth = max(depth * 4, 64)

    def _documents(
        self, nearest: Callable[[int], Hits], k: int, given: Filter, least: float
    ) -> list[tuple[Document, float]]:
        with self.retriever.reading():
            found = self.retriever.passages_at(_above(self._search(nearest, k, given), least))
        return [(_document(passage), passage.score or 0.0) for passage in found]

    def _diverse(self, hits: Hits, k: int, trade: float) -> list[Document]:
        rows, scores = hits
        vectors = self.retriever._table.index.vectors[rows]
        order = spread(scores, vectors @ vectors.T, trade=trade, size=k)
        return [_document(passage) for passage in self.retriever.passages_at((rows[order], scores[order]))]


def _document(passage: Passage) -> Document:
    return Document(page_content=passage.text, metadata=dict(passage.metadata), id=passage.id)


def _least(options: dict[str, Any]) -> float:
    """The ``score_threshold`` among search options.

    Raises:
        InvalidInput: An option that no search has; a misspelt filter must not be a search without one.
    """
    unknown = sorted(set(options) - {"score_threshold", "fetch_k", "lambda_mult"})
    if unknown:
        raise InvalidInput(
            f"no search option is called {unknown[0]!r}; there are k, filter, score_threshold, fetch_k, lambda_mult"
        )
    least = options.get("score_threshold")
    return float("-inf") if least is None else float(least)


def _above(hits: Hits, least: float) -> Hits:
    rows, scores = hits
    return rows[scores >= least], scores[scores >= least]
