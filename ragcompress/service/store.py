"""Pins and originals in SQLite: what was sent for a message once is sent again, and what was taken out can be had.

A pin maps a tool message to the text that stands for it, or says that it goes as it came. Both are scoped by API key
and outlive the process.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ragcompress.service.settings import Settings

__all__ = ["Pin", "Store", "digest"]

_TABLES = """
CREATE TABLE IF NOT EXISTS pins (scope TEXT, key TEXT, text TEXT, hash TEXT, size INT, used REAL,
    PRIMARY KEY (scope, key));
CREATE TABLE IF NOT EXISTS originals (scope TEXT, hash TEXT, text TEXT, size INT, used REAL, PRIMARY KEY (scope, hash));
CREATE INDEX IF NOT EXISTS pins_used ON pins (used);
CREATE INDEX IF NOT EXISTS originals_used ON originals (used);
"""
_ROW = 200  # bytes that a row takes beside its text


class Pin(NamedTuple):
    """What stands for a message.

    Attributes:
        text: The shorter text; None: it goes as it came.
        hash: Under which the whole text is kept; "" when it goes as it came.
    """

    text: str | None = None
    hash: str = ""


def digest(*parts: str) -> str:
    """24 hex digits that name these texts, each parted from the next."""
    whole = b"".join(len(raw := part.encode("utf-8", "surrogatepass")).to_bytes(8, "big") + raw for part in parts)
    return hashlib.sha256(whole).hexdigest()[:24]


class Store:
    """Thread-safe; one connection behind a lock.

    Args:
        settings: The file, lifetimes and sizes.
        clock: Seconds since the epoch.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._lifetime = settings.lifetime_s
        self._most = {"originals": settings.store_bytes, "pins": settings.pin_bytes}
        if settings.store is not None:
            settings.store.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(settings.store or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA busy_timeout=5000")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_TABLES)
        self._sizes = {table: self._size(table) for table in self._most}

    def pinned(self, scope: str, *keys: str) -> Pin | None:
        """What stands for a message known by one of these keys, the first that is; None: it is new here."""
        with self._lock:
            for key in keys:
                row = self._find("pins", "key", "text, hash", scope, key)
                if row is not None:
                    if row[1]:
                        self._find("originals", "hash", "1", scope, row[1])  # used as long as its pin is
                    return Pin(row[0], row[1])
        return None

    def original(self, scope: str, name: str) -> str | None:
        """The whole text with this hash; None: unknown, another key's, or gone."""
        with self._lock:
            row = self._find("originals", "hash", "text", scope, name)
        return None if row is None else str(row[0])

    def pin(self, scope: str, key: str, pin: Pin, original: str = "") -> Pin:
        """Remember what stands for a message, and its whole text; the first who says so wins, and that is returned."""
        with self._lock, self._together():
            now = self._clock()
            for table in self._most:
                self._sweep(table)  # what has expired is new again
            size = len((pin.text or "").encode("utf-8", "replace")) + _ROW
            row = (scope, key, None if pin.text is None else _clean(pin.text), pin.hash, size, now)
            added = self._db.execute("INSERT OR IGNORE INTO pins VALUES (?, ?, ?, ?, ?, ?)", row).rowcount
            self._sizes["pins"] += size * max(added, 0)
            text, name = self._db.execute("SELECT text, hash FROM pins WHERE scope = ? AND key = ?", row[:2]).fetchone()
            if name and name == pin.hash:
                self._keep(scope, name, original, now)
            self._sweep("pins", keep=key)
        return Pin(text, name)

    def keep(self, scope: str, name: str, text: str) -> None:
        """Keep a whole text under its hash, for as long as it is asked for or kept again."""
        with self._lock:
            if self._find("originals", "hash", "1", scope, name) is None:
                self._sweep("originals")
                self._keep(scope, name, text, self._clock())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _together(self) -> Iterator[None]:
        """All of it or nothing: a pin whose original was lost with the process would promise what is not there."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._sizes = {table: self._size(table) for table in self._most}
            raise

    def _keep(self, scope: str, name: str, text: str, now: float) -> None:
        size = len(text.encode("utf-8", "replace")) + _ROW
        row = (scope, name, _clean(text), size, now)
        added = self._db.execute("INSERT OR IGNORE INTO originals VALUES (?, ?, ?, ?, ?)", row).rowcount
        self._sizes["originals"] += size * max(added, 0)
        self._sweep("originals", keep=name)

    def _find(self, table: str, column: str, wanted: str, scope: str, name: str) -> tuple[str, ...] | None:
        where = f"FROM {table} WHERE scope = ? AND {column} = ?"
        row: tuple[str, ...] | None = self._db.execute(f"SELECT used, {wanted} {where}", (scope, name)).fetchone()
        now = self._clock()
        if row is None or float(row[0]) < now - self._lifetime:
            return None
        if float(row[0]) < now - self._lifetime / 100:  # a read need not write each time
            self._db.execute(f"UPDATE {table} SET used = ? WHERE scope = ? AND {column} = ?", (now, scope, name))
        return row[1:]

    def _size(self, table: str) -> int:
        return int(self._db.execute(f"SELECT coalesce(sum(size), 0) FROM {table}").fetchone()[0])

    def _sweep(self, table: str, keep: str = "") -> None:
        """Forget what is too old or too much, but not what was just written."""
        column = "key" if table == "pins" else "hash"
        gone = self._db.execute(
            f"DELETE FROM {table} WHERE used < ? AND {column} != ?", (self._clock() - self._lifetime, keep)
        ).rowcount
        if gone > 0 or self._sizes[table] > self._most[table]:
            self._sizes[table] = self._size(table)
        while self._sizes[table] > self._most[table]:
            row = self._db.execute(
                f"SELECT rowid, size FROM {table} WHERE {column} != ? ORDER BY used, rowid LIMIT 1", (keep,)
            ).fetchone()
            if row is None:
                return
            self._db.execute(f"DELETE FROM {table} WHERE rowid = ?", (row[0],))
            self._sizes[table] -= row[1]


def _clean(text: str) -> str:
    """SQLite holds no lone surrogates."""
    return text.encode("utf-8", "replace").decode()
