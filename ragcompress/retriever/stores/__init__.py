"""Passages in a vector database instead of a FAISS folder: LanceDB, PostgreSQL (pgvector), Qdrant.

One protocol for all, that of `ragcompress.DenseRetriever`: ``build``, ``load``, ``add``, ``upsert``, ``delete``,
``get``, ``retrieve(query, k, where=…)``.
"""

from __future__ import annotations

from ragcompress.retriever.stores.address import open_store
from ragcompress.retriever.stores.base import StoreRetriever
from ragcompress.retriever.stores.lance import LanceRetriever
from ragcompress.retriever.stores.postgres import PgRetriever
from ragcompress.retriever.stores.qdrant import QdrantRetriever

__all__ = ["LanceRetriever", "PgRetriever", "QdrantRetriever", "StoreRetriever", "open_store"]
