"""Scores from a cross-encoder: query and segment read together. Slow and strong; put a `Cascade` before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.segment import sanitise

if TYPE_CHECKING:
    from ragcompress.generators.loading import Loaded

__all__ = ["CrossEncoderScorer"]


class CrossEncoderScorer:
    """Any cross-encoder with one output, loaded at first use (monoBERT, Nogueira and Cho 2019).

    Args:
        model: A name or folder on this machine, a sentence-transformers ``CrossEncoder``, a pair (sequence
            classification model, tokenizer), or any object with ``predict(list of (query, text)) -> scores``.
        batch_size: Pairs per forward.
        device: Torch device; the GPU if there is one when None.
    """

    def __init__(self, model: Any, *, batch_size: int = 32, device: str | None = None) -> None:
        if not isinstance(model, str | tuple) and not callable(getattr(model, "predict", None)):
            raise InvalidInput(
                "model must be a name, a pair (model, tokenizer) or an object with predict(pairs), such as a "
                f"sentence_transformers.CrossEncoder; not {type(model).__name__}"
            )
        self._source, self._batch_size, self._device = model, batch_size, device
        self._loaded: Loaded | None = None

    def __repr__(self) -> str:
        source = self._source
        return f"CrossEncoderScorer({source if isinstance(source, str) else type(source).__name__!r})"

    def __call__(self, context: Context) -> Context:
        """The model's own scores, of any scale; a passage's score is its best segment's."""
        texts = [self._text(context, at) for at in range(len(context.segments))]
        scores = self._predict([(sanitise(context.asked), text) for text in texts]) if texts else []
        if len(scores) != len(texts):
            raise ModelError(f"{self!r} gave {len(scores)} scores for {len(texts)} pairs; it must give one each")
        lowest = min(scores, default=0.0)
        passages = [lowest] * len(context.passages)
        for segment, score in zip(context.segments, scores, strict=True):
            at = segment.support[0].passage
            passages[at] = max(passages[at], score)
        return context.with_scores(scores, passages)

    def _text(self, context: Context, at: int) -> str:
        """A segment under its passage's title, which often holds what its pronouns stand for."""
        segment = context.segments[at]
        title = context.passages[segment.support[0].passage].title.strip()
        return sanitise(f"{title}. {segment.text.strip()}" if title else segment.text.strip())

    def _predict(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        if not isinstance(self._source, str | tuple):
            return [float(score) for score in self._source.predict(list(pairs))]
        order = sorted(range(len(pairs)), key=lambda at: (len(pairs[at][1]), at))  # like lengths: little padding
        scores = [0.0] * len(pairs)
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            for at, score in zip(batch, self._forward([pairs[at] for at in batch]), strict=True):
                scores[at] = score
        return scores

    def _forward(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        from ragcompress.generators.loading import load  # a floor above: this scorer is one of few with a model

        torch = require("torch", "generators")
        self._loaded = self._loaded or load(self._source, "AutoModelForSequenceClassification", device=self._device)
        model, tokenizer, device, _ = self._loaded
        longest = min(getattr(tokenizer, "model_max_length", 512), 512)
        queries, texts = [query for query, _ in pairs], [text for _, text in pairs]
        batch = tokenizer(queries, texts, padding=True, truncation=True, max_length=longest, return_tensors="pt")
        with torch.inference_mode():
            logits = model(
                **{name: value.to(device) for name, value in batch.items()}
            ).logits.float()  # [pairs, labels]
        if logits.shape[-1] > 2:
            raise ModelError(
                f"{self!r} has {logits.shape[-1]} outputs; a relevance model has one, or two for no and yes"
            )
        column = logits[:, 0] if logits.shape[-1] == 1 else logits[:, 1] - logits[:, 0]
        return [float(value) for value in column.cpu()]
