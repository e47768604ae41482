"""An answer from a compressed context: the extractive reader's, or without one the best sentence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from ragcompress.core.context import Context
from ragcompress.core.errors import MissingExtra, ModelError
from ragcompress.core.types import Passage, Span

__all__ = ["NO_READER", "Answer", "answer", "load_reader"]

NO_READER = "best sentence (no reader installed)"


@dataclass(frozen=True, slots=True)
class Answer:
    """A short answer and where it stands.

    Attributes:
        text: The answer; ``""`` when the context holds none.
        score: The reader's confidence, or the sentence's relevance; higher is surer; None without an answer.
        span: Where in the context's passages it stands, None when it stands nowhere.
        source: The passage it stands in.
        reader: What answered.
    """

    text: str
    score: float | None
    span: Span | None
    source: Passage | None
    reader: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        where = self.span._asdict() if self.span else None
        return {
            "text": self.text,
            "score": self.score,
            "source": {**where, "id": self.source.id, "title": self.source.title} if where and self.source else None,
            "reader": self.reader,
        }

    def __str__(self) -> str:
        where = f"  ({self.source.title or self.source.id})" if self.source else ""
        return f"{self.text}{where}" if self.text else "no answer in this context"


def answer(context: Context) -> Answer:
    """What a compressed context says to its question."""
    reader = load_reader()
    if reader is None:
        return _best_sentence(context)
    found = reader.answer(context.query, context)
    source = context.passages[found.support.passage] if found.support else None
    return Answer(found.text, float(found.score), found.support, source, "ExtractiveReader")


@lru_cache(maxsize=1)
def load_reader() -> Any:
    """The extractive reader, or None where it or its weights are not installed."""
    try:
        return import_module("ragcompress.models.reader.reader").ExtractiveReader()
    except (ModuleNotFoundError, MissingExtra, ModelError, FileNotFoundError):
        return None


def _best_sentence(context: Context) -> Answer:
    if not context.segments:
        return Answer("", None, None, None, NO_READER)
    best = max(context.segments, key=lambda segment: float("-inf") if segment.score is None else segment.score)
    span = best.support[0]
    return Answer(best.text.strip(), best.score, span, context.passages[span.passage], NO_READER)
