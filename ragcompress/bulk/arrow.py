"""The same work for other engines: one function from Arrow table to Arrow table.

function = compress_arrow(budget=300)
function(table)                                                           # an Arrow table or record batch
spark_frame.mapInArrow(function.batches, schema)                          # Spark
dask_frame.map_partitions(function.frame, meta=function.empty())          # Dask
daft: see docs/scale.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from ragcompress.bulk.columns import arrow_schema, arrow_table
from ragcompress.bulk.passages import Embed
from ragcompress.bulk.work import Compress, Work
from ragcompress.core.budget import TokenBudget
from ragcompress.core.errors import require
from ragcompress.core.protocols import Compressor

__all__ = ["RowFunction", "compress_arrow", "embed_arrow"]


class RowFunction:
    """A function over tables that can be pickled; it loads its model at the first call in each process.

    Args:
        work: What is done to the rows.
    """

    def __init__(self, work: Work) -> None:
        self.work = work

    @property
    def schema(self) -> Any:
        """The Arrow schema of what comes out."""
        return arrow_schema(self.work.columns)

    def __call__(self, table: Any) -> Any:
        """An Arrow table (or record batch) to an Arrow table; one row per row, in order."""
        rows = [{**row, "id": "" if row.get("id") is None else row["id"]} for row in table.to_pylist()]
        return arrow_table(self.work(rows), self.work.columns)

    def batches(self, given: Iterable[Any]) -> Iterator[Any]:
        """Record batches to record batches, as Spark's ``mapInArrow`` has them."""
        for batch in given:
            yield from self(batch).to_batches()

    def frame(self, frame: Any) -> Any:
        """A pandas frame to a pandas frame, as Dask's ``map_partitions`` has them."""
        table = require("pyarrow", "bulk").Table.from_pandas(frame, preserve_index=False)
        return self(table).to_pandas()

    def frames(self, given: Iterable[Any]) -> Iterator[Any]:
        """Pandas frames to pandas frames, as Spark's ``mapInPandas`` has them."""
        return map(self.frame, given)

    def empty(self) -> Any:
        """A pandas frame without rows: what Dask calls ``meta``."""
        return self.schema.empty_table().to_pandas()


def compress_arrow(
    *,
    budget: TokenBudget | int | float | None = None,
    compressor: Compressor | str | None = None,
    options: Mapping[str, Any] | None = None,
) -> RowFunction:
    """`compress_dataset` as a function over Arrow tables."""
    return RowFunction(Compress(budget, compressor, dict(options or {})))


def embed_arrow(*, encoder: Any = None, precompute: bool | Literal["units"] = False) -> RowFunction:
    """`embed_dataset` as a function over Arrow tables."""
    return RowFunction(Embed(encoder, precompute))
