"""Dense and lexical vectors from one causal language model, without training (PromptReps, Zhuang et al. 2024).

The model is asked for one word that stands for the text. Its last state is the dense vector; its guess at that word,
over the words that the text holds, is the lexical one. The two rankings are fused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.segment import sanitise
from ragcompress.core.types import Passage
from ragcompress.generators.loading import Loaded, load
from ragcompress.retriever.inputs import as_passages, check_queries, last_of_each
from ragcompress.scorers.features import normalise

__all__ = ["PromptEncoder", "PromptRepsRetriever"]

Floats = NDArray[np.float32]
PROMPT = '{kind}: "{text}"\nUse one word to represent the {kind} in a retrieval task. The word is: "'


class PromptEncoder:
    """A causal language model as a dense and lexical encoder, loaded at first use.

    Args:
        model: A name or folder on this machine, or a pair (model, tokenizer).
        device: Torch device; the GPU if there is one when None.
        most: Lexical weights kept per text.
        longest: Tokens of the text that are read.
    """

    def __init__(self, model: Any, *, device: str | None = None, most: int = 128, longest: int = 256) -> None:
        self._source, self._device, self._most, self._longest = model, device, most, longest
        self._loaded: Loaded | None = None

    def __repr__(self) -> str:
        return f"PromptEncoder({self._source if isinstance(self._source, str) else type(self._source[0]).__name__!r})"

    def read(self, text: str, kind: str = "passage") -> tuple[Floats, dict[int, float]]:
        """The dense unit vector [dim], and the weights of the text's own tokens by their numbers."""
        torch = require("torch", "generators")
        self._loaded = self._loaded or load(self._source, "AutoModelForCausalLM", device=self._device)
        model, tokenizer, device, _ = self._loaded
        own = tokenizer(sanitise(text), add_special_tokens=False)["input_ids"][: self._longest]
        before, after = PROMPT.format(kind=kind, text="\0").split("\0")
        ids = tokenizer(before)["input_ids"] + own + tokenizer(after, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            out = model(input_ids=torch.tensor([ids], device=device), output_hidden_states=True)
            state = out.hidden_states[-1][0, -1].float().cpu().numpy()
            guess = torch.log1p(torch.relu(out.logits[0, -1].float())).cpu().numpy()  # [vocabulary]
        held = self._held(text)
        best = sorted(held, key=lambda token: (-guess[token], token))[: self._most]
        return normalise(state[None])[0], {token: float(guess[token]) for token in best if guess[token] > 0}

    def _held(self, text: str) -> set[int]:
        """The tokens with which words of the text can begin, as the model would guess them: lower case."""
        assert self._loaded is not None
        words = set(re.findall(r"\w+", sanitise(text).casefold()))
        encoded = (self._loaded.tokenizer(word, add_special_tokens=False)["input_ids"] for word in sorted(words))
        return {ids[0] for ids in encoded if ids}


class PromptRepsRetriever:
    """Hybrid retrieval from one language model; in memory, exact. Use ``build``."""

    def __init__(
        self, encoder: PromptEncoder, passages: Sequence[Passage], dense: Floats, lexical: Sequence[dict[int, float]]
    ) -> None:
        self.encoder = encoder
        self._passages, self._dense, self._lexical = list(passages), dense, list(lexical)

    @classmethod
    def build(cls, passages: Iterable[str | Passage], encoder: PromptEncoder) -> PromptRepsRetriever:
        """Encode passages, one forward each."""
        if not isinstance(encoder, PromptEncoder):
            raise InvalidInput(f"encoder must be a PromptEncoder(model), not {type(encoder).__name__}")
        kept = last_of_each(as_passages(passages))
        read = [encoder.read(f"{passage.title} {passage.text}".strip()) for passage in kept]
        dense = np.array([vector for vector, _ in read], dtype=np.float32)
        return cls(encoder, kept, dense, [weights for _, weights in read])

    def __len__(self) -> int:
        return len(self._passages)

    def retrieve(self, query: str, k: int = 10) -> list[Passage]:
        """The ``k`` best of both rankings, best first; the score is the sum of reciprocal ranks."""
        check_queries([query], k)
        if not len(self):
            return []
        vector, weights = self.encoder.read(query, "query")
        near = np.argsort(-(self._dense @ vector), kind="stable")
        shared = np.array([sum(weights[t] * held[t] for t in weights.keys() & held.keys()) for held in self._lexical])
        worded = [at for at in np.argsort(-shared, kind="stable") if shared[at] > 0]
        score = np.zeros(len(self))
        for ranking in (near, worded):
            for place, at in enumerate(ranking):
                score[at] += 1.0 / (61 + place)
        best = np.argsort(-score, kind="stable")[:k]
        return [replace(self._passages[at], score=float(score[at])) for at in best]
