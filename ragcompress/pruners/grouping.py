"""Clustering of unit vectors: `(vectors [n, dim], k) -> labels [n]`, in numpy or by the libraries that do it well.

All are deterministic. `kmeans` needs nothing; `faiss_kmeans` and `agglomerative` need their packages.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import require

__all__ = ["Clusterer", "agglomerative", "faiss_kmeans", "kmeans", "medoid"]

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
Clusterer = Callable[[Floats, int], Labels]
ROUNDS = 30


def kmeans(vectors: Floats, k: int) -> Labels:
    """Spherical k-means (Dhillon and Modha 2001), begun from the points that lie farthest from one another."""
    centres = vectors[_far_apart(vectors, k)]
    labels = np.full(len(vectors), -1, dtype=np.int64)
    for _ in range(ROUNDS):
        nearest = np.argmax(vectors @ centres.T, axis=1).astype(np.int64)
        if (nearest == labels).all():
            break
        labels = nearest
        for label in np.unique(labels):  # a centre that lost all its points stays where it was
            total = vectors[labels == label].sum(axis=0)
            length = float(np.linalg.norm(total))
            if length > 0:
                centres[label] = total / length
    return labels


def agglomerative(vectors: Floats, k: int) -> Labels:
    """Average-linkage clustering over cosine distance, by scikit-learn.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    cluster = require("sklearn.cluster", "eval")
    distance = np.clip(1 - vectors @ vectors.T, 0, 2)
    method = cluster.AgglomerativeClustering(n_clusters=k, metric="precomputed", linkage="average")
    labels: Labels = method.fit_predict(distance).astype(np.int64)
    return labels


def faiss_kmeans(vectors: Floats, k: int) -> Labels:
    """Spherical k-means by FAISS, for many thousands of vectors.

    Raises:
        MissingExtra: faiss is not installed.
    """
    faiss = require("faiss", "retrieval")
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    method = faiss.Kmeans(rows.shape[1], k, niter=ROUNDS, spherical=True, nredo=5, seed=1, min_points_per_centroid=1)
    method.train(rows)
    labels: Labels = method.index.search(rows, 1)[1][:, 0].astype(np.int64)
    return labels


def medoid(vectors: Floats) -> int:
    """The row most like all others; the first of equals."""
    return int(np.argmax((vectors @ vectors.sum(axis=0)).round(6)))


def _far_apart(vectors: Floats, k: int) -> list[int]:
    """``k`` rows: the medoid, then again and again the one least like any chosen."""
    chosen = [medoid(vectors)]
    closest = vectors @ vectors[chosen[0]]
    while len(chosen) < k:
        closest[chosen] = np.inf
        chosen.append(int(np.argmin(closest)))
        closest = np.maximum(closest, vectors @ vectors[chosen[-1]])
    return chosen
