"""Chat messages: the newest tool answers shortened, each pinned to the bytes it was first given.

What came after the last assistant message has never been sent to the model, so shortening it breaks no prompt cache.
Older messages get the text they were given then, or stay as they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ragcompress.integrations.content import joined
from ragcompress.integrations.questions import asked
from ragcompress.service.pins import Outcome, Said, Shorten, Turn, content_of, count
from ragcompress.service.settings import Settings
from ragcompress.service.store import Store

__all__ = ["Chat", "Outcome"]

_RECALLS = ("_retrieve", "read_original")  # how tools are called that bring back what was taken out


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
        out = Outcome(before=count(messages))
        turn = Turn(self.settings, self.store, scope, shorten, shadow, out)
        newest, last_user = _last(messages, "assistant"), _last(messages, "user")
        calls, users = dict[str, tuple[str, Any]](), list[str]()
        for at, message in enumerate(messages):
            if _role(message) == "user":
                users.append(_words(message))
            calls |= _calls(message)
            if _role(message) in ("tool", "function"):
                is_new = at > newest or self.settings.older_turns
                message = turn.message(message, _said(message, users, calls, is_new, at < last_user))
            out.messages.append(message)
        out.after = count(out.messages)
        out.cache_safe = not (self.settings.older_turns and out.pins[False])
        return out


def _said(
    message: Mapping[str, Any], users: Sequence[str], calls: Mapping[str, tuple[str, Any]], is_new: bool, is_past: bool
) -> Said:
    """What is known of a tool message.

    Gateways may withhold assistant messages and the last user message. A tool message whose call is not there may then
    answer a question that is not there either, unless a user message follows it.
    """
    call = str(message.get("tool_call_id") or "")
    name, arguments = calls.get(call, (str(message.get("name") or ""), None))
    question = asked(users, arguments)
    names = (call, question) if call in calls or not call else ("withheld", call)
    return Said(names, question, call in calls or is_past, is_new, name.endswith(_RECALLS))


def _words(message: Any) -> str:
    """What a user says; tool results, which Anthropic's chat puts among it, ask for nothing."""
    content = content_of(message)
    if isinstance(content, list):
        content = [part for part in content if not (isinstance(part, Mapping) and part.get("type") == "tool_result")]
    return joined(content)


def _role(message: Any) -> str:
    role = message.get("role") if isinstance(message, Mapping) else None
    return role if isinstance(role, str) else ""


def _last(messages: Sequence[Any], role: str) -> int:
    return max((at for at, message in enumerate(messages) if _role(message) == role), default=-1)


def _calls(message: Any) -> dict[str, tuple[str, Any]]:
    """The names and arguments of an assistant's tool calls, by the call's id."""
    calls = message.get("tool_calls") if isinstance(message, Mapping) else None
    found = {}
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            found[str(call.get("id"))] = (str(function.get("name") or ""), function.get("arguments"))
    return found
