"""Token states of passages and queries: one forward each, and everything else is read from them.

`OnnxEncoder.embedded()` is all-MiniLM-L6-v2 (Apache-2.0), shipped in the package and run by onnxruntime: no network,
no torch. `TransformerEncoder` wraps any Hugging Face encoder or SentenceTransformer. Both are `TokenEncoder`s.

Long text goes through in windows that overlap; each token's state is taken from the window in which it stands
farthest from an edge, so that a passage of any length gives one state per token in bounded memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import embedded_tokenizer, embedded_words
from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.forks import Lock, cached_property
from ragcompress.core.segment import sanitise
from ragcompress.core.shipped import shipped
from ragcompress.core.types import Passage
from ragcompress.core.wordwise import Wordwise, is_wordwise
from ragcompress.models.sessions import LateSession, Shared, run_all
from ragcompress.models.stored import UnitVectors

__all__ = ["Encoded", "OnnxEncoder", "TokenEncoder", "TransformerEncoder", "inside"]

WINDOW = 256  # tokens per forward, special tokens and title included; what MiniLM was tuned with
OVERLAP = 32  # tokens of context on either side of a cut
MAX_TITLE = 32
CHUNK = 32  # texts whose windows are read side by side
CACHE_BYTES = 192 * 2**20  # of states: 64,000 tokens of 384 dimensions, middle and last
CACHED_UNITS = 1024  # passages whose units' vectors were read from an index, some 35 MB

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Encoded:
    """The token states of one text.

    Attributes:
        last: Last-layer states, shape [tokens, dim], special and title tokens included.
        middle: Middle-layer states, same shape; None if the encoder gives none.
        offsets: Half-open character offsets into the text, shape [tokens, 2]; (-1, -1) for special and title tokens.
        ids: Vocabulary numbers of the tokens, shape [tokens]; None if the encoder does not say.
    """

    last: Floats
    middle: Floats | None
    offsets: NDArray[np.int64]
    ids: NDArray[np.int64] | None = None

    @cached_property
    def nbytes(self) -> int:
        """How much memory its states take."""
        return self.last.nbytes + (0 if self.middle is None else self.middle.nbytes)

    @cached_property
    def lengths(self) -> Floats:
        """Of the last states, 1 for a state of zeros; shape [tokens]."""
        found = np.sqrt(np.einsum("td,td->t", self.last, self.last))
        return np.where(found > 0, found, 1).astype(np.float32)

    @cached_property
    def vector(self) -> Floats:
        """The mean of the last states at length 1; shape [dim]."""
        mean = self.last.mean(axis=0)
        return np.asarray(mean / (float(np.linalg.norm(mean)) or 1.0), dtype=np.float32)

    def inside(self, start: int, end: int) -> NDArray[np.bool_]:
        """Which tokens overlap the characters ``[start, end)``; shape [tokens], True: inside."""
        return inside(self.offsets, start, end)


def inside(offsets: NDArray[np.int64], start: int, end: int) -> NDArray[np.bool_]:
    """Which of the tokens at ``offsets`` [tokens, 2] overlap the characters ``[start, end)``; special ones never."""
    return (offsets[:, 0] < end) & (offsets[:, 1] > start) & (offsets[:, 0] >= 0)


class TokenEncoder(Protocol):
    """Text to token states."""

    def query(self, text: str) -> Encoded:
        """States of a query."""
        ...

    def passages(self, passages: Sequence[Passage]) -> list[Encoded]:
        """States of ``title. text`` for every passage."""
        ...


@dataclass(frozen=True, slots=True)
class _Window:
    """Token ids with special tokens; which of them to keep, and their character offsets."""

    ids: Ints
    keep: slice
    offsets: Ints


_OWN = ("_tokenizer", "_words", "_cache", "_lock")  # of one process


class _WindowedEncoder(Shared):
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
        for start, end, keep_from, keep_to in _cuts(len(ids), self._window - lead - 1):
            # the first window brings the special and title tokens, later ones only their own stretch of text
            keep = slice(0 if start == 0 else lead + keep_from - start, lead + keep_to - start + (keep_to == len(ids)))
            yield _Window(
                np.concatenate([first, head, ids[start:end], last]),
                keep,
                np.concatenate([before, offsets[start:end], after]),
            )


class OnnxEncoder(_WindowedEncoder):
    """An encoder graph with inputs ``input_ids``, ``attention_mask`` and outputs ``middle``, ``last``."""

    def __init__(
        self, graph: Any, tokenizer: Any, name: str, *, window: int = WINDOW, prefixes: tuple[str, str] = ("", "")
    ) -> None:
        super().__init__(tokenizer, name, window=window, prefixes=prefixes)
        self._graph = graph

    @classmethod
    def embedded(cls) -> OnnxEncoder:
        """The encoder shipped in the package; one shared instance."""
        return _embedded()

    @property
    def graph(self) -> Any:
        """What is run, as ``run(names, feeds)``."""
        return self._graph

    @property
    def fingerprint(self) -> str:
        """Changes with the weights: equal fingerprints mean equal states."""
        return f"{self._name}:{self._graph.checksum}" if hasattr(self._graph, "checksum") else self._name

    def _forwards(self, windows: Sequence[Ints]) -> list[tuple[Floats, Floats | None]]:
        batches = [ids[None] for ids in windows]
        feeds = [{"input_ids": batch, "attention_mask": np.ones_like(batch)} for batch in batches]
        return [(last[0], middle[0]) for middle, last in run_all(self._graph, ["middle", "last"], feeds)]


class TransformerEncoder(_WindowedEncoder):
    """Any Hugging Face encoder with a fast tokenizer, or a SentenceTransformer, on torch.

    Args:
        model: A name or folder, a ``SentenceTransformer``, or a ``(model, fast tokenizer)`` pair.
        device: Torch device; the GPU if there is one when None.

    Raises:
        ModelError: The model can't be loaded or has no fast tokenizer (character offsets need one).
    """

    def __init__(self, model: Any, *, device: str | None = None, window: int = WINDOW) -> None:
        torch = require("torch", "generators")
        body, tokenizer = _load_transformer(model)
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._body = body.to(self._device).eval()
        longest = getattr(body.config, "max_position_embeddings", window)
        super().__init__(tokenizer, getattr(body.config, "name_or_path", "model"), window=min(window, longest))

    def _forwards(self, windows: Sequence[Ints]) -> list[tuple[Floats, Floats | None]]:
        torch = require("torch", "generators")
        with torch.inference_mode():
            found = [self._body(input_ids=torch.from_numpy(ids[None]).to(self._device)) for ids in windows]
        return [(out.last_hidden_state[0].float().cpu().numpy(), None) for out in found]


@lru_cache(maxsize=1)
def _embedded() -> OnnxEncoder:
    graph = LateSession(partial(shipped, "encoder-int8.onnx"))
    return OnnxEncoder(graph, embedded_tokenizer(), "all-MiniLM-L6-v2/int8").of(_embedded)


def _cuts(size: int, room: int) -> Iterator[tuple[int, int, int, int]]:
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
    return Encoded(
        np.concatenate([last[window.keep] for window, (last, _) in parts]),
        _stack([None if middle is None else middle[window.keep] for window, (_, middle) in parts]),
        np.concatenate([window.offsets[window.keep] for window in windows]),
        np.concatenate([window.ids[window.keep] for window in windows]),
    )


def _stack(parts: Sequence[Floats | None]) -> Floats | None:
    found = [part for part in parts if part is not None]
    return np.concatenate(found) if len(found) == len(parts) else None


def _load_transformer(model: Any) -> tuple[Any, Any]:
    if isinstance(model, str):
        transformers = require("transformers", "generators")
        try:
            model = transformers.AutoModel.from_pretrained(model), transformers.AutoTokenizer.from_pretrained(model)
        except (OSError, ValueError) as error:
            raise ModelError(f"can't load the encoder {model!r}: {error}") from error
    if hasattr(model, "tokenizer") and hasattr(model, "__getitem__") and hasattr(model[0], "auto_model"):
        model = model[0].auto_model, model.tokenizer  # a SentenceTransformer
    if not isinstance(model, tuple):
        raise InvalidInput(
            f"encoder must be a name, a SentenceTransformer or (model, tokenizer), not {type(model).__name__}"
        )
    body, tokenizer = model
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise ModelError("the encoder needs a fast tokenizer, which gives character offsets")
    copy = type(fast).from_str(fast.to_str())
    copy.no_truncation()
    copy.no_padding()
    return body, copy
