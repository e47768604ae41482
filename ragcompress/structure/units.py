"""Any text as units: the one door of this room."""

from __future__ import annotations

from ragcompress.core.segment import sentences
from ragcompress.core.types import Unit

__all__ = ["units"]


def units(text: str) -> list[Unit]:
    """The units of ``text``, which tile it, each with the stretches that it needs.

    >>> [(unit.start, unit.end) for unit in units("Ada wrote it. It rained.")]
    [(0, 14), (14, 24)]
    """
    return [Unit(start, end) for start, end in sentences(text)]
