"""Any text as units: the one door of this room."""

from __future__ import annotations

from functools import lru_cache

from ragcompress.core.segment import sanitise
from ragcompress.core.types import Unit
from ragcompress.structure.closing import finish
from ragcompress.structure.page import read_page

__all__ = ["units"]


def units(text: str) -> list[Unit]:
    """The units of ``text``, which tile it, each with the stretches that it needs.

    What a stretch is (prose, a table, JSON, a log, a chat, code, …) is seen by looking, block by block; what is not
    understood is prose or lines.

    Returns:
        Units in order. A need is always another unit's ``(start, end)``, and what it needs in turn is listed too.

    >>> text = "Tourist visa:\\n- passport\\n- fee: 40 EUR\\n"
    >>> [(text[u.start : u.end], [text[a:b] for a, b in u.needs]) for u in units(text)][2]
    ('- fee: 40 EUR\\n', ['Tourist visa:\\n'])
    """
    return list(_units(text))


@lru_cache(maxsize=1024)
def _units(text: str) -> tuple[Unit, ...]:
    return tuple(finish(text, read_page(sanitise(text))))
