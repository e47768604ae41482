"""LangChain's Embeddings as an Encoder of this package, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from ragcompress.retriever.embed import Encoder, normalise

__all__ = ["EmbeddingsEncoder", "EncoderEmbeddings", "as_encoder_of"]

Floats = NDArray[np.float32]


class EmbeddingsEncoder:
    """LangChain Embeddings as an Encoder; known by its probe vectors."""

    fingerprint = ""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._dim: int | None = None

    def __repr__(self) -> str:
        return f"Embeddings({type(self._embeddings).__name__})"

    @property
    def dim(self) -> int:
        """The length of a vector; one text is embedded to learn it."""
        if self._dim is None:
            self._dim = len(self._embeddings.embed_query("dim?"))
        return self._dim

    def embed(self, texts: Sequence[str]) -> Floats:
        """Encode passages: ``[n]`` texts -> float32 ``[n, dim]``."""
        return np.asarray(self._embeddings.embed_documents(list(texts)), dtype=np.float32)

    def embed_query(self, texts: Sequence[str]) -> Floats:
        """Encode questions: ``[n]`` texts -> float32 ``[n, dim]``."""
        return np.asarray([self._embeddings.embed_query(text) for text in texts], dtype=np.float32)


class EncoderEmbeddings(Embeddings):
    """An Encoder as LangChain Embeddings."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Unit vectors of passages."""
        return list(_rows(self._encoder.embed(texts)))

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a question."""
        return next(_rows(getattr(self._encoder, "embed_query", self._encoder.embed)([text])))


def _rows(vectors: Floats) -> Iterator[list[float]]:
    return ([float(x) for x in row] for row in normalise(np.asarray(vectors, dtype=np.float32)))


def as_encoder_of(embedding: Any) -> Any:
    """What `ragcompress.DenseRetriever` takes: Embeddings adapted, anything else as it is."""
    return EmbeddingsEncoder(embedding) if isinstance(embedding, Embeddings) else embedding
