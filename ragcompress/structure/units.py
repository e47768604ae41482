"""Any text as units: the one door of this room."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ragcompress.core.errors import InvalidInput
from ragcompress.core.remembering import remembered
from ragcompress.core.segment import Segmenter, sanitise
from ragcompress.core.types import Unit
from ragcompress.structure.closing import finish
from ragcompress.structure.page import KINDS, READERS, read_page

__all__ = ["fingerprint", "remember", "units"]

STORED = 4096  # passages whose units were read from an index
_stored: dict[str, tuple[Unit, ...]] = {}


def units(text: str, kind: str | Segmenter | None = None) -> list[Unit]:
    """The units of ``text``, which tile it, each with the stretches that it needs.

    What a stretch is (prose, a table, JSON, a log, a chat, code, …) is seen by looking, block by block; what is not
    understood is prose or lines.

    Args:
        text: Any string.
        kind: What the text is, where you know better: a key of `KINDS`, or a function of your own from text to units or
            ``(start, end)`` pairs, whose gaps are closed.

    Returns:
        Units in order. A need is always another unit's ``(start, end)``, and what it needs in turn is listed too.

    Raises:
        InvalidInput: There is no such kind.

    >>> text = "Tourist visa:\\n- passport\\n- fee: 40 EUR\\n"
    >>> [(text[u.start : u.end], [text[a:b] for a, b in u.needs]) for u in units(text)][2]
    ('- fee: 40 EUR\\n', ['Tourist visa:\\n'])
    >>> len(units(text, kind="prose")), len(units(text, kind=lambda text: [(0, 14), (14, len(text))]))
    (3, 2)
    """
    if callable(kind):
        given = (piece if isinstance(piece, Unit) else Unit(*piece) for piece in kind(text))
        return finish(text, sorted(given, key=lambda unit: unit.start))
    if kind is not None and kind not in KINDS:
        raise InvalidInput(f"there is no kind {kind!r}; name one of {', '.join(KINDS)}, or pass a function")
    return list(_stored.get(text) or _units(text, None)) if kind is None else list(_units(text, kind))


def remember(text: str, make: Callable[[], tuple[Unit, ...]]) -> None:
    """Take the units of ``text`` from where they were stored; ``make`` is called only if they are not there yet."""
    if text not in _stored:
        if len(_stored) >= STORED:
            _stored.clear()
        _stored[text] = make()


@cache
def fingerprint() -> str:
    """Changes whenever the code that reads units does: what was stored before is then read anew."""
    root = Path(__file__).parent
    files = [*sorted(root.glob("*.py")), *sorted(root.parent.joinpath("core").glob("s*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


@remembered(1024)
def _units(text: str, kind: str | None) -> tuple[Unit, ...]:
    readers = READERS if kind is None else KINDS[kind]
    return tuple(finish(text, read_page(sanitise(text), readers=readers)))
