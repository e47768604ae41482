"""QdrantRetriever: passages in a Qdrant collection, dense and sparse vectors side by side."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import StoreError, require
from ragcompress.core.forks import cached_property
from ragcompress.retriever.stores.base import StoreRetriever
from ragcompress.retriever.stores.rows import Found, Row, Wanted

__all__ = ["QdrantRetriever"]

PAYLOAD = ["record", "sidecars"]
K1, B, LENGTH = 1.2, 0.75, 256.0  # of BM25, with a usual length in words instead of the mean, which keeps changing
BATCH = 128  # points per request: one of 100 kB each must stay below the 32 MB that a server takes


class QdrantRetriever(StoreRetriever):
    """Passages in Qdrant; see `StoreRetriever`. Lexical search is BM25 over a sparse vector, its IDF the server's.

    Args:
        uri: ``http://host:6333``, a folder or ``":memory:"`` (both slow, for trying things out), or a ``QdrantClient``.
        encoder: What encodes; as for ``DenseRetriever``.
        table: The collection's name.
        options: ``tenant``, ``search``, ``precompute``, ``create``.
    """

    def __init__(self, uri: Any, encoder: Any = None, *, table: str = "ragcompress_passages", **options: Any) -> None:
        self._opened = uri, {"table": table, **options}
        super().__init__(QdrantTable(uri, table), encoder, **options)


class QdrantTable:
    """The collection; the client is made at first use."""

    def __init__(self, uri: Any, name: str) -> None:
        self.uri, self.name, self.place = uri, name, f"qdrant:{uri if isinstance(uri, str) else 'client'}#{name}"

    @cached_property
    def _client(self) -> Any:
        if not isinstance(self.uri, str):
            return self.uri
        client = require("qdrant_client", "qdrant").QdrantClient
        if self.uri == ":memory:" or "://" in self.uri:
            return client(self.uri)
        return client(path=self.uri)

    @property
    def _models(self) -> Any:
        return require("qdrant_client.models", "qdrant")

    @property
    def _local(self) -> bool:
        return bool(require("qdrant_client.local.qdrant_local", "qdrant").QdrantLocal is type(self._client._client))

    def about(self) -> Mapping[str, Any] | None:
        """See `Table`."""
        try:
            if not self._client.collection_exists(self.name):
                return None
            return self._client.get_collection(self.name).config.metadata or {}
        except (OSError, RuntimeError) as error:
            raise StoreError(f"{self.place} can't be opened: {error}") from error

    def create(self, about: Mapping[str, Any], dim: int) -> None:
        """See `Table`."""
        models = self._models
        try:
            self._client.create_collection(
                self.name,
                vectors_config={"dense": models.VectorParams(size=dim, distance=models.Distance.DOT)},
                sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
                metadata=dict(about),
            )
        except _refused():  # another process was quicker, or else ``about`` finds nothing
            return
        if not self._local:
            tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
            self._client.create_payload_index(self.name, "tenant", tenant)
            self._client.create_payload_index(self.name, "facts", models.PayloadSchemaType.KEYWORD)

    def write(self, rows: Sequence[Row]) -> None:
        """See `Table`; each request of 128 rows is whole or not there, and may be repeated."""
        for at in range(0, len(rows), BATCH):
            points = [self._point(row) for row in rows[at : at + BATCH]]
            self._client.upsert(self.name, points, wait=True)

    def remove(self, keys: Sequence[str], tenant: str) -> int:
        """See `Table`."""
        there = list(self.read(keys, tenant))
        if there:
            self._client.delete(self.name, points_selector=[str(UUID(key)) for key in there], wait=True)
        return len(there)

    def read(self, keys: Sequence[str], tenant: str) -> dict[str, Found]:
        """See `Table`."""
        points = self._client.retrieve(self.name, ids=[str(UUID(key)) for key in keys], with_payload=PAYLOAD)
        return {each.key: each for each in _found(points)}

    def nearest(self, vector: NDArray[np.float32], k: int, wanted: Wanted) -> list[Found]:
        """See `Table`."""
        return self._query(vector.tolist(), "dense", k, wanted)

    def matching(self, text: Sequence[str], k: int, wanted: Wanted) -> list[Found]:
        """See `Table`."""
        numbers = sorted({_number(word) for word in text})
        return self._query(self._models.SparseVector(indices=numbers, values=[1.0] * len(numbers)), "words", k, wanted)

    def count(self, tenant: str) -> int:
        """See `Table`."""
        return int(self._client.count(self.name, count_filter=self._filter(Wanted(tenant)), exact=True).count)

    def optimize(self) -> None:
        """Qdrant does that itself."""

    def close(self) -> None:
        """See `Table`; a client that was handed in stays open."""
        if isinstance(self.uri, str) and "_client" in self.__dict__:
            self._client.close()
            del self._client

    def _query(self, query: Any, using: str, k: int, wanted: Wanted) -> list[Found]:
        answer = self._client.query_points(
            self.name, query=query, using=using, limit=k, query_filter=self._filter(wanted), with_payload=PAYLOAD
        )
        return list(_found(answer.points))

    def _filter(self, wanted: Wanted) -> Any:
        models = self._models
        tenant = models.FieldCondition(key="tenant", match=models.MatchValue(value=wanted.tenant))
        groups = [
            models.FieldCondition(key="facts", match=models.MatchAny(any=sorted(group))) for group in wanted.groups
        ]
        return models.Filter(must=[tenant, *groups])

    def _point(self, row: Row) -> Any:
        names = ("tenant", "id", "title", "text", "metadata")
        payload = {name: getattr(row, name) for name in names} | {
            "facts": list(row.facts),
            "record": base64.b64encode(row.record).decode(),
            "sidecars": None if row.sidecars is None else base64.b64encode(row.sidecars).decode(),
        }
        vectors = {"dense": row.vector.tolist()} | ({"words": self._sparse(row.words.split())} if row.words else {})
        return self._models.PointStruct(id=str(UUID(row.key)), vector=vectors, payload=payload)

    def _sparse(self, text: Sequence[str]) -> Any:
        """The BM25 weight of every word, without its rarity, which the server knows."""
        counts = Counter(_number(word) for word in text)
        room = K1 * (1 - B + B * len(text) / LENGTH)
        weights = {number: n * (K1 + 1) / (n + room) for number, n in sorted(counts.items())}
        return self._models.SparseVector(indices=list(weights), values=list(weights.values()))


def _number(word: str) -> int:
    """A word's column: 32 bits of its hash."""
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big")


def _found(points: Any) -> Iterator[Found]:
    for point in points:
        extra = point.payload.get("sidecars")
        record, key = base64.b64decode(point.payload["record"]), UUID(str(point.id)).hex
        yield Found.of(
            key, record, float(getattr(point, "score", 0.0)), None if extra is None else base64.b64decode(extra)
        )


def _refused() -> tuple[type[Exception], ...]:
    exceptions = require("qdrant_client.http.exceptions", "qdrant")
    return (ValueError, exceptions.UnexpectedResponse)


QdrantRetriever._table_of = QdrantTable
