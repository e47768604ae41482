"""What a tool's message holds: its documents or its text as passages, and the originals kept beside it.

Everything is read from and written to the messages themselves, so that checkpoints and parallel calls need nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from zlib import crc32

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from ragcompress.core.context import Context
from ragcompress.core.render import plain
from ragcompress.core.types import Passage
from ragcompress.integrations.langchain.documents import as_passages

__all__ = [
    "KEY",
    "READ_ORIGINAL",
    "Labelled",
    "find_original",
    "is_json",
    "labels",
    "latest_question",
    "originals",
    "passages_of",
    "tells_documents",
    "unanswered_calls",
    "whole_passages",
    "with_text",
]

READ_ORIGINAL = "read_original"  # the tool's name
KEY = "ragcompress"  # under response_metadata, where LangChain's own context editing keeps its marks too


@dataclass(frozen=True, slots=True)
class Labelled:
    """A rendering with ``[id] `` before each passage, by which the model can ask for the original.

    Attributes:
        labels: One label per passage; "" for none.
    """

    labels: tuple[str, ...]

    def __call__(self, context: Context) -> str:
        """Blocks in segment order, parted by blank lines."""
        blocks: list[str] = []
        for source, group in groupby(context.segments, key=lambda segment: segment.support[0].passage):
            body = plain(replace(context, segments=tuple(group)))
            label = f"[{self.labels[source]}] " if self.labels[source] else ""
            blocks.extend([label + body] if body else [])
        return "\n\n".join(blocks)


def passages_of(message: ToolMessage) -> list[Passage] | None:
    """The passages of a tool's answer: its artifact's documents, else its text by paragraphs; None: nothing to cut.

    Passages get the documents' ids, or ones made from the call's id. A text that is JSON stays one passage.
    """
    if tells_documents(message):
        return _named(as_passages(message.artifact), message)
    text = message.text
    if not text.strip():
        return None
    if is_json(text):
        return _named([Passage(text)], message)
    return _named([Passage(part) for part in re.split(r"\n[ \t\r]*\n\s*", text) if part.strip()], message)


def tells_documents(message: ToolMessage) -> bool:
    """Whether the artifact is a list of Documents and the text holds them all; a tool may also tell less, or more."""
    given, text = message.artifact, message.text
    if not isinstance(given, list) or not given or not all(isinstance(item, Document) for item in given):
        return False
    return all(item.page_content.strip() in text for item in given)


def is_json(text: str) -> bool:
    """Whether the text is a JSON object or list, which a cut would break."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


def _named(passages: Sequence[Passage], message: ToolMessage) -> list[Passage]:
    """The passages with ids that differ; those without get one from the call's id."""
    call, taken = f"{crc32(message.tool_call_id.encode('utf-8', 'replace')) & 0xFFFF:04x}", set[str]()
    named = []
    for at, passage in enumerate(passages, 1):
        name = passage.id if passage.id and passage.id not in taken else f"{passage.id or call}-{at}"
        taken.add(name)
        named.append(Passage(passage.text, name, passage.title, passage.score, passage.metadata))
    return named


def labels(passages: Sequence[Passage]) -> tuple[str, ...]:
    """Short labels: as much of each id as tells it from the others, but no less than four characters.

    >>> labels([Passage("", "doc-a17"), Passage("", "doc-b2"), Passage("", "x")])
    ('doc-a', 'doc-b', 'x')
    """
    names = [passage.id for passage in passages]
    return tuple(_shortest(name, [other for other in names if other != name]) for name in names)


def _shortest(name: str, others: Sequence[str]) -> str:
    clear = (name[:size] for size in range(4, len(name)) if not any(other.startswith(name[:size]) for other in others))
    return next(clear, name)


def with_text(message: ToolMessage, text: str, facts: Mapping[str, Any], artifact: Any) -> ToolMessage:
    """A copy of the message with other text; content blocks that are no text (images) stay."""
    content: Any = text
    if isinstance(message.content, list):
        others = [block for block in message.content if isinstance(block, dict) and block.get("type") != "text"]
        content = [{"type": "text", "text": text}, *others] if others else text
    marks = {**message.response_metadata, KEY: dict(facts)}
    return message.model_copy(update={"content": content, "response_metadata": marks, "artifact": artifact})


def originals(messages: Iterable[Any]) -> dict[str, str]:
    """The full text of every passage that tools brought, by id; of one id, the latest."""
    found: dict[str, str] = {}
    for message in messages:
        if isinstance(message, ToolMessage) and message.name != READ_ORIGINAL:
            found |= {passage.id: passage.text for passage in whole_passages(message)}
    return found


def whole_passages(message: ToolMessage) -> list[Passage]:
    """The passages as the tool gave them, whether the message was shortened since or not."""
    kept = message.response_metadata.get(KEY, {}).get("originals")
    return passages_of(message) or [] if kept is None else [Passage(text, name) for name, text in kept.items()]


def find_original(messages: Iterable[Any], name: str) -> str:
    """The original with this id, or whose id is the only one that begins so; else a hint for the model."""
    known = originals(messages)
    wanted = name.strip().strip("[]")
    if wanted in known:
        return known[wanted]
    near = [full for full in known if wanted and full.startswith(wanted)]
    if len(near) == 1:
        return known[near[0]]
    listed = ", ".join((near or list(known))[-20:]) or "none"
    return f"No single passage has the id {wanted!r}. Ids: {listed}"


def latest_question(messages: Sequence[BaseMessage]) -> str:
    """The text of the last message of the user; "" when there is none."""
    asked = (message.text for message in reversed(messages) if isinstance(message, HumanMessage))
    return next((text for text in asked if text.strip()), "")


def unanswered_calls(messages: Sequence[BaseMessage]) -> list[str]:
    """The ids of the tool calls the model made last that have no answer yet: they share what is left of a budget."""
    last = next((message for message in reversed(messages) if isinstance(message, AIMessage)), None)
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    return [str(call["id"]) for call in last.tool_calls if call["id"] not in answered] if last is not None else []
