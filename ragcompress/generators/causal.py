"""How surprising text is to a causal language model, read window by window with a key-value cache."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.forks import cached_property
from ragcompress.core.segment import sanitise
from ragcompress.generators.loading import Loaded, load

__all__ = ["CausalModel", "Surprise"]

Floats = NDArray[np.float32]


class Surprise(NamedTuple):
    """The log-probabilities of a text's tokens.

    Attributes:
        logprobs: Natural logarithms, shape [tokens]; lower is more surprising.
        offsets: Half-open character offsets into the text, shape [tokens, 2].
    """

    logprobs: Floats
    offsets: NDArray[np.int64]

    @property
    def mean(self) -> float:
        """The mean log-probability; 0.0 of no tokens."""
        return float(self.logprobs.mean()) if len(self.logprobs) else 0.0


class CausalModel:
    """Any Hugging Face causal language model, loaded at first use.

    Args:
        model: A name or folder on this machine, or a pair (model, fast tokenizer).
        device: Torch device; the GPU if there is one when None.
        window: Tokens per forward; the cache carries what came before.
    """

    def __init__(self, model: Any, *, device: str | None = None, window: int = 256) -> None:
        if window < 2:
            raise InvalidInput(f"window must be at least 2 tokens, not {window}")
        self._source, self._device, self._window = model, device, window

    def __repr__(self) -> str:
        return f"CausalModel({self._source if isinstance(self._source, str) else type(self._source[0]).__name__!r})"

    def surprise(self, text: str, *, prefix: str = "", keep: float = 1.0) -> Surprise:
        """Log-probability of every token of ``text`` after ``prefix``.

        Args:
            text: What is judged.
            prefix: What the model has read before, such as the query; it is not judged.
            keep: Below 1, the model goes on from the most surprising share of each window alone, as it will when the
                others are dropped (LLMLingua's iterative compression, Jiang et al. 2023).
        """
        encoded = self._loaded.tokenizer(sanitise(text), add_special_tokens=False, return_offsets_mapping=True)
        offsets = np.array(encoded["offset_mapping"], dtype=np.int64).reshape(-1, 2)
        ids = list(encoded["input_ids"])
        if not ids:
            return Surprise(np.zeros(0, dtype=np.float32), offsets)
        reader = _Reader(self._loaded, self._ids(prefix), self._window)
        return Surprise(reader.read(ids, keep), offsets)

    @cached_property
    def _loaded(self) -> Loaded:
        loaded = load(self._source, "AutoModelForCausalLM", device=self._device)
        if not getattr(loaded.tokenizer, "is_fast", False):
            raise ModelError(f"{loaded.name!r} needs a fast tokenizer, which gives character offsets")
        return loaded

    def _ids(self, prefix: str) -> list[int]:
        ids = list(self._loaded.tokenizer(sanitise(prefix), add_special_tokens=False)["input_ids"])
        first = self._loaded.tokenizer.bos_token_id
        return ids if first is None else [first, *ids]


class _Reader:
    """One pass over one text: the cache, and the model's guess at the next token."""

    def __init__(self, loaded: Loaded, prefix: list[int], window: int) -> None:
        self._torch = require("torch", "generators")
        self._cache_type = require("transformers", "generators").DynamicCache
        self._loaded = loaded
        config = loaded.model.config
        self._room = int(getattr(config, "max_position_embeddings", 0) or getattr(config, "n_positions", 0) or 4096)
        self._window = max(min(window, self._room // 4), 1)
        self._prefix = prefix[-(self._room // 2) :]
        self._kept: list[int] = []  # tokens of the text that the cache holds
        self._next: Any = None  # log-probabilities of the next token, shape [vocabulary]
        self._begin(self._prefix)

    def read(self, ids: list[int], keep: float) -> Floats:
        parts: list[Floats] = []
        for start in range(0, len(ids), self._window):
            chunk = ids[start : start + self._window]
            self._make_room(len(chunk))
            scores = self._feed(chunk)
            parts.append(scores)
            if keep < 1:
                chunk = self._go_on_from(chunk, scores, keep)
            self._kept.extend(chunk)
        return np.concatenate(parts)

    @property
    def _size(self) -> int:
        return int(self._cache.get_seq_length())

    def _begin(self, ids: list[int]) -> None:
        self._cache = self._cache_type()
        self._next = None
        for start in range(0, len(ids), self._window):
            self._feed(ids[start : start + self._window])

    def _make_room(self, size: int) -> None:
        """Where the positions run out, begin anew with the prefix and the last stretch."""
        if self._size + size > self._room:
            self._kept = self._kept[-(self._room // 4) :]
            self._begin([*self._prefix[-(self._room // 4) :], *self._kept])

    def _feed(self, ids: list[int]) -> Floats:
        """Log-probabilities of ``ids`` after what the cache holds, which then holds them too; shape [tokens]."""
        torch = self._torch
        tokens = torch.tensor([ids], device=self._loaded.device)
        with torch.inference_mode():
            out = self._loaded.model(input_ids=tokens, past_key_values=self._cache, use_cache=True)
            guesses = torch.log_softmax(out.logits[0].float(), dim=-1)  # [tokens, vocabulary]
            first = self._next if self._next is not None else guesses.mean(dim=0)  # no context: an average guess
            ahead = torch.cat([first[None], guesses[:-1]])
            scores = ahead.gather(1, tokens[0][:, None])[:, 0]
        self._next = guesses[-1]
        result: Floats = scores.cpu().numpy().astype(np.float32)
        return result

    def _go_on_from(self, chunk: list[int], scores: Floats, keep: float) -> list[int]:
        """Take the chunk out of the cache and read its most surprising share again."""
        number = max(1, round(keep * len(chunk)))
        chosen = np.sort(np.argsort(scores, kind="stable")[:number])
        kept = [chunk[at] for at in chosen]
        self._cache.crop(-len(chunk))
        self._feed(kept)
        return kept
