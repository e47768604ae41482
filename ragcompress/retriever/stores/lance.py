"""LanceRetriever: passages in a LanceDB table, which is a folder of files that many processes may share."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import StoreError, require
from ragcompress.core.forks import cached_property
from ragcompress.retriever.stores.base import StoreRetriever
from ragcompress.retriever.stores.rows import Found, Row, Wanted

__all__ = ["LanceRetriever"]

T = TypeVar("T")
INDEX_FROM = 50_000  # rows; below, exact search takes some 10 ms, as with our own index
TRIES = 12  # of a write that others' writes got in the way of
PRIMARY_KEY = "lance-schema:unenforced-primary-key"
COLUMNS = ["key", "record", "sidecars"]


class LanceRetriever(StoreRetriever):
    """Passages in LanceDB; see `StoreRetriever`.

    Args:
        uri: A folder, or what else ``lancedb.connect`` takes (``s3://…``); made where it is missing.
        encoder: What encodes; as for ``DenseRetriever``.
        table: The table's name.
        options: ``tenant``, ``search``, ``precompute``, ``create``.
    """

    def __init__(self, uri: Any, encoder: Any = None, *, table: str = "passages", **options: Any) -> None:
        self._opened = str(uri), {"table": table, **options}
        super().__init__(LanceTable(str(uri), table), encoder, **options)


class LanceTable:
    """The table; nothing is opened before the first use, so that it may travel to other processes."""

    def __init__(self, uri: str, name: str) -> None:
        self.uri, self.name, self.place = uri, name, f"lancedb:{uri}#{name}"

    @cached_property
    def _database(self) -> Any:
        now = timedelta(0)  # read what others have written since, always
        return require("lancedb", "lancedb").connect(self.uri, read_consistency_interval=now)

    @cached_property
    def _table(self) -> Any:
        return self._database.open_table(self.name)

    def about(self) -> Mapping[str, Any] | None:
        """See `Table`."""
        try:
            table = self._table
        except (ValueError, FileNotFoundError):  # as lancedb says that there is none
            return None
        found = (table.schema.metadata or {}).get(b"ragcompress")
        return {} if found is None else json.loads(found)

    def create(self, about: Mapping[str, Any], dim: int) -> None:
        """See `Table`."""
        schema = _schema(dim).with_metadata({"ragcompress": json.dumps(about)})
        try:
            table = self._database.create_table(self.name, schema=schema)
        except (ValueError, OSError, RuntimeError):  # another process was quicker, or else ``about`` finds nothing
            return
        fts = require("lancedb.index", "lancedb").FTS
        plain = fts(
            base_tokenizer="whitespace", stem=False, remove_stop_words=False, ascii_folding=False, lower_case=False,
            max_token_length=None,
        )  # fmt: skip
        table.create_index("words", config=plain)

    def write(self, rows: Sequence[Row]) -> None:
        """See `Table`."""
        arrow = require("pyarrow", "lancedb")
        schema = _schema(len(rows[0].vector))
        batch = arrow.Table.from_pylist([_columns(row) for row in rows], schema=schema)

        def merge() -> Any:
            into = self._table.merge_insert("key").when_matched_update_all().when_not_matched_insert_all()
            return into.use_index(False).execute(batch)  # which by its index would miss others' inserts (lance#9238)

        self._patiently(merge)

    def remove(self, keys: Sequence[str], tenant: str) -> int:
        """See `Table`."""
        return sum(
            int(self._patiently(lambda some=some: self._table.delete(_among(some))).num_deleted_rows)  # type: ignore[misc]
            for some in _chunks(keys)
        )

    def read(self, keys: Sequence[str], tenant: str) -> dict[str, Found]:
        """See `Table`."""
        found: dict[str, Found] = {}
        for some in _chunks(keys):
            rows = self._table.search().where(_among(some)).select(COLUMNS).limit(len(some)).to_arrow()
            found |= {each.key: each for each in _found(rows, None)}
        return found

    def nearest(self, vector: NDArray[np.float32], k: int, wanted: Wanted) -> list[Found]:
        """See `Table`."""
        asked = self._table.search(vector, vector_column_name="vector").distance_type(
            "dot"
        )  # of unit vectors: the cosine
        asked = asked.nprobes(64).refine_factor(10)  # of an index, where there is one: then exact cosines
        rows = asked.where(_clause(wanted), prefilter=True).select([*COLUMNS, "_distance"]).limit(k).to_arrow()
        return list(_found(rows, "_distance"))

    def matching(self, text: Sequence[str], k: int, wanted: Wanted) -> list[Found]:
        """See `Table`."""
        query = require("lancedb.query", "lancedb").MatchQuery(" ".join(text), "words")
        asked = self._table.search(query, query_type="fts").where(_clause(wanted), prefilter=True)
        return list(_found(asked.select([*COLUMNS, "_score"]).limit(k).to_arrow(), "_score"))

    def count(self, tenant: str) -> int:
        """See `Table`."""
        return int(self._table.count_rows(_clause(Wanted(tenant))))

    def optimize(self) -> None:
        """Join small files, bring the indexes up to date, and make one over the vectors of a large table."""
        named = {column for index in self._table.list_indices() for column in index.columns}
        index = require("lancedb.index", "lancedb")
        if "facts" not in named and self._table.count_rows():
            self._patiently(lambda: self._table.create_index("facts", config=index.LabelList()))
            self._patiently(lambda: self._table.create_index("key", config=index.BTree()))
        if "vector" not in named and self._table.count_rows() >= INDEX_FROM:
            config = index.IvfPq(distance_type="dot")
            self._patiently(lambda: self._table.create_index("vector", config=config))
        self._patiently(lambda: self._table.optimize(cleanup_older_than=timedelta(hours=1)))

    def close(self) -> None:
        """Nothing is held open."""

    def _patiently(self, write: Callable[[], T]) -> T:
        """A write, again when another writer got in between: LanceDB commits like git pushes."""
        for attempt in range(TRIES):
            try:
                return write()
            except (OSError, RuntimeError) as error:
                if attempt == TRIES - 1 or not _conflict(error):
                    raise StoreError(f"{self.place} can't be written: {error}") from error
                time.sleep(random.uniform(0, 0.05 * 2 ** min(attempt, 5)))
        raise AssertionError("unreachable")


def _conflict(error: Exception) -> bool:
    said = str(error).lower()
    return any(word in said for word in ("conflict", "concurrent", "retry", "preempted", "too many"))


def _schema(dim: int) -> Any:
    arrow = require("pyarrow", "lancedb")
    text = ("tenant", "id", "title", "text", "metadata", "words")
    # without a declared primary key two writers that insert the same new key at once both do (lance#4585)
    primary = arrow.field("key", arrow.string(), nullable=False, metadata={PRIMARY_KEY: "true"})
    return arrow.schema(
        [
            primary,
            *(arrow.field(name, arrow.string()) for name in text),
            arrow.field("facts", arrow.list_(arrow.string())),
            arrow.field("record", arrow.large_binary()),
            arrow.field("vector", arrow.list_(arrow.float32(), dim)),
            arrow.field("sidecars", arrow.large_binary()),
        ]
    )


def _columns(row: Row) -> dict[str, Any]:
    names = ("key", "tenant", "id", "title", "text", "words", "record", "vector", "sidecars")
    return {name: getattr(row, name) for name in names} | {
        "metadata": json.dumps(row.metadata, ensure_ascii=False),
        "facts": list(row.facts),
    }


def _found(rows: Any, score: str | None) -> Iterator[Found]:
    for row in rows.to_pylist():
        value = 0.0 if score is None else 1.0 - row[score] if score == "_distance" else row[score]
        yield Found.of(row["key"], row["record"], value, row["sidecars"])


def _chunks(keys: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    return (keys[at : at + size] for at in range(0, len(keys), size))


def _among(keys: Sequence[str]) -> str:
    """SQL made of hexadecimal digits alone."""
    return "key IN (" + ", ".join(f"'{key}'" for key in keys) + ")"


def _clause(wanted: Wanted) -> str:
    """SQL for the rows that may come back. Facts are hexadecimal; the tenant is quoted as SQL has it."""
    quoted = wanted.tenant.replace("'", "''")
    groups = [
        "array_has_any(facts, [" + ", ".join(f"'{fact}'" for fact in sorted(group)) + "])" for group in wanted.groups
    ]
    return " AND ".join([f"tenant = '{quoted}'", *groups])


LanceRetriever._table_of = LanceTable
