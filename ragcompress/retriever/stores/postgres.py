"""PgRetriever: passages in a PostgreSQL table with pgvector. Values travel as parameters only, names are quoted."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput, StoreError, require
from ragcompress.core.forks import cached_property
from ragcompress.retriever.stores.base import StoreRetriever
from ragcompress.retriever.stores.rows import Found, Row, Wanted

__all__ = ["PgRetriever"]

T = TypeVar("T")
INDEX_FROM = 50_000  # rows; below, an exact search takes some 10 ms, as with our own index
PATIENCE = 20.0  # seconds for which a server that went away may take to come back
EF_SEARCH = 200  # how many rows a search of the graph looks at; it goes on while a filter leaves too few
DIMENSIONS = 2000  # the most that pgvector's graph takes


class PgRetriever(StoreRetriever):
    """Passages in PostgreSQL; see `StoreRetriever`.

    A server that restarts is waited for (20 s) and every write is one transaction that may be repeated: a batch is
    there whole or not at all.

    Args:
        uri: ``postgresql://user:password@host/database``, or what else libpq takes.
        encoder: What encodes; as for ``DenseRetriever``.
        table: The table's name, ``schema.name`` if need be; ``name_about`` beside it says what made it.
        options: ``tenant``, ``search``, ``precompute``, ``create``.
    """

    def __init__(self, uri: str, encoder: Any = None, *, table: str = "ragcompress_passages", **options: Any) -> None:
        self._opened = uri, {"table": table, **options}
        super().__init__(PgTable(uri, table), encoder, **options)

    def isolate_tenants(self) -> None:
        """Turn on row-level security: a role that is no owner or superuser sees one tenant's rows alone.

        Which tenant, the setting ``ragcompress.tenant`` says; every transaction of this class sets it.
        """
        table: Any = self._table
        table.isolate_tenants()


class PgTable:
    """The table, over a pool of connections that is opened at first use."""

    def __init__(self, uri: str, name: str) -> None:
        if not name or "\0" in name or len(name.split(".")) > 2:
            raise InvalidInput(f"table is {name!r}; give a name, or schema.name")
        self.uri, self.name = uri, name
        self.place = f"{_without_password(uri)}#{name}"

    @cached_property
    def _pool(self) -> Any:
        pool = require("psycopg_pool", "pgvector").ConnectionPool
        return pool(self.uri, min_size=0, max_size=4, open=True, timeout=PATIENCE, check=pool.check_connection)

    def _sql(self, text: str) -> Any:
        """SQL in which ``{table}``, ``{about}`` and ``{by_…}`` are quoted names."""
        sql = require("psycopg.sql", "pgvector")
        parts = self.name.split(".")
        names = {
            "table": sql.Identifier(*parts),
            "about": sql.Identifier(*parts[:-1], parts[-1] + "_about"),
            **{f"by_{kind}": sql.Identifier(f"{parts[-1]}_{kind}") for kind in ("facts", "words", "tenant", "vector")},
        }
        return sql.SQL(text).format(**names)

    def about(self) -> Mapping[str, Any] | None:
        """See `Table`."""
        missing = require("psycopg.errors", "pgvector").UndefinedTable
        try:
            rows = self._run(lambda c: c.execute(self._sql("select about from {about}")).fetchall())
        except missing:
            return None
        return rows[0][0] if rows else None

    def create(self, about: Mapping[str, Any], dim: int) -> None:
        """See `Table`; the migration may be run again at any time."""

        def work(connection: Any) -> None:
            connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"ragcompress {self.name}"])
            for statement in _MIGRATION:
                connection.execute(self._sql(statement.replace("DIM", str(int(dim)))))
            insert = "insert into {about} (about) values (%s::jsonb) on conflict do nothing"
            connection.execute(self._sql(insert), [json.dumps(about)])

        self._run(work)

    def write(self, rows: Sequence[Row]) -> None:
        """See `Table`."""
        names = ("key", "tenant", "id", "title", "text", "facts", "record", "sidecars")
        values = [
            {name: getattr(row, name) for name in names}
            | {"metadata": json.dumps(row.metadata), "vector": _vector(row.vector), "words": row.words}
            for row in sorted(rows, key=lambda row: row.key)  # in one order, so that two writers can't block each other
        ]

        def work(connection: Any) -> None:
            with connection.cursor() as cursor:
                cursor.executemany(self._sql(_UPSERT), values)

        self._run(work, tenant=rows[0].tenant)

    def remove(self, keys: Sequence[str], tenant: str) -> int:
        """See `Table`."""
        text = "delete from {table} where key = any(%s) and tenant = %s"
        return self._run(lambda c: int(c.execute(self._sql(text), [list(keys), tenant]).rowcount), tenant=tenant)

    def read(self, keys: Sequence[str], tenant: str) -> dict[str, Found]:
        """See `Table`."""
        text = "select key, record, 0.0::float8, sidecars from {table} where key = any(%s) and tenant = %s"
        found = self._found(text, [list(keys), tenant], tenant)
        return {each.key: each for each in found}

    def nearest(self, vector: NDArray[np.float32], k: int, wanted: Wanted) -> list[Found]:
        """See `Table`."""
        clause, values = _clause(wanted)
        text = (
            "select key, record, -(vector <#> %s::vector) as score, sidecars from {table} where "
            + clause
            + " order by vector <#> %s::vector limit %s"
        )
        given = _vector(vector)
        return self._found(text, [given, *values, given, k], wanted.tenant)

    def matching(self, text: Sequence[str], k: int, wanted: Wanted) -> list[Found]:
        """See `Table`; any word may match, and the more do, the better."""
        clause, values = _clause(wanted)
        select = (
            "select key, record, ts_rank(words, query, 1)::float8 as score, sidecars "
            "from {table}, to_tsquery('simple', %s) query where words @@ query and "
            + clause
            + " order by score desc, key limit %s"
        )
        query = " | ".join(f"'{word}'" for word in text)  # letters, digits and marks alone, see `words`
        return self._found(select, [query, *values, k], wanted.tenant)

    def count(self, tenant: str) -> int:
        """See `Table`."""
        text = "select count(*) from {table} where tenant = %s"
        return int(self._run(lambda c: c.execute(self._sql(text), [tenant]).fetchone()[0], tenant=tenant))

    def optimize(self) -> None:
        """Make the graph over the vectors once the table is large, and tell the planner what is in it."""

        def work(connection: Any) -> None:
            (rows,) = connection.execute(self._sql("select count(*) from {table}")).fetchone()
            if rows >= INDEX_FROM:
                connection.execute(self._sql(_GRAPH))
            connection.execute(self._sql("analyze {table}"))

        self._run(work)

    def isolate_tenants(self) -> None:
        """See `PgRetriever.isolate_tenants`."""
        self._run(lambda c: [c.execute(self._sql(statement)) for statement in _ISOLATION])

    def close(self) -> None:
        """See `Table`."""
        if "_pool" in self.__dict__:
            self._pool.close()
            del self._pool

    def _found(self, text: str, values: Iterable[Any], tenant: str) -> list[Found]:
        rows = self._run(lambda c: c.execute(self._sql(text), list(values)).fetchall(), tenant=tenant)
        return [
            Found.of(key, bytes(record), float(score), extra and bytes(extra)) for key, record, score, extra in rows
        ]

    def _run(self, work: Callable[[Any], T], *, tenant: str = "") -> T:
        """Do some work in one transaction; all over again while the server is away."""
        psycopg, pool = require("psycopg", "pgvector"), require("psycopg_pool", "pgvector")
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with self._pool.connection() as connection, connection.transaction():
                    connection.execute(_SETTINGS, [str(EF_SEARCH), tenant])
                    return work(connection)
            except (psycopg.OperationalError, pool.PoolTimeout) as error:
                if time.monotonic() > until:
                    raise StoreError(f"{self.place} can't be reached: {error}".strip()) from error
                time.sleep(0.2)
            except (psycopg.errors.UndefinedTable, InvalidInput):
                raise
            except psycopg.Error as error:
                raise StoreError(f"{self.place} refused: {error}".strip()) from error


_SETTINGS = (
    "select set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'strict_order', true), "
    "set_config('ragcompress.tenant', %s, true)"
)
_MIGRATION = (
    "create extension if not exists vector",
    "create table if not exists {table} (key text primary key, tenant text not null, id text not null, "
    "title text not null, text text not null, metadata jsonb not null, facts text[] not null, record bytea not null, "
    "vector vector(DIM) not null, words tsvector not null, sidecars bytea)",
    "create index if not exists {by_facts} on {table} using gin (facts)",
    "create index if not exists {by_words} on {table} using gin (words)",
    "create index if not exists {by_tenant} on {table} (tenant)",
    "create table if not exists {about} (one boolean primary key default true check (one), about jsonb not null)",
)
_GRAPH = "create index if not exists {by_vector} on {table} using hnsw (vector vector_ip_ops)"
_UPSERT = (
    "insert into {table} (key, tenant, id, title, text, metadata, facts, record, vector, words, sidecars) values "
    "(%(key)s, %(tenant)s, %(id)s, %(title)s, %(text)s, %(metadata)s::jsonb, %(facts)s, %(record)s, "
    "%(vector)s::vector, to_tsvector('simple', %(words)s), %(sidecars)s) "
    "on conflict (key) do update set tenant = excluded.tenant, id = excluded.id, "
    "title = excluded.title, text = excluded.text, metadata = excluded.metadata, facts = excluded.facts, "
    "record = excluded.record, vector = excluded.vector, words = excluded.words, sidecars = excluded.sidecars"
)
_ISOLATION = (
    "alter table {table} enable row level security",
    "drop policy if exists tenant on {table}",
    "create policy tenant on {table} using (tenant = current_setting('ragcompress.tenant', true))",
)


def _without_password(uri: str) -> str:
    return re.sub(r"(password=)('[^']*'|\S+)", r"\1***", re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", uri))


def _vector(vector: NDArray[np.float32]) -> str:
    return "[" + ",".join(map(repr, vector.tolist())) + "]"


def _clause(wanted: Wanted) -> tuple[str, list[Any]]:
    """SQL without a single value in it, and the values."""
    groups = [sorted(group) for group in wanted.groups]
    return " and ".join(["tenant = %s", *("facts && %s" for _ in groups)]), [wanted.tenant, *groups]


PgRetriever._table_of = PgTable
