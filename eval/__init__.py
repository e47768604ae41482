"""Evaluation: ``python -m eval``. Imports ragcompress, never the reverse."""
