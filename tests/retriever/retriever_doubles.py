"""Encoders for tests: deterministic, tiny, and made of nothing but a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class WordEncoder:
    """The sum of one fixed random vector per word; an object with ``encode`` alone, as a user may have."""

    def __init__(self, dim: int = 32, *, seed: int = 0) -> None:
        self.dim_, self.seed, self.seen = dim, seed, 0

    def _word(self, word: str) -> Vectors:
        digest = hashlib.sha256(f"{self.seed} {word}".encode()).digest()
        return np.random.default_rng(list(digest[:8])).normal(size=self.dim_).astype(np.float32)

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.seen += len(texts)
        rows = [sum((self._word(word) for word in text.split()), np.zeros(self.dim_)) for text in texts]
        return np.asarray(rows, dtype=np.float32).reshape(len(texts), self.dim_)


class NumberEncoder(WordEncoder):
    """The text ``"17"`` is row 17 of a given matrix, other text as in WordEncoder: vectors of the test's choice."""

    def __init__(self, vectors: Vectors) -> None:
        super().__init__(vectors.shape[1])
        self.vectors = vectors

    def encode(self, texts: Sequence[str]) -> Vectors:
        words = super().encode(texts)
        for place, text in enumerate(texts):
            if text.isdigit():
                words[place] = self.vectors[int(text)]
        return words


def clusters(n: int, dim: int, *, seed: int = 0) -> Vectors:
    """Points around n/40 centres: what text vectors look like to an approximate index."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(1, n // 40), dim))
    points = centres[rng.integers(0, len(centres), n)] + 0.5 * rng.normal(size=(n, dim))
    return points.astype(np.float32)


def brute_force(vectors: Vectors, query: Vectors, k: int) -> tuple[list[int], list[float]]:
    """Rows and cosines by numpy alone, float64, ties by row; a zero vector has cosine 0 with everything."""

    def unit(x: Vectors) -> NDArray[np.float64]:
        wide = x.astype(np.float64)
        norm = np.linalg.norm(wide, axis=-1, keepdims=True)
        return np.divide(wide, norm, out=np.zeros_like(wide), where=norm > 0)

    scores = unit(vectors) @ unit(query)
    order = np.argsort(-scores, kind="stable")[:k]
    return order.tolist(), scores[order].tolist()
