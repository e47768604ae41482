"""Parquet, by pyarrow: one passage a row."""

from __future__ import annotations

import io
from collections.abc import Iterator

from ragcompress.core.errors import require
from ragcompress.core.types import Passage
from ragcompress.documents.formats.page import reading
from ragcompress.documents.rows import row_passage
from ragcompress.documents.sources import Source

__all__ = ["parquet"]


def parquet(data: bytes, source: Source) -> Iterator[Passage]:
    """Rows with their columns, as in a CSV file.

    Raises:
        InvalidInput: It is broken. MissingExtra: pyarrow is not installed.
    """
    module = require("pyarrow.parquet", "documents")
    with reading(source, "Parquet"):
        opened = module.ParquetFile(io.BytesIO(data))
        rows = (row for batch in opened.iter_batches(batch_size=1000) for row in batch.to_pylist())
        for number, row in enumerate(rows, start=1):
            place = f"{source.where}, row {number}"
            yield row_passage(row, source, number=number, place=place, column="text")
