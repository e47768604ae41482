"""Whole conversations within a budget: `HistoryCompressor` with decisions that outlive the process and a deadline.

What was decided about older messages is pinned as tool texts are: the same conversation gives the same bytes, also
after a restart, an update or under load.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ragcompress.core.clock import Clock, OutOfTime, running
from ragcompress.core.errors import InvalidInput
from ragcompress.integrations.history import HistoryCompressor
from ragcompress.service.pins import MARKER, Outcome, count
from ragcompress.service.store import Pin, Store, digest

__all__ = ["aged"]

_HASH = re.compile(r"hash=([0-9a-f]{24})")


@dataclass(frozen=True)
class _Pinned(HistoryCompressor):
    """Decisions are looked up first, and kept.

    Attributes:
        store: Of decisions; None: neither read nor written.
        scope: Whose they are.
        decides: Whether there is time for new ones.
    """

    store: Store | None = field(default=None, repr=False, compare=False)
    scope: str = ""
    decides: bool = True

    def shorten(self, question: str, texts: Sequence[str], limit: int) -> list[str]:
        """See `HistoryCompressor`.

        Raises:
            OutOfTime: It is new, and there is no time.
        """
        key = digest("history", question, str(limit), *texts)
        pin = self.store.pinned(self.scope, key) if self.store else None
        if pin is None or pin.text is None:
            if not self.decides:
                raise OutOfTime
            found = super().shorten(question, texts, limit)
            if self.store is None:
                return found
            pin = self.store.pin(self.scope, key, Pin(json.dumps(found)))
        return list(json.loads(pin.text or "[]"))


def aged(out: Outcome, limit: int, scope: str, store: Store | None, left: float | None) -> Outcome:
    """A conversation whose tool texts are as they will be, within ``limit`` tokens.

    Args:
        out: What became of it so far; its messages are those of every later request too.
        limit: Tokens of all texts and tool calls.
        scope: Whose decisions and originals are meant.
        store: Of both; None: neither read nor written.
        left: Seconds for decisions; None: only those made before hold.

    Returns:
        ``out`` with fewer messages or shorter ones; as it is, with the reason counted, where that can't be.
    """
    history = _Pinned(limit, name=lambda text: _name(scope, text), tool="retrieve", store=store, scope=scope,
                      decides=left is not None)  # fmt: skip
    try:
        with running(Clock.of(left)):
            found = history(out.messages)
        if store is not None:
            for name, text in found.originals.items():
                if not MARKER.search(text):  # of one that has a mark the original is kept under that
                    store.keep(scope, name.removeprefix("hash="), text)
    except (OutOfTime, InvalidInput, sqlite3.Error) as error:
        out.reasons[_REASONS.get(type(error), "history store failed")] += 1
        return out
    hashes = [name.removeprefix("hash=") for name in found.originals]
    return replace(out, messages=found.messages, after=count(found.messages), hashes=[*out.hashes, *hashes],
                   cache_safe=out.cache_safe and found.cache_safe, warnings=found.warnings)  # fmt: skip


_REASONS: dict[type[BaseException], str] = {OutOfTime: "history out of time", InvalidInput: "history of no messages"}


def _name(scope: str, text: str) -> str:
    """``hash=`` and the hash that the whole text is kept under."""
    mark = MARKER.search(text)
    return f"hash={_HASH.findall(mark.group())[-1] if mark else digest(scope, text)}"
