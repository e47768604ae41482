"""Chat messages: the newest tool answers shortened, each pinned to the bytes it was first given.

What came after the last assistant message has never been sent to the model, so shortening it breaks no prompt cache.
Older messages get the text they were given then, or stay as they came.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from ragcompress.core.budget import embedded_count
from ragcompress.integrations.questions import asked
from ragcompress.service.settings import Settings
from ragcompress.service.store import Pin, Store, digest

__all__ = ["Chat", "Outcome", "count", "text_of"]

Shorten = Callable[[str, str], str]
"""``(question, text) -> shorter text``; raises where it can't."""

_MARKER = re.compile(r"\[shortened from \d+ tokens; the whole text: hash=[0-9a-f]{24}\]\s*$")
_RECALLS = ("_retrieve", "read_original")  # how tools are called that bring back what was taken out


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
    """

    messages: list[Any] = field(default_factory=list)
    before: int = 0
    after: int = 0
    hashes: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    pins: Counter[bool] = field(default_factory=Counter)


def text_of(message: Any) -> str:
    """The text of an OpenAI chat message; content parts one per line; "" for anything else."""
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(text for part in parts if (text := _text_of_part(part)))


def count(messages: Sequence[Any]) -> int:
    """Tokens of all messages' texts, by the embedded tokenizer."""
    return sum(_SIZES(text) for message in messages if (text := text_of(message)))


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


_SIZES = _Sizes()


@dataclass(frozen=True, slots=True)
class Chat:
    """Shortens the tool messages of conversations.

    Attributes:
        settings: The server's.
        store: Of pins and originals.
    """

    settings: Settings
    store: Store

    def __call__(
        self, messages: Sequence[Any], scope: str, shorten: Shorten | None, *, shadow: bool = False
    ) -> Outcome:
        """The messages with shorter tool answers; the given ones never change.

        Args:
            messages: OpenAI chat dicts; anything else passes through.
            scope: Whose pins and originals are meant.
            shorten: How one text is shortened; None: there is no time for it, so new ones are pinned as they came.
            shadow: Neither read nor write pins and originals; the outcome says what would be.
        """
        newest = max((at for at, m in enumerate(messages) if _role(m) == "assistant"), default=-1)
        out = Outcome(before=count(messages))
        calls, users = dict[str, tuple[str, Any]](), list[str]()
        for at, message in enumerate(messages):
            if _role(message) == "user":
                users.append(text_of(message))
            calls |= _calls(message)
            if _role(message) not in ("tool", "function"):
                out.messages.append(message)
                continue
            call = str(message.get("tool_call_id") or "")
            name, arguments = calls.get(call, (str(message.get("name") or ""), None))
            recalled = name.endswith(_RECALLS)
            is_new = not recalled and (at > newest or self.settings.older_turns)
            turn = Turn(self, out, scope, call, asked(users, arguments), shorten, is_new, shadow, recalled)
            out.messages.append(turn.message(message))
        out.after = count(out.messages)
        return out


@dataclass(frozen=True, slots=True)
class Turn:
    """One tool message's texts and what is known of them.

    Attributes:
        chat: Whose settings and store are meant.
        out: Where what happens is counted.
        scope: Whose pins are meant.
        call: The id of the call that it answers; "" for none.
        question: What its texts are judged by; "" where nothing was asked.
        shorten: As for `Chat`.
        is_new: Whether it may be shortened: the model has not seen it.
        shadow: As for `Chat`.
        recalled: Whether it brings back what was taken out; then it stays whole.
    """

    chat: Chat
    out: Outcome
    scope: str
    call: str
    question: str
    shorten: Shorten | None
    is_new: bool
    shadow: bool
    recalled: bool

    def message(self, message: Mapping[str, Any]) -> Any:
        """The message with its text, or each of its text parts, shortened; its shape and all else stay."""
        content = message.get("content")
        if isinstance(content, str):
            new: Any = self.text(content)
        elif isinstance(content, list):
            new = [
                {**part, "text": self.text(text)} if (text := _text_of_part(part)) else part
                for part in content
            ]  # fmt: skip
        else:
            return message
        return message if new == content else {**message, "content": new}

    def text(self, text: str) -> str:
        """What stands for one text, now and in every later request."""
        key = digest(self.call, self.question, text)
        try:
            pin = None if self.shadow else self.chat.store.pinned(self.scope, key, digest(self.call, "", text))
            if pin is None:
                self.out.pins[False] += not self.shadow and self.is_new
                pin = self._new(text, key)
            else:
                self.out.pins[True] += 1
        except sqlite3.Error:  # a full disk, a damaged file: what can't be pinned must go as it came
            self.out.reasons["store failed"] += 1
            return text
        if pin.text is None:
            return text
        self.out.hashes.append(pin.hash)
        return pin.text

    def _new(self, text: str, key: str) -> Pin:
        """The pin of a text that has none; one that was not new leaves no pin."""
        if not self.is_new:
            self.out.reasons["already brought back" if self.recalled else "older turn"] += 1
            return Pin()
        size = _SIZES(text)
        pin, reason = self._shorter(text, size)
        self.out.reasons[reason] += 1
        if reason == "short" or self.shadow:
            return pin
        return self.chat.store.pin(self.scope, key, pin, text)

    def _shorter(self, text: str, size: int) -> tuple[Pin, str]:
        """A pin, and why it leaves the text as it came ("" when it does not)."""
        if size < self.chat.settings.min_tokens:
            return Pin(), "short"
        if _MARKER.search(text):
            return Pin(), "already shortened"
        if not self.question:
            return Pin(), "no question"
        if self.shorten is None:
            return Pin(), "queue full"
        try:
            shorter = self.shorten(self.question, text)
        except TimeoutError:
            return Pin(), "out of time"
        except Exception:  # whatever the text holds, the caller's own call must go on
            return Pin(), "failed"
        name = digest(self.scope, text)
        marked = f"{shorter}\n\n[shortened from {size} tokens; the whole text: hash={name}]"
        if not shorter or embedded_count(marked) >= size:
            return Pin(), "nothing to gain"
        return Pin(marked, name), ""


def _text_of_part(part: Any) -> str:
    text = part.get("text") if isinstance(part, Mapping) and part.get("type") == "text" else None
    return text if isinstance(text, str) else ""


def _role(message: Any) -> str:
    role = message.get("role") if isinstance(message, Mapping) else None
    return role if isinstance(role, str) else ""


def _calls(message: Any) -> dict[str, tuple[str, Any]]:
    """The names and arguments of an assistant's tool calls, by the call's id."""
    calls = message.get("tool_calls") if isinstance(message, Mapping) else None
    found = {}
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            found[str(call.get("id"))] = (str(function.get("name") or ""), function.get("arguments"))
    return found
