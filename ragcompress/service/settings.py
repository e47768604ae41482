"""What a server is told once, at its start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """One server's limits and habits.

    Attributes:
        keys: API keys that are let in; none: everyone is.
        store: The SQLite file of pins and originals; None: in memory.
        lifetime_s: Seconds after their last use that pins and originals are kept.
        store_bytes: Bytes of originals kept; the least recently used go first.
        max_body: Bytes of a request; more is refused (413).
        max_passages: Passages of a request; more are refused (413).
        queue: Requests that may wait; more are refused (429).
        workers: Requests that are computed at the same time.
        timeout_s: Seconds after which a fast fallback answers, unless the request names its own.
        min_tokens: Shorter tool messages are left alone.
        older_turns: Also compress tool messages of older turns that were never seen; it breaks their prompt cache.
        shadow: Measure and count, but hand everything back as it came.
    """

    keys: tuple[str, ...] = ()
    store: Path | None = None
    lifetime_s: float = 7 * 86_400
    store_bytes: int = 1 << 30
    max_body: int = 16 << 20
    max_passages: int = 1_000
    queue: int = 256
    workers: int = 2
    timeout_s: float = 30.0
    min_tokens: int = 256
    older_turns: bool = False
    shadow: bool = False
