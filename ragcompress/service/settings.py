"""What a server is told once, at its start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ragcompress.core.budget import Counter, embedded_count
from ragcompress.core.errors import InvalidInput

__all__ = ["Settings", "read_keys"]

KEYS_VARIABLE = "RAGCOMPRESS_API_KEYS"


@dataclass(frozen=True, slots=True)
class Settings:
    """One server's limits and habits.

    Attributes:
        keys: API keys that are let in; none: everyone is.
        store: The SQLite file of pins and originals; None: in memory, gone with the process.
        lifetime_s: Seconds after their last use that pins and originals are kept.
        store_bytes: Bytes of originals kept; the least recently used go first.
        pin_bytes: Likewise of pins.
        max_body: Bytes of a request; more is refused (413).
        max_passages: Passages of a request; more are refused (413).
        queue: Requests that may wait; more are refused (429).
        workers: Requests that are computed at the same time.
        timeout_s: Seconds from a request's arrival after which a fast fallback answers, unless it names its own.
        read_s: Seconds in which a request's headers, and then its body, must have come (408).
        min_tokens: Shorter tool messages are left alone.
        older_turns: Also compress tool messages of older turns that were never seen; it breaks their prompt cache.
        history_tokens: Of a conversation's texts and tool calls, unless a request says its own; beyond that older
            messages are shortened. None: only tool messages are.
        shadow: Measure and count, but hand everything back as it came.
        cache_tokens: Passage tokens whose states are remembered, 3 kB each; passages that come again are read quicker.
        tokenizers: Ways to count, by the name that a request's ``budget.tokenizer`` gives.
    """

    keys: tuple[str, ...] = ()
    store: Path | None = None
    lifetime_s: float = 7 * 86_400
    store_bytes: int = 1 << 30
    pin_bytes: int = 1 << 28
    max_body: int = 16 << 20
    max_passages: int = 1_000
    queue: int = 256
    workers: int = 2
    timeout_s: float = 30.0
    read_s: float = 30.0
    min_tokens: int = 256
    older_turns: bool = False
    history_tokens: int | None = None
    shadow: bool = False
    cache_tokens: int = 50_000
    tokenizers: Mapping[str, Counter] = field(default_factory=lambda: {"embedded": embedded_count})


def read_keys(file: Path | None) -> tuple[str, ...]:
    """API keys from the environment (comma-separated) and from a file (one a line; ``#`` begins a comment).

    Raises:
        InvalidInput: The file can't be read, or holds no key: a server that was told to ask for keys never runs open.
    """
    keys = [key.strip() for key in os.environ.get(KEYS_VARIABLE, "").split(",")]
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"can't read the file of API keys {file}: {type(error).__name__}") from error
        found = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
        if not found:
            raise InvalidInput(f"the file of API keys {file} holds none; write one key a line")
        keys += found
    return tuple(dict.fromkeys(key for key in keys if key))
