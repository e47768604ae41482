"""Compression by a `ragcompress serve` elsewhere, with the library's own result type (extra ``client``)."""

from __future__ import annotations

from ragcompress.client.http import AsyncClient, Client

__all__ = ["AsyncClient", "Client"]
