"""Retrieval: FAISS over sentence vectors, alone or fused with BM25."""

from __future__ import annotations

from ragcompress.retriever.dense import DenseRetriever
from ragcompress.retriever.hybrid import HybridRetriever

__all__ = ["DenseRetriever", "HybridRetriever"]
