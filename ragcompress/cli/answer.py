"""An answer from a compressed context: a language model's, the extractive reader's, or the best sentence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from ragcompress.core.context import Context
from ragcompress.core.errors import MissingExtra, ModelError
from ragcompress.core.types import Passage, Span
from ragcompress.generators.chat import Chat, OnText
from ragcompress.generators.grounded import ask

__all__ = ["NO_READER", "Answer", "answer", "load_reader"]

NO_READER = "best sentence (no reader installed)"
_BUILT_IN = "ExtractiveReader"


@dataclass(frozen=True, slots=True)
class Answer:
    """A short answer and where it stands.

    Attributes:
        text: The answer; ``""`` when the context holds none, or when the reader is not sure enough.
        score: The reader's confidence, or the sentence's relevance; higher is surer; None without one.
        span: Where in the context's passages the answer stands, or the closest sentence; None when nowhere.
        source: The passage it stands in, or the first one that a language model cites.
        reader: What answered.
        closest: The most relevant sentence, where there is no answer that is sure enough.
        citations: Numbers from 1 of the passages that a language model cites and that were sent.
        unsent: Numbers that it cites and that were not sent: made up.
    """

    text: str
    score: float | None
    span: Span | None
    source: Passage | None
    reader: str
    closest: str = ""
    citations: tuple[int, ...] = ()
    unsent: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        where = self.span._asdict() if self.span else {}
        named = {"id": self.source.id, "title": self.source.title} if self.source else {}
        return {
            "text": self.text,
            "score": self.score,
            "closest": self.closest,
            "source": {**where, **named} or None,
            "reader": self.reader,
            "citations": list(self.citations),
            "unsent": list(self.unsent),
        }

    @property
    def said_by(self) -> str:
        """The reader, how sure it is, and what it cites."""
        parts = ["built-in reader" if self.reader == _BUILT_IN else self.reader]
        if self.score is not None and self.reader != NO_READER:
            parts.append(f"{self.score:.0%} sure")
        if self.citations:
            parts.append("cites " + ", ".join(f"[{number}]" for number in self.citations))
        if self.unsent:
            parts.append("made up: " + ", ".join(f"[{number}]" for number in self.unsent))
        return ", ".join(parts)

    def __str__(self) -> str:
        where = f"  ({self.source.title or self.source.id})" if self.source else ""
        if self.text:
            return f"{self.text}{where}"
        return f"not sure; closest: {self.closest}{where}" if self.closest else "no answer in this context"


def answer(context: Context, chat: Chat | None = None, on_text: OnText | None = None) -> Answer:
    """What a compressed context says to its question.

    Args:
        context: What was kept.
        chat: A language model; the embedded reader when None.
        on_text: Sees a language model's text as it comes.
    """
    if chat is not None:
        return _of_model(chat, context, on_text)
    reader = load_reader()
    if reader is None:
        return _best_sentence(context)
    found = reader.answer(context.query, context)
    if not found.text:
        return _unsure(context, float(found.score), _BUILT_IN)
    source = context.passages[found.support.passage] if found.support else None
    return Answer(found.text, float(found.score), found.support, source, _BUILT_IN)


@lru_cache(maxsize=1)
def load_reader() -> Any:
    """The extractive reader, or None where it or its weights are not installed."""
    try:
        return import_module("ragcompress.models.reader.reader").ExtractiveReader()
    except (ModuleNotFoundError, MissingExtra, ModelError, FileNotFoundError):
        return None


def _of_model(chat: Chat, context: Context, on_text: OnText | None) -> Answer:
    said = ask(chat, context, on_text=on_text)
    if said.abstained:
        return _unsure(context, None, repr(chat))
    source = context.passages[said.citations[0] - 1] if said.citations else None
    return Answer(said.text, None, None, source, repr(chat), citations=said.citations, unsent=said.unsent)


def _unsure(context: Context, score: float | None, reader: str) -> Answer:
    best = _best_sentence(context)
    return Answer("", score, best.span, best.source, reader, closest=best.text)


def _best_sentence(context: Context) -> Answer:
    if not context.segments:
        return Answer("", None, None, None, NO_READER)
    best = max(context.segments, key=lambda segment: float("-inf") if segment.score is None else segment.score)
    span = best.support[0]
    return Answer(best.text.strip(), best.score, span, context.passages[span.passage], NO_READER)
