"""Chat messages: the newest tool answers shortened, each pinned to the bytes it was first given.

What came after the last assistant message has never been sent to the model, so shortening it breaks no prompt cache.
Older messages get the text they were given then, or stay as they came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ragcompress.core.budget import embedded_count
from ragcompress.integrations.questions import asked
from ragcompress.service.settings import Settings
from ragcompress.service.store import Store, digest

__all__ = ["Chat", "count", "text_of"]

Shorten = Callable[[str, str], str]
"""``(question, text) -> shorter text``; the text itself where there is nothing to take out."""


def text_of(message: Any) -> str:
    """The text of an OpenAI chat message; content parts one per line; "" for anything else."""
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str))


def count(messages: Sequence[Any]) -> int:
    """Tokens of all messages' texts, by the embedded tokenizer."""
    return sum(embedded_count(text) for message in messages if (text := text_of(message)))


@dataclass(frozen=True, slots=True)
class Chat:
    """Shortens the tool messages of conversations.

    Attributes:
        settings: The server's.
        store: Of pins and originals.
        shorten: How one text is shortened.
    """

    settings: Settings
    store: Store
    shorten: Shorten

    def __call__(self, messages: Sequence[Any], scope: str) -> list[Any]:
        """The messages with shorter tool answers; the given ones never change.

        Args:
            messages: OpenAI chat dicts; anything else passes through.
            scope: Whose pins and originals are meant.
        """
        newest = max((at for at, m in enumerate(messages) if _role(m) == "assistant"), default=-1)
        calls, users, out = dict[str, Any](), list[str](), list[Any]()
        for at, message in enumerate(messages):
            if _role(message) == "user":
                users.append(text_of(message))
            calls |= _calls(message)
            is_tool = _role(message) in ("tool", "function") and isinstance(message.get("content"), str)
            new = at > newest or self.settings.older_turns
            out.append(self._shorter(message, users, calls, scope, new) if is_tool else message)
        return out

    def _shorter(
        self, message: Mapping[str, Any], users: Sequence[str], calls: Mapping[str, Any], scope: str, new: bool
    ) -> Any:
        text, call = message["content"], str(message.get("tool_call_id") or "")
        question = asked(users, calls.get(call), str(message.get("name") or "")) or "What does it say?"
        key = digest(call, question, text)
        pinned = self.store.pinned(scope, key)
        if pinned is None:
            size = embedded_count(text) if new else 0
            if not new or size < self.settings.min_tokens:
                return message
            pinned = self.store.pin(scope, key, self._cut(question, text, size, scope))
        return {**message, "content": pinned} if pinned != text else message

    def _cut(self, question: str, text: str, size: int, scope: str) -> str:
        try:
            shorter = self.shorten(question, text)
        except Exception:  # whatever the text holds, the caller's own call must go on
            return text
        if shorter == text:
            return text
        marked = f"{shorter}\n\n[shortened from {size} tokens; the whole text: hash={digest(scope, text)}]"
        if embedded_count(marked) >= size:
            return text
        self.store.keep(scope, text)
        return marked


def _role(message: Any) -> str:
    role = message.get("role") if isinstance(message, Mapping) else None
    return role if isinstance(role, str) else ""


def _calls(message: Any) -> dict[str, Any]:
    """The arguments of an assistant's tool calls, by the call's id."""
    calls = message.get("tool_calls") if isinstance(message, Mapping) else None
    found = {}
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            found[str(call.get("id"))] = function.get("arguments")
    return found
