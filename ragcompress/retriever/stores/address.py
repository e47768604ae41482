"""Stores by address, as the command line and bulk jobs name them."""

from __future__ import annotations

from typing import Any

from ragcompress.core.errors import InvalidInput
from ragcompress.retriever.stores.base import StoreRetriever
from ragcompress.retriever.stores.lance import LanceRetriever
from ragcompress.retriever.stores.postgres import PgRetriever
from ragcompress.retriever.stores.qdrant import QdrantRetriever

__all__ = ["open_store"]


def open_store(address: str, encoder: Any = None, **options: Any) -> StoreRetriever:
    """The store at an address: ``lancedb:PATH``, ``postgresql://…``, ``qdrant:URL`` or ``qdrant:PATH``.

    Args:
        address: A table other than the usual one is named after a ``#``.
        encoder: As for ``DenseRetriever.build``.
        options: As for the class; ``create=False`` opens nothing that isn't there.

    Raises:
        InvalidInput: It is no such address. Else as the class.
    """
    kind, colon, rest = address.partition(":")
    where, _, table = rest.partition("#")
    if table:
        options["table"] = table
    if colon and where and kind == "lancedb":
        return LanceRetriever(where, encoder, **options)
    if colon and where and kind == "qdrant":
        return QdrantRetriever(where, encoder, **options)
    if where.startswith("//") and kind in ("postgresql", "postgres"):
        return PgRetriever(f"{kind}:{where}", encoder, **options)
    raise InvalidInput(f"{address!r} is no store; give lancedb:PATH, postgresql://USER@HOST/DATABASE or qdrant:URL")
