"""Tables that others made: searched by their vectors as they are, never written to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import EncoderMismatch, InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.retriever.embed import embed_texts, normalise
from ragcompress.retriever.inputs import as_ids
from ragcompress.retriever.stores.base import StoreRetriever
from ragcompress.retriever.stores.named import OPERATORS, Named
from ragcompress.retriever.stores.rows import Found, Wanted

__all__ = ["WrappedRetriever", "wrapped"]

Sample = tuple[Passage, NDArray[np.float32]] | None
ALIKE = 0.8  # cosine of a stored vector and the encoder's own of that text: titles and prefixes cost some, others' is 0


class WrappedRetriever(StoreRetriever):
    """``retrieve`` (dense) and ``get`` over a table that someone else made; `StoreRetriever.wrap` makes it.

    Filters are exact: rows that don't match are read and passed over, deeper and deeper.
    """

    def __init__(self, table: Any, encoder: Any, again: tuple[Any, ...]) -> None:
        super().__init__(table, encoder, create=False)
        self._again = again
        sample = table.sample()
        if sample is not None:
            passage, vector = sample
            _check(passage, vector, self)

    def __reduce__(self) -> Any:
        kind, uri, name, columns = self._again
        return wrapped, (kind, uri, name, self.encoder, columns)

    def get(self, ids: Iterable[str]) -> list[Passage]:
        """See `StoreRetriever`."""
        wanted = as_ids(ids)
        found = self._table.read(list(dict.fromkeys(wanted)), "")
        return [found[name].passage for name in wanted if name in found]

    def upsert_vectors(self, *_: Any, **__: Any) -> None:
        """Refused."""
        raise InvalidInput(f"{self.place} is wrapped and only read; write to it with what made it")

    def delete(self, ids: Iterable[str]) -> int:
        """Refused."""
        raise InvalidInput(f"{self.place} is wrapped and only read; delete with what made it")


def wrapped(kind: Any, uri: Any, name: str, encoder: Any, columns: Mapping[str, str]) -> WrappedRetriever:
    """A retriever over an existing table; see `StoreRetriever.wrap`."""
    table = {"LanceTable": _Lance, "PgTable": _Pg, "QdrantTable": _Qdrant}[kind.__name__]
    return WrappedRetriever(table(kind(uri, name), Named(**columns)), encoder, (kind, uri, name, columns))


def _check(passage: Passage, vector: NDArray[np.float32], store: WrappedRetriever) -> None:
    """One row tells whether the table's vectors are this encoder's."""
    own = embed_texts(store.encoder, [passage.text])[0]
    if own.shape != vector.shape:
        told = f"its vectors have {vector.size} dimensions, the encoder's {own.size}"
    elif own.any() and float(own @ normalise(vector[None])[0]) < ALIKE:
        told = f"the vector of {passage.id!r} is unlike what the encoder makes of its text"
    else:
        return
    raise EncoderMismatch(f"{store.place} was not made with {store.encoder!r}: {told}. Pass the encoder that made it")


class _Wrapped:
    """What the three tables share: they are read, by vectors alone."""

    def __init__(self, inner: Any, named: Named) -> None:
        self.inner, self.named, self.place = inner, named, inner.place

    def close(self) -> None:
        """See `Table`."""
        self.inner.close()

    def create(self, about: Mapping[str, Any], dim: int) -> None:
        """Never: it is there."""

    def matching(self, text: Sequence[str], k: int, wanted: Wanted) -> list[Found]:
        """Refused."""
        raise InvalidInput(f"{self.place} is wrapped and searched by its vectors; give search='dense'")

    def write(self, rows: Sequence[Any]) -> None:
        """Refused by the retriever."""

    def remove(self, keys: Sequence[str], tenant: str) -> int:
        """Refused by the retriever."""
        return 0

    def optimize(self) -> None:
        """Whoever made the table does."""


class _Lance(_Wrapped):
    def about(self) -> Mapping[str, Any] | None:
        return None if self.inner.about() is None else {}

    def nearest(self, vector: NDArray[np.float32], k: int, wanted: Wanted) -> list[Found]:
        asked = self.inner._table.search(vector, vector_column_name=self.named.vector)
        rows = asked.distance_type(self.named.metric).limit(k).to_arrow().to_pylist()
        start = 0.0 if self.named.metric == "l2" else 1.0  # of dot, too, LanceDB gives 1 - dot
        return [self.named.found(row, start - row.pop("_distance")) for row in rows]

    def read(self, keys: Sequence[str], tenant: str) -> dict[str, Found]:
        return {key: self.named.found(row, 0.0) for key in keys for row in self._row(key)}

    def sample(self) -> Sample:
        rows = self.inner._table.head(1).to_pylist()
        return (self.named.found(rows[0], 0.0).passage, self.named.vector_in(rows[0])) if rows else None

    def _row(self, key: str) -> list[dict[str, Any]]:
        """By its id: text is quoted as SQL has it, numbers are numbers."""
        kind = str(self.inner._table.schema.field(self.named.id).type)
        value = "'" + key.replace("'", "''") + "'" if "string" in kind else str(int(key))
        rows = self.inner._table.search().where(f"`{self.named.id}` = {value}").limit(1).to_arrow().to_pylist()
        return list(rows)

    def count(self, tenant: str) -> int:
        return int(self.inner._table.count_rows())


class _Pg(_Wrapped):
    def about(self) -> Mapping[str, Any] | None:
        try:
            self._rows("select 1 from {table} limit 1", [])
        except require("psycopg.errors", "pgvector").UndefinedTable:
            return None
        return {}

    def nearest(self, vector: NDArray[np.float32], k: int, wanted: Wanted) -> list[Found]:
        near = "{vector} " + OPERATORS[self.named.metric] + " %s::vector"
        text = "select to_jsonb(t) - %s, " + near + " from {table} t order by " + near + " limit %s"
        given = "[" + ",".join(map(repr, vector.tolist())) + "]"
        rows = self._rows(text, [self.named.vector, given, given, k])
        start = 1.0 if self.named.metric == "cosine" else 0.0
        return [self.named.found(row, start - float(distance)) for row, distance in rows]

    def read(self, keys: Sequence[str], tenant: str) -> dict[str, Found]:
        text = "select to_jsonb(t) - %s from {table} t where {id}::text = any(%s)"
        found = [self.named.found(row, 0.0) for (row,) in self._rows(text, [self.named.vector, list(keys)])]
        return {each.key: each for each in found}

    def sample(self) -> Sample:
        rows = self._rows("select to_jsonb(t) - %s, {vector}::text from {table} t limit 1", [self.named.vector])
        return (
            (self.named.found(rows[0][0], 0.0).passage, np.asarray(json.loads(rows[0][1]), np.float32))
            if rows
            else None
        )

    def count(self, tenant: str) -> int:
        return int(self._rows("select count(*) from {table}", [])[0][0])

    def _rows(self, text: str, values: list[Any]) -> list[Any]:
        sql = require("psycopg.sql", "pgvector")
        parts = {"vector": sql.Identifier(self.named.vector), "id": sql.Identifier(self.named.id)}
        query = sql.SQL(text).format(table=sql.Identifier(*self.inner.name.split(".")), **parts)
        return self.inner._run(lambda c: c.execute(query, values).fetchall())  # type: ignore[no-any-return]


class _Qdrant(_Wrapped):
    def about(self) -> Mapping[str, Any] | None:
        return None if self.inner.about() is None else {}

    def nearest(self, vector: NDArray[np.float32], k: int, wanted: Wanted) -> list[Found]:
        answer = self.inner._client.query_points(
            self.inner.name, query=vector.tolist(), using=self.named.vector or None, limit=k, with_payload=True
        )
        return [self._found(point, float(point.score)) for point in answer.points]

    def read(self, keys: Sequence[str], tenant: str) -> dict[str, Found]:
        found = [self._found(point, 0.0) for point in self._points(keys)]
        return {each.key: each for each in found}

    def sample(self) -> Sample:
        points = self.inner._client.scroll(self.inner.name, limit=1, with_vectors=True)[0]
        if not points:
            return None
        vector = points[0].vector
        own = vector[self.named.vector] if isinstance(vector, dict) else vector
        return self._found(points[0], 0.0).passage, np.asarray(own, np.float32)

    def count(self, tenant: str) -> int:
        return int(self.inner._client.count(self.inner.name, exact=True).count)

    def _points(self, keys: Sequence[str]) -> list[Any]:
        """By the points' own ids, or by the payload key that holds ours."""
        client, models = self.inner._client, self.inner._models
        if not self.named.id:
            ids = [int(key) if key.isdigit() else key for key in keys]
            return list(client.retrieve(self.inner.name, ids=ids, with_vectors=True))
        among = models.FieldCondition(key=self.named.id, match=models.MatchAny(any=list(keys)))
        asked = models.Filter(must=[among])
        return list(client.scroll(self.inner.name, scroll_filter=asked, limit=len(keys), with_vectors=True)[0])

    def _found(self, point: Any, score: float) -> Found:
        own = {} if self.named.id else {"": str(point.id)}
        return self.named.found({**(point.payload or {}), **own}, score)
