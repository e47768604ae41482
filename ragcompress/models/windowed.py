"""Tokenising, windows and a cache: what all encoders of token states share.

Long text goes through in windows that overlap; each token's state is taken from the window in which it stands
farthest from an edge, so that a passage of any length gives one state per token in bounded memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import embedded_tokenizer, embedded_words
from ragcompress.core.errors import ModelError
from ragcompress.core.forks import Lock, cached_property
from ragcompress.core.segment import sanitise
from ragcompress.core.types import Passage
from ragcompress.core.wordwise import Wordwise, is_wordwise
from ragcompress.models.encoded import Encoded
from ragcompress.models.sessions import Shared
from ragcompress.models.stored import UnitVectors

__all__ = ["OVERLAP", "WINDOW", "WindowedEncoder", "cuts"]

WINDOW = 256  # tokens per forward, special tokens and title included; what MiniLM was tuned with
OVERLAP = 32  # tokens of context on either side of a cut
MAX_TITLE = 32
CHUNK = 32  # texts whose windows are read side by side
CACHE_BYTES = 192 * 2**20  # of states: 64,000 tokens of 384 dimensions, middle and last
CACHED_UNITS = 1024  # passages whose units' vectors were read from an index, some 35 MB

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Window:
    """Token ids with special tokens; which of them to keep, and their character offsets."""

    ids: Ints
    keep: slice
    offsets: Ints


_OWN = ("_tokenizer", "_words", "_cache", "_lock")  # of one process


class WindowedEncoder(Shared):
    """Tokenising, windowing and caching, shared by both encoders; ``_forwards`` is what differs.

    Attributes:
        cache_bytes: How much of the states is remembered.
    """

    cache_bytes = CACHE_BYTES

    def __init__(
        self, tokenizer: Any, name: str, *, window: int = WINDOW, prefixes: tuple[str, str] = ("", "")
    ) -> None:
        self._given = tokenizer  # or a function that reads it when the first text comes
        self._name = name
        self._window = window
        self._prefixes = prefixes  # what the model was taught to see in front of queries and of passages
        self._forget()

    def _forget(self) -> None:
        """Begin with nothing remembered."""
        self.__dict__.pop("_words", None)
        self._cache: OrderedDict[tuple[str, str], Encoded] = OrderedDict()
        self._cached_bytes = 0
        self._units: dict[tuple[str, str], UnitVectors] = {}
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in _OWN}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r})"

    @property
    def tokenizer(self) -> Any:
        """What cuts its texts into pieces."""
        return self._tokenizer

    def query(self, text: str) -> Encoded:
        """States of a query; the same text gives the same object while it is cached."""
        return self._encode([(self._prefixes[0], text)])[0]

    def passages(self, passages: Sequence[Passage]) -> list[Encoded]:
        """States of ``title. text`` for every passage, in order."""
        return self._encode([self._key(passage) for passage in passages])

    def remember(self, passage: Passage, make: Callable[[], Encoded]) -> None:
        """Put states that were computed earlier into the cache; ``make`` is called only if they are not there."""
        if not self.knows(passage):
            self._remember(self._key(passage), make())

    def knows(self, passage: Passage) -> bool:
        """Whether its states are at hand."""
        with self._lock:
            return self._key(passage) in self._cache

    def remember_units(self, passage: Passage, make: Callable[[], UnitVectors]) -> None:
        """Keep vectors of units that were stored; ``make`` is called only if they are not there yet."""
        key = self._key(passage)
        if key not in self._units:
            if len(self._units) >= CACHED_UNITS:
                self._units.clear()
            self._units[key] = make()

    def units_of(self, passage: Passage) -> UnitVectors | None:
        """Stored vectors of a passage's units, where there are any."""
        return self._units.get(self._key(passage))

    def _pieces(self, text: str) -> tuple[Ints, Ints]:
        """Vocabulary numbers [tokens] and character offsets [tokens, 2], without special tokens."""
        if self._words is not None:
            return self._words.pieces(text)
        found = self._tokenizer.encode(text, add_special_tokens=False)
        return np.array(found.ids, dtype=np.int64), np.array(found.offsets, dtype=np.int64).reshape(-1, 2)

    @cached_property
    def _tokenizer(self) -> Any:
        return self._given() if callable(self._given) else self._given

    @cached_property
    def _words(self) -> Wordwise | None:
        return _words(self._tokenizer)

    @cached_property
    def _ends(self) -> tuple[Ints, Ints]:
        """The start and the end token."""
        first, last = _special_ids(self._tokenizer)
        return np.array([first], dtype=np.int64), np.array([last], dtype=np.int64)

    def _forwards(self, windows: Sequence[Ints]) -> list[tuple[Floats, Floats | None]]:
        """Last and middle states of each window."""
        raise NotImplementedError

    def _key(self, passage: Passage) -> tuple[str, str]:
        title = sanitise(passage.title).strip()
        return f"{self._prefixes[1]} {title}." if title else self._prefixes[1], passage.text

    def _encode(self, keys: Sequence[tuple[str, str]]) -> list[Encoded]:
        """States of (what stands in front, text) pairs, in order."""
        found = {key: known for key in keys if (known := self._recall(key)) is not None}
        missing = sorted({key for key in keys if key not in found}, key=lambda key: (len(key[1]), key))
        for chunk in (missing[at : at + CHUNK] for at in range(0, len(missing), CHUNK)):
            if self._words is not None:
                self._words.learn(sanitise(part) for key in chunk for part in key)
            windows = [list(self._windows(*key)) for key in chunk]
            states = iter(self._forwards([window.ids for own in windows for window in own]))
            for key, own in zip(chunk, windows, strict=True):
                found[key] = _joined(own, [next(states) for _ in own])
                self._remember(key, found[key])
        return [found[key] for key in keys]

    def _recall(self, key: tuple[str, str]) -> Encoded | None:
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
            return self._cache.get(key)

    def _remember(self, key: tuple[str, str], encoded: Encoded) -> None:
        with self._lock:
            if key not in self._cache and encoded.nbytes <= self.cache_bytes // 4:
                self._cache[key] = encoded
                self._cached_bytes += encoded.nbytes
            while self._cached_bytes > self.cache_bytes:
                self._cached_bytes -= self._cache.popitem(last=False)[1].nbytes

    def _windows(self, front: str, text: str) -> Iterator[_Window]:
        ids, offsets = self._pieces(sanitise(text))
        head = self._pieces(front)[0][:MAX_TITLE] if front else ids[:0]
        first, last = self._ends
        lead = 1 + len(head)
        before, after = np.full((lead, 2), -1, dtype=np.int64), np.full((1, 2), -1, dtype=np.int64)
        for start, end, keep_from, keep_to in cuts(len(ids), self._window - lead - 1):
            # the first window brings the special and title tokens, later ones only their own stretch of text
            keep = slice(0 if start == 0 else lead + keep_from - start, lead + keep_to - start + (keep_to == len(ids)))
            yield _Window(
                np.concatenate([first, head, ids[start:end], last]),
                keep,
                np.concatenate([before, offsets[start:end], after]),
            )


def cuts(size: int, room: int) -> Iterator[tuple[int, int, int, int]]:
    """Windows over ``size`` tokens: (start, end, keep_from, keep_to); the keep ranges tile ``[0, size)``."""
    start = 0
    kept = 0
    while True:
        end = min(start + room, size)
        keep_to = size if end == size else end - OVERLAP
        yield start, end, kept, keep_to
        if end == size:
            return
        kept = keep_to
        start = keep_to - OVERLAP


def _words(tokenizer: Any) -> Wordwise | None:
    """The tokenizer with a memory of words, where it is one that cuts at white space."""
    if tokenizer is embedded_tokenizer():
        return embedded_words()
    return Wordwise(tokenizer) if is_wordwise(tokenizer) else None


def _special_ids(tokenizer: Any) -> tuple[int, int]:
    ids = tokenizer.encode("", add_special_tokens=True).ids
    if len(ids) != 2:
        raise ModelError(f"an encoder needs one start and one end token; this tokenizer adds {len(ids)}")
    return ids[0], ids[1]


def _joined(windows: Sequence[_Window], states: Sequence[tuple[Floats, Floats | None]]) -> Encoded:
    """A text's windows as one: of each the tokens that it keeps."""
    parts = list(zip(windows, states, strict=True))
    if len(parts) == 1:  # nearly always: nothing is joined, and nothing copied
        (window, (last, middle)) = parts[0]
        rest = None if middle is None else middle[window.keep]
        return Encoded(last[window.keep], rest, window.offsets[window.keep], window.ids[window.keep])
    return Encoded(
        np.concatenate([last[window.keep] for window, (last, _) in parts]),
        _stack([None if middle is None else middle[window.keep] for window, (_, middle) in parts]),
        np.concatenate([window.offsets[window.keep] for window in windows]),
        np.concatenate([window.ids[window.keep] for window in windows]),
    )


def _stack(parts: Sequence[Floats | None]) -> Floats | None:
    found = [part for part in parts if part is not None]
    return np.concatenate(found) if len(found) == len(parts) else None
