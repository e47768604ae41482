"""Answers kept by content in SQLite: a question that was answered once costs nothing the second time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from ragcompress.generators.chat import Chat, Completing, OnText, Reply, Usage
from ragcompress.generators.prompting import Message

__all__ = ["Remembered"]

TABLE = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, chat TEXT, messages TEXT, reply TEXT)"


@dataclass(frozen=True)
class Remembered(Completing):
    """A `Chat` whose answers are kept in a file; several processes may share it.

    Attributes:
        chat: What answers the first time; its ``repr`` is part of the key.
        file: The SQLite file, made when it is not there.
    """

    chat: Chat
    file: Path

    def __repr__(self) -> str:
        return repr(self.chat)

    def reply(self, messages: Sequence[Message], on_text: OnText | None = None) -> Reply:
        """The kept answer, or the model's, which is then kept."""
        asked = json.dumps(list(messages), sort_keys=True)
        key = sha256(f"{self.chat!r}\0{asked}".encode("utf-8", "surrogatepass")).hexdigest()
        kept = self._find(key)
        if kept is not None:
            if on_text is not None:
                on_text(kept.text)
            return kept
        reply = self.chat.reply(messages, on_text)
        with self._open() as store:
            row = key, repr(self.chat), asked, json.dumps(asdict(reply))
            store.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)
        return reply

    def _find(self, key: str) -> Reply | None:
        with self._open() as store:
            row = store.execute("SELECT reply FROM answers WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        record = json.loads(row[0])
        usage = record.pop("usage")
        return replace(Reply(**record), usage=Usage(**usage) if usage else None, remembered=True)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.file, timeout=60)) as store, store:
            store.execute(TABLE)
            yield store
