"""What a tool's message holds: its documents or its text as passages, and the originals kept beside it.

Everything is read from and written to the messages themselves, so that checkpoints and parallel calls need nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zlib import crc32

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage

from ragcompress.core.types import Passage
from ragcompress.integrations.content import joined, texts_of, with_texts
from ragcompress.integrations.labels import READ_ORIGINAL
from ragcompress.integrations.langchain.documents import as_passages
from ragcompress.integrations.questions import asked

__all__ = [
    "KEY",
    "messages_of",
    "originals",
    "passages_of",
    "question_for",
    "tells_documents",
    "text_of",
    "unanswered_calls",
    "whole_passages",
    "with_text",
]

KEY = "ragcompress"  # under response_metadata, where LangChain's own context editing keeps its marks too


def text_of(message: BaseMessage) -> str:
    """All its text, content blocks parted by line breaks."""
    return joined(message.content)


def passages_of(message: ToolMessage) -> list[Passage] | None:
    """The passages of a tool's answer: its artifact's documents, else one per content block; None: nothing to cut.

    Passages get the documents' ids, or ones made from the call's id.
    """
    if tells_documents(message):
        return _named(as_passages(message.artifact), message)
    texts = [text for text in texts_of(message.content) if text.strip()]
    return _named([Passage(text) for text in texts], message) if texts else None


def tells_documents(message: ToolMessage) -> bool:
    """Whether the artifact is a list of Documents and the text holds them all; a tool may also tell less, or more."""
    given = message.artifact
    if not isinstance(given, list) or not given or not all(isinstance(item, Document) for item in given):
        return False
    texts = texts_of(message.content)
    return len(texts) == 1 and all(item.page_content.strip() in texts[0] for item in given)


def _named(passages: Sequence[Passage], message: ToolMessage) -> list[Passage]:
    """The passages with ids that differ; those without get one from the call's id."""
    call, taken = f"{crc32(message.tool_call_id.encode('utf-8', 'replace')) & 0xFFFFFF:06x}", set[str]()
    named = []
    for at, passage in enumerate(passages, 1):
        name = passage.id or (call if len(passages) == 1 else f"{call}-{at}")
        name = f"{name}-{at}" if name in taken else name
        taken.add(name)
        named.append(Passage(passage.text, name, passage.title, passage.score, passage.metadata))
    return named


def with_text(message: ToolMessage, shown: Mapping[int, str], facts: Mapping[str, Any], artifact: Any) -> ToolMessage:
    """A copy of the message that shows other text: block by block, each in its place, with everything beside it.

    Args:
        message: As it was.
        shown: What is shown of each passage; documents' texts were joined by the caller under number 0.
        facts: The account of what was kept.
        artifact: For the copy.
    """
    texts = texts_of(message.content)
    told = [at for at, text in enumerate(texts) if text.strip()]
    place = {block: number for number, block in enumerate(told)}
    new = [shown.get(place[at], "") if at in place else text for at, text in enumerate(texts)]
    marks = {**message.response_metadata, KEY: dict(facts)}
    update = {"content": with_texts(message.content, new), "response_metadata": marks, "artifact": artifact}
    return message.model_copy(update=update)


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


def question_for(messages: Sequence[BaseMessage], call_id: str | None, name: str = "") -> str:
    """What the answer to a call is judged by: the call's own arguments and the user's last substantial message."""
    users = [text_of(message) for message in messages if isinstance(message, HumanMessage)]
    calls = {call["id"]: call for message in messages if isinstance(message, AIMessage) for call in message.tool_calls}
    call = calls.get(call_id)
    return asked(users, call["args"] if call else None, name or (call["name"] if call else "")) or "What does it say?"


def messages_of(state: Any) -> list[AnyMessage]:
    """An agent's state is a dict, a list of messages, or an object with messages."""
    if isinstance(state, list):
        return list(state)
    return list(state["messages"] if isinstance(state, dict) else state.messages)


def unanswered_calls(messages: Sequence[BaseMessage]) -> list[str]:
    """The ids of the tool calls the model made last that have no answer yet: they share what is left of a budget."""
    last = next((message for message in reversed(messages) if isinstance(message, AIMessage)), None)
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    return [str(call["id"]) for call in last.tool_calls if call["id"] not in answered] if last is not None else []
