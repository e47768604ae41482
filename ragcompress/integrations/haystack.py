"""Haystack: any compressor of this package as a pipeline component (extra ``haystack``)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.integrations.chat import Seen
from ragcompress.integrations.history import HistoryCompressor
from ragcompress.integrations.parts import Part, Parts
from ragcompress.integrations.threads import in_thread
from ragcompress.integrations.woven import woven
from ragcompress.pruners.nothing import WhenNothing

require("haystack", "haystack")

from haystack import Document, component, default_from_dict, default_to_dict  # noqa: E402  (after the check)
from haystack.dataclasses import ChatMessage, TextContent, ToolCallResult  # noqa: E402

__all__ = ["HistoryCompactor", "RagCompressorComponent"]


@component
class RagCompressorComponent:
    """Documents in, shorter documents out: copies with the same id, order, score and meta; the given ones stay.

    The account of what was kept is in ``meta["ragcompress"]``. Documents with nothing kept are left out; those
    without text (pictures and other files) stay as they are, in their place.
    A pipeline with it can be saved as YAML when budget and compressor are plain values; Haystack loads it with
    ``allowed_modules=["ragcompress.integrations.haystack"]``, as any component that is not its own.

    Args:
        budget: int (tokens), float (kept fraction), `ragcompress.TokenBudget`, or None: a threshold decides.
        compressor: A compressor or a method's name; None: the best one installed.
        keep_empty: Return documents of which nothing was kept too.
        top_n: At most so many documents; they share the whole budget.
        timeout_s: Seconds after which a fast fallback answers.
        when_nothing: As for `ragcompress.compress`.
    """

    def __init__(
        self,
        budget: Any = None,
        *,
        compressor: Any = None,
        keep_empty: bool = False,
        top_n: int | None = None,
        timeout_s: float | None = None,
        when_nothing: WhenNothing = "best",
    ) -> None:
        self.parts = Parts(
            budget, compressor, keep_empty=keep_empty, top_n=top_n, timeout_s=timeout_s, when_nothing=when_nothing
        )
        self.parts.check()

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]  # not followed by mypy
    def run(self, query: str, documents: list[Document], budget: Any = None) -> dict[str, list[Document]]:
        """Compress ``documents`` to what ``query`` needs.

        Args:
            query: What is asked.
            documents: What was retrieved.
            budget: For this run only.
        """
        told = [number for number, document in enumerate(documents) if (document.content or "").strip()]
        parts = self.parts if budget is None else replace(self.parts, budget=budget)
        outcome = parts(query, [_passage(documents[number]) for number in told])
        shown = [(told[part.passage], _shortened(documents[told[part.passage]], part)) for part in outcome.parts]
        others = [(number, document) for number, document in enumerate(documents) if number not in told]
        return {"documents": woven(shown, others)}

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]
    async def run_async(self, query: str, documents: list[Document], budget: Any = None) -> dict[str, list[Document]]:
        """``run`` in a thread, for asynchronous pipelines."""
        return await in_thread(self.run, query, documents, budget)

    def to_dict(self) -> dict[str, Any]:
        """For saving a pipeline.

        Raises:
            InvalidInput: The budget or the compressor is an object that can't be written down.
        """
        settings = {
            name: getattr(self.parts, name)
            for name in ("budget", "compressor", "keep_empty", "top_n", "timeout_s", "when_nothing")
        }
        for name, value in settings.items():
            if not isinstance(value, str | int | float | None):
                raise InvalidInput(f"{name}={value!r} can't be saved with a pipeline; use a number or a method's name")
        return dict(default_to_dict(self, **settings))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RagCompressorComponent:
        """For loading a pipeline."""
        made: RagCompressorComponent = default_from_dict(cls, data)
        return made


def _passage(document: Document) -> Passage:
    title = document.meta.get("title")
    return Passage(
        document.content, id=document.id, title=title if isinstance(title, str) else "", score=document.score
    )


def _shortened(source: Document, part: Part) -> Document:
    meta = {**source.meta, "ragcompress": {**part.facts(), "relevance_score": part.score}}
    if part.text == str(source.content).strip():
        return replace(source, meta=meta)
    # An embedding is of the whole text, so it does not go along.
    return replace(source, content=part.text, meta=meta, embedding=None, sparse_embedding=None)


class HistoryCompactor:
    """For Haystack's ``CompactionHook``: older messages cut to what the question needs; see `HistoryCompressor`.

    The hook writes the shorter conversation back, so what was shortened once keeps its bytes; how often it runs is the
    hook's ``compact_at`` and ``compact_to``.

    Args:
        recent: How many of the newest steps stay whole.
        compressor: A method's name; None: the best one installed.
        min_tokens: Shorter texts are left alone.
    """

    def __init__(self, *, recent: int = 4, compressor: Any = None, min_tokens: int = 48) -> None:
        self.recent, self.compressor, self.min_tokens = recent, compressor, min_tokens
        self._history(1, embedded_count)  # refuses what can't be, now

    def _history(self, limit: int, count: Any) -> HistoryCompressor:
        return HistoryCompressor(
            TokenBudget(limit, count), self.recent, stable=False, compressor=self.compressor,
            min_tokens=self.min_tokens, look=_look, put=_put, note=ChatMessage.from_user,
        )  # fmt: skip

    def compact(self, messages: list[ChatMessage], target_tokens: int, token_counter: Any) -> list[ChatMessage] | None:
        """A shorter conversation, or None where none would be shorter."""
        size = token_counter.count(messages=messages)
        if size <= target_tokens:
            return None
        empty = int(token_counter.count(messages=[ChatMessage.from_user("")]))

        def count(text: str) -> int:
            return max(int(token_counter.count(messages=[ChatMessage.from_user(text)])) - empty, 0)

        seen = [_look(message) for message in messages]
        told = sum(count(text) for message in seen for text in (*message.texts, message.told) if text)
        limit = max(target_tokens - max(size - told, 0), 1)  # the counter's framing of messages comes on top
        shorter: list[ChatMessage] = self._history(limit, count)(messages).messages
        return shorter if token_counter.count(messages=shorter) < size else None

    async def compact_async(
        self, messages: list[ChatMessage], target_tokens: int, token_counter: Any
    ) -> list[ChatMessage] | None:
        """``compact`` in a thread."""
        return await in_thread(self.compact, messages, target_tokens, token_counter)

    def to_dict(self) -> dict[str, Any]:
        """For saving a pipeline."""
        if not isinstance(self.compressor, str | None):
            raise InvalidInput(f"compressor={self.compressor!r} can't be saved with a pipeline; use a method's name")
        settings = {"recent": self.recent, "compressor": self.compressor, "min_tokens": self.min_tokens}
        return dict(default_to_dict(self, **settings))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> HistoryCompactor:
        """For loading a pipeline."""
        made: HistoryCompactor = default_from_dict(cls, data)
        return made


def _look(message: ChatMessage) -> Seen:
    calls, answers = message.tool_calls, message.tool_call_results
    return Seen(
        role=message.role.value,
        texts=tuple(_text(part) for part in message._content if _text(part) is not None),
        told="\n".join(f"{c.tool_name} {json.dumps(c.arguments, ensure_ascii=False, default=str)}" for c in calls),
        calls=tuple(str(call.id) for call in calls),
        answers=tuple(str(answer.origin.id) for answer in answers),
    )


def _text(part: Any) -> Any:
    """The text of a part that is text or a tool's answer in text; None for others."""
    if isinstance(part, TextContent):
        return part.text
    return part.result if isinstance(part, ToolCallResult) and isinstance(part.result, str) else None


def _put(message: ChatMessage, texts: Sequence[str]) -> ChatMessage:
    left = iter(texts)
    parts = [
        part
        if _text(part) is None
        else TextContent(next(left))
        if isinstance(part, TextContent)
        else replace(part, result=next(left))
        for part in message._content
    ]
    return replace(message, _content=parts)
