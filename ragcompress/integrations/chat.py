"""What a chat history is made of, whatever interface its messages are of.

`Seen` is what compression needs to know of a message; `look` makes it of OpenAI's and Anthropic's dicts, and `put`
makes a copy of such a message with other texts. Adapters have their own two functions for their frameworks' messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ragcompress.core.errors import InvalidInput
from ragcompress.integrations.content import texts_of, with_texts

__all__ = ["Seen", "look", "note", "put", "steps"]

_ROLES = {"developer": "system", "human": "user", "ai": "assistant", "function": "tool", "model": "assistant"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as far as compression looks at it.

    Attributes:
        role: ``"system"``, ``"user"``, ``"assistant"`` or ``"tool"``.
        texts: Its texts, one per content block.
        told: What else of it a model reads and nobody shortens: names and arguments of tool calls.
        calls: Ids of the tool calls that it makes.
        answers: Ids of the tool calls that it answers.
    """

    role: str
    texts: tuple[str, ...] = ()
    told: str = ""
    calls: tuple[str, ...] = ()
    answers: tuple[str, ...] = field(default=())


def look(message: Any) -> Seen:
    """A chat dict as OpenAI (``tool_calls``, role ``tool``) or Anthropic (``tool_use``, ``tool_result``) has it.

    Raises:
        InvalidInput: It is no dict with a role.
    """
    role = message.get("role") if isinstance(message, Mapping) else None
    if not isinstance(role, str):
        raise InvalidInput(f"a chat message is a dict with a role, not {type(message).__name__}")
    content = message.get("content")
    blocks = [b for b in content if isinstance(b, Mapping)] if isinstance(content, list) else []
    used = [b for b in blocks if b.get("type") == "tool_use"]
    answered = [str(b.get("tool_use_id")) for b in blocks if b.get("type") == "tool_result"]
    made = [c for c in message.get("tool_calls") or [] if isinstance(c, Mapping)]
    if message.get("tool_call_id"):
        answered.append(str(message["tool_call_id"]))
    told = [json.dumps(c.get("function"), ensure_ascii=False, default=str) for c in made]
    told += [f"{b.get('name')} {json.dumps(b.get('input'), ensure_ascii=False, default=str)}" for b in used]
    return Seen(
        role="tool" if answered else _ROLES.get(role, role),
        texts=tuple(texts_of(content)),
        told="\n".join(told),
        calls=tuple(str(c.get("id")) for c in [*made, *used]),
        answers=tuple(answered),
    )


def put(message: Any, texts: Sequence[str]) -> Any:
    """A copy of a chat dict with other texts, each in the block of the one it stands for."""
    return {**message, "content": with_texts(message["content"], texts)}


def note(text: str) -> Any:
    """A message of the user's side that says what was left out."""
    return {"role": "user", "content": text}


def steps(history: Sequence[Seen]) -> list[range]:
    """Messages that stand or fall together: a call with all its answers, everything else alone.

    >>> steps([Seen("user"), Seen("assistant", calls=("1", "2")), Seen("tool", answers=("1",)), Seen("user")])
    [range(0, 1), range(1, 3), range(3, 4)]
    """
    found: list[range] = []
    for at, message in enumerate(history):
        if message.role == "tool" and found and history[found[-1].start].role in ("assistant", "tool"):
            found[-1] = range(found[-1].start, at + 1)
        else:
            found.append(range(at, at + 1))
    return found
