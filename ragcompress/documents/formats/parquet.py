"""Parquet, by pyarrow: one passage a row."""

from __future__ import annotations

import io
from collections.abc import Iterator

from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.documents.formats.page import MOST_BYTES, reading
from ragcompress.documents.rows import row_passage
from ragcompress.documents.sources import Source

__all__ = ["parquet"]

MOST_ROWS = 20_000_000


def parquet(data: bytes, source: Source) -> Iterator[Passage]:
    """Rows with their columns, as in a CSV file.

    Raises:
        InvalidInput: It is broken. MissingExtra: pyarrow is not installed.
    """
    module = require("pyarrow.parquet", "documents")
    with reading(source, "Parquet"):
        opened = module.ParquetFile(io.BytesIO(data))
        size = sum(opened.metadata.row_group(at).total_byte_size for at in range(opened.metadata.num_row_groups))
        if size > MOST_BYTES or opened.metadata.num_rows > MOST_ROWS:
            raise InvalidInput(
                f"{source.where} holds {size:,} bytes in {opened.metadata.num_rows:,} rows; at most {MOST_BYTES:,} in "
                f"{MOST_ROWS:,} are read here: ragcompress bulk reads larger ones"
            )
        rows = (row for batch in opened.iter_batches(batch_size=100) for row in batch.to_pylist())
        for number, row in enumerate(rows, start=1):
            place = f"{source.where}, row {number}"
            yield row_passage(row, source, number=number, place=place, column="text")
