"""Word pruning by a token classifier (LLMLingua-2, Pan et al. 2024), query-aware because sentences are ranked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.protocols import Scorer, Segmenter
from ragcompress.core.render import fit
from ragcompress.core.segment import sanitise
from ragcompress.core.view import in_view
from ragcompress.generators.loading import Loaded, load
from ragcompress.pruners.failopen import or_extract
from ragcompress.pruners.packing import pack
from ragcompress.scorers import FusedScorer, GuardedScorer
from ragcompress.structure import units

__all__ = ["ClassifierPruner", "TokenClassifier"]

Floats = NDArray[np.float32]
KEEP_LABELS = ("keep", "preserve", "label_1", "1")


class TokenClassifier:
    """Keep probabilities from any Hugging Face token classifier with two labels, loaded at first use.

    Args:
        model: A name or folder on this machine, or a pair (model, fast tokenizer).
        device: Torch device; the GPU if there is one when None.
        window: Tokens per forward, special tokens included.
    """

    def __init__(self, model: Any, *, device: str | None = None, window: int = 512) -> None:
        self._source, self._device, self._window = model, device, window
        self._loaded: Loaded | None = None

    def __repr__(self) -> str:
        return f"TokenClassifier({self._source if isinstance(self._source, str) else type(self._source[0]).__name__!r})"

    def keep(self, text: str) -> tuple[Floats, NDArray[np.int64]]:
        """Keep probabilities [tokens] and character offsets [tokens, 2] of ``text``."""
        model, tokenizer, device, name = self._load()
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(f"{name!r} needs a fast tokenizer, which gives character offsets")
        torch = require("torch", "generators")
        longest = min(self._window, int(getattr(model.config, "max_position_embeddings", 0) or self._window))
        batch = tokenizer(
            sanitise(text), truncation=True, max_length=longest, stride=min(32, longest // 4),
            return_overflowing_tokens=True, return_offsets_mapping=True, return_special_tokens_mask=True,
        )  # fmt: skip
        values: list[Floats] = []
        offsets: list[list[tuple[int, int]]] = []
        for ids, places, special in zip(
            batch["input_ids"], batch["offset_mapping"], batch["special_tokens_mask"], strict=True
        ):
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([ids], device=device)).logits[0].float()  # [tokens, labels]
            chances = torch.softmax(logits, dim=-1)[:, _keep_label(model.config)].cpu().numpy()
            text_tokens = [at for at, mark in enumerate(special) if not mark]
            values.append(chances[text_tokens])
            offsets.append([places[at] for at in text_tokens])
        return np.concatenate(values), np.array([pair for window in offsets for pair in window]).reshape(-1, 2)

    def _load(self) -> Loaded:
        self._loaded = self._loaded or load(self._source, "AutoModelForTokenClassification", device=self._device)
        return self._loaded


@dataclass(frozen=True, slots=True)
class ClassifierPruner:
    """Sentences by relevance to the query, less the words that a token classifier would drop.

    Attributes:
        model: A name or folder on this machine, a pair (model, fast tokenizer), or a `TokenClassifier`.
        share: The most of a sentence's words that may go, in [0, 0.9].
        strict: Raise `ModelError` where the model fails, instead of keeping sentences whole.
        scorer: Ranks sentences by the query.
        segmenter: Cuts passages; `ragcompress.structure.units` by default.
    """

    model: Any
    share: float = 0.5
    strict: bool = False
    scorer: Scorer = field(default_factory=lambda: GuardedScorer(FusedScorer()), repr=False)
    segmenter: Segmenter = field(default=units, repr=False)
    _classifier: TokenClassifier = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 0.9:
            raise InvalidInput(f"share must be between 0 and 0.9, not {self.share}; it is the most words that may go")
        classifier = self.model if isinstance(self.model, TokenClassifier) else TokenClassifier(self.model)
        object.__setattr__(self, "_classifier", classifier)

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        scored = in_view(self.scorer(context.split(self.segmenter)))
        if not scored.segments or not budget.limit:
            return fit(scored, budget)
        return or_extract(
            lambda: pack(scored, budget, weigh=self._weigh, share=self.share), scored, budget,
            name=repr(self._classifier), strict=self.strict,
        )  # fmt: skip

    def _weigh(self, words: Context) -> Sequence[float]:
        used = sorted({segment.support[0].passage for segment in words.segments})
        read = {at: self._classifier.keep(words.passages[at].text) for at in used}
        result: list[float] = []
        for segment in words.segments:
            source, start, end = segment.support[0]
            chances, offsets = read[source]
            inside = (offsets[:, 0] < end) & (offsets[:, 1] > start)
            result.append(float(chances[inside].max()) if inside.any() else 0.0)
        return result


def _keep_label(config: Any) -> int:
    """The number of the label that means keep: by its name, else the second."""
    names = {str(name).casefold(): int(number) for number, name in config.id2label.items()}
    return next((names[name] for name in KEEP_LABELS if name in names), 1)
