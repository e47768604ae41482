"""Pins and originals in SQLite: what was sent for a message once is sent again, and what was taken out can be had.

A pin maps a tool message to the text that stands for it. Both are scoped by API key and outlive the process.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable

from ragcompress.service.settings import Settings

__all__ = ["Store", "digest"]

_TABLES = """
CREATE TABLE IF NOT EXISTS pins (scope TEXT, key TEXT, text TEXT, used REAL, PRIMARY KEY (scope, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS originals (scope TEXT, hash TEXT, text TEXT, size INT, used REAL, PRIMARY KEY (scope, hash));
CREATE INDEX IF NOT EXISTS originals_used ON originals (used);
"""


def digest(*parts: str) -> str:
    """24 hex digits that name these texts, each parted from the next."""
    whole = b"".join(len(raw := part.encode("utf-8", "surrogatepass")).to_bytes(8, "big") + raw for part in parts)
    return hashlib.sha256(whole).hexdigest()[:24]


class Store:
    """Thread-safe; one connection behind a lock."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._clock, self._lock = settings, clock, threading.Lock()
        if settings.store is not None:
            settings.store.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(settings.store or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_TABLES)

    def pinned(self, scope: str, key: str) -> str | None:
        """The text that a message was given before; None: it is new here."""
        return self._find("pins", "key", scope, key)

    def original(self, scope: str, name: str) -> str | None:
        """The whole text with this hash; None: unknown, another key's, or gone."""
        return self._find("originals", "hash", scope, name)

    def pin(self, scope: str, key: str, text: str) -> str:
        """Remember what stands for a message; the first who says so wins, and that text is returned."""
        with self._lock:
            now = self._clock()
            self._db.execute("INSERT OR IGNORE INTO pins VALUES (?, ?, ?, ?)", (scope, key, _clean(text), now))
            row = self._db.execute("SELECT text FROM pins WHERE scope = ? AND key = ?", (scope, key)).fetchone()
        return str(row[0])

    def keep(self, scope: str, text: str) -> str:
        """Keep an original and return its hash."""
        name, size = digest(scope, text), len(text.encode("utf-8", "replace"))
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO originals VALUES (?, ?, ?, ?, ?)",
                (scope, name, _clean(text), size, self._clock()),
            )
            self._sweep()
        return name

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _find(self, table: str, column: str, scope: str, name: str) -> str | None:
        where = f"FROM {table} WHERE scope = ? AND {column} = ?"
        with self._lock:
            row = self._db.execute(f"SELECT text, used {where}", (scope, name)).fetchone()
            now = self._clock()
            if row is None or row[1] < now - self._settings.lifetime_s:
                return None
            self._db.execute(f"UPDATE {table} SET used = ? WHERE scope = ? AND {column} = ?", (now, scope, name))
        return str(row[0])

    def _sweep(self) -> None:
        """Forget what is too old or too much."""
        before = (self._clock() - self._settings.lifetime_s,)
        self._db.execute("DELETE FROM originals WHERE used < ?", before)
        self._db.execute("DELETE FROM pins WHERE used < ?", before)
        size = self._db.execute("SELECT coalesce(sum(size), 0) FROM originals").fetchone()[0]
        while size > self._settings.store_bytes:
            row = self._db.execute("SELECT rowid, size FROM originals ORDER BY used, rowid LIMIT 1").fetchone()
            self._db.execute("DELETE FROM originals WHERE rowid = ?", (row[0],))
            size -= row[1]


def _clean(text: str) -> str:
    """SQLite holds no lone surrogates."""
    return text.encode("utf-8", "replace").decode()
