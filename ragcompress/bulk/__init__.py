"""Bulk work: whole data sets through the same functions, resumable, on one process, several, or Ray.

A thin wing: nothing else in the package knows of it. Install the extra ``bulk`` for Parquet and ``ray`` for Ray.
"""

from __future__ import annotations

from ragcompress.bulk.arrow import RowFunction, compress_arrow, embed_arrow
from ragcompress.bulk.datasets import Made, compress_dataset, embed_dataset, evaluate_dataset, index_dataset
from ragcompress.bulk.progress import Report

__all__ = [
    "Made",
    "Report",
    "RowFunction",
    "compress_arrow",
    "compress_dataset",
    "embed_arrow",
    "embed_dataset",
    "evaluate_dataset",
    "index_dataset",
]
