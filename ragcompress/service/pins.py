"""One conversation's tool texts: each decided once, pinned, and the same ever after."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

from ragcompress.core.budget import embedded_count
from ragcompress.integrations.content import joined, texts_of, with_texts
from ragcompress.service.settings import Settings
from ragcompress.service.store import Pin, Store, digest

__all__ = ["MARKER", "Outcome", "Said", "Shorten", "Turn", "content_of", "count", "sized"]

Shorten = Callable[[str, str], tuple[str, float]]
"""``(question, text) -> shorter text, relevance``: the probability that the text's best unit answers the question;
raises where it can't."""

SURE = 0.5  # relevance from which a question that may not be a text's own is taken for it
MARKER = re.compile(r"\[shortened from \d+ tokens; the whole text: hash=[0-9a-f]{24}\]\s*$")


@dataclass(slots=True)
class Outcome:
    """What became of a conversation.

    Attributes:
        messages: To be sent.
        before: Tokens of all texts as they came.
        after: Tokens of all texts now.
        hashes: Of the whole texts that can be had back.
        reasons: Why tool texts were left as they came, counted.
        pins: How many tool texts had a pin (True) and how many were new (False).
        cache_safe: Whether everything that was sent with the request before stands here with the same bytes.
        warnings: What the caller should know.
    """

    messages: list[Any] = field(default_factory=list)
    before: int = 0
    after: int = 0
    hashes: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    pins: Counter[bool] = field(default_factory=Counter)
    cache_safe: bool = True
    warnings: tuple[str, ...] = ()


class Said(NamedTuple):
    """What is known of a tool message.

    Attributes:
        names: What it is told from others by, beside its text.
        question: What its texts are judged by; "" where nothing was asked.
        is_sure: Whether that is the question it answers.
        is_new: Whether it may be shortened: the model has not seen it.
        is_recalled: Whether it brings back what was taken out; then it stays whole.
    """

    names: tuple[str, ...]
    question: str
    is_sure: bool
    is_new: bool
    is_recalled: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """One request's conversation.

    Attributes:
        settings: The server's.
        store: Of pins and originals.
        scope: Whose they are.
        shorten: How one text is shortened; None: there is no time for it.
        shadow: Neither read nor write the store.
        out: Where what happens is counted.
    """

    settings: Settings
    store: Store
    scope: str
    shorten: Shorten | None
    shadow: bool
    out: Outcome

    def message(self, message: Mapping[str, Any], said: Said) -> Any:
        """The message with its text, or each of its text parts, shortened; its shape and all else stay."""
        came = texts_of(message.get("content"))
        texts = [self._text(text, said) if text else text for text in came]
        return message if texts == came else {**message, "content": with_texts(message["content"], texts)}

    def _text(self, text: str, said: Said) -> str:
        """What stands for one text, now and in every later request."""
        key = digest(*said.names, text)
        try:
            pin = None if self.shadow else self.store.pinned(self.scope, key)
            if not self.shadow and (pin or said.is_new):
                self.out.pins[pin is not None] += 1
            pin = pin or self._new(text, key, said)
        except sqlite3.Error:  # a full disk, a damaged file: what can't be pinned must go as it came
            self.out.reasons["store failed"] += 1
            return text
        if pin.text is None:
            return text
        self.out.hashes.append(pin.hash)
        return pin.text

    def _new(self, text: str, key: str, said: Said) -> Pin:
        """The pin of a text that has none; one that was not new leaves no pin."""
        if said.is_recalled or not said.is_new:
            self.out.reasons["brought back" if said.is_recalled else "older turn"] += 1
            return Pin()
        size = sized(text)
        pin, reason = self._shorter(text, size, said)
        self.out.reasons[reason] += 1
        if reason == "short" or self.shadow:
            return pin
        return self.store.pin(self.scope, key, pin, text)

    def _shorter(self, text: str, size: int, said: Said) -> tuple[Pin, str]:
        """A pin, and why it leaves the text as it came ("" when it does not)."""
        if size < self.settings.min_tokens:
            return Pin(), "short"
        if MARKER.search(text):
            return Pin(), "already shortened"
        if not said.question:
            return Pin(), "no question"
        if self.shorten is None:
            return Pin(), "queue full"
        try:
            shorter, relevance = self.shorten(said.question, text)
        except TimeoutError:
            return Pin(), "out of time"
        except Exception:  # whatever the text holds, the caller's own call must go on
            return Pin(), "failed"
        if not said.is_sure and relevance < SURE:
            return Pin(), "another question"
        if not shorter:
            return Pin(), "nothing answers"
        name = digest(self.scope, text)
        marked = f"{shorter}\n\n[shortened from {size} tokens; the whole text: hash={name}]"
        if embedded_count(marked) >= size:
            return Pin(), "nothing to gain"
        return Pin(marked, name), ""


def content_of(message: Any) -> Any:
    """What a message says, in whatever form; None where it is no message."""
    return message.get("content") if isinstance(message, Mapping) else None


def count(messages: Sequence[Any]) -> int:
    """Tokens of all messages' texts, by the embedded tokenizer."""
    return sum(sized(text) for message in messages if (text := joined(content_of(message))))


class _Sizes:
    """Token counts, remembered by digest: a conversation comes again with every turn, and hashing is quicker."""

    def __init__(self, most: int = 20_000) -> None:
        self._known, self._most, self._lock = OrderedDict[str, int](), most, Lock()

    def __call__(self, text: str) -> int:
        name = digest(text)
        size = self._known.get(name)
        if size is None:
            size = embedded_count(text)
            with self._lock:
                self._known[name] = size
                if len(self._known) > self._most:
                    self._known.popitem(last=False)
        return size


sized = _Sizes()
