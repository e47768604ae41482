"""The texts in a message's content, block by block, in the shapes that chat interfaces have.

Content is a str, or a list of blocks: str, OpenAI's parts (``text``, ``input_text``, ``image_url``, …), Anthropic's
blocks (``text``, ``image``, ``tool_result`` with blocks inside, ``document``, ``search_result``, with cache marks), or
LangChain's. Blocks keep their borders, their order and everything beside their text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["OMITTED", "joined", "texts_of", "with_texts"]

OMITTED = "…"  # what a block says of which nothing was kept
_TEXT = frozenset({"text", "input_text", "output_text", "text-plain"})
_NESTED = frozenset({"tool_result", "search_result", "mcp_tool_result", "web_fetch_tool_result"})


def texts_of(content: Any) -> list[str]:
    """The texts in order, one per block that holds text; pictures, files and the like hold none.

    >>> texts_of(["a", {"type": "image"}, {"type": "tool_result", "content": [{"type": "text", "text": "b"}]}])
    ['a', 'b']
    """
    if isinstance(content, str):
        return [content]
    return [text for block in content for text in _block_texts(block)] if isinstance(content, list | tuple) else []


def joined(content: Any) -> str:
    """All texts, parted by line breaks: blocks are never read as one sentence."""
    return "\n".join(texts_of(content))


def with_texts(content: Any, texts: Sequence[str]) -> Any:
    """A copy of ``content`` with other texts in its blocks.

    Args:
        content: As it came.
        texts: One for each of `texts_of`. Where it is "", the block says "…"; of several such side by side the first
            stands for all, but those with marks of their own (a cache mark, an id) stay.

    >>> with_texts([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}], ["", "B"])
    [{'type': 'text', 'text': '…'}, {'type': 'image'}, {'type': 'text', 'text': 'B'}]
    """
    return _filled(content, iter(texts))


def _filled(content: Any, texts: Iterator[str]) -> Any:
    if isinstance(content, str):
        return next(texts)
    if not isinstance(content, list | tuple):
        return content
    out: list[Any] = []
    before = ""  # the last block's text, "" where it is no text
    for block in content:
        told = _own_text(block)
        if told is None:
            before = ""
            out.append(_with_inner(block, texts))
            continue
        text = next(texts)
        if text or not told.strip():
            out.append(_with_text(block, text))
        elif before != OMITTED or _marked(block):
            text = OMITTED
            out.append(_with_text(block, text))
        else:
            text = OMITTED
        before = text
    return out


def _block_texts(block: Any) -> list[str]:
    told = _own_text(block)
    if told is not None:
        return [told]
    if isinstance(block, Mapping) and block.get("type") in _NESTED:
        return texts_of(block.get("content"))
    return []


def _own_text(block: Any) -> str | None:
    """The text of a block that is text; None for every other block."""
    if isinstance(block, str):
        return block
    if not isinstance(block, Mapping):
        return None
    found: Any = None
    if block.get("type") in _TEXT:
        found = block.get("text")
    elif block.get("type") == "document" and _inner(block, "source").get("type") == "text":
        found = _inner(block, "source").get("data")
    elif block.get("type") == "resource":
        found = _inner(block, "resource").get("text")
    return found if isinstance(found, str) else None


def _inner(block: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = block.get(key)
    return value if isinstance(value, Mapping) else {}


def _with_text(block: Any, text: str) -> Any:
    if isinstance(block, str):
        return text
    if block.get("type") == "document":
        return {**block, "source": {**block["source"], "data": text}}
    if block.get("type") == "resource":
        return {**block, "resource": {**block["resource"], "text": text}}
    return {**block, "text": text}


def _with_inner(block: Any, texts: Iterator[str]) -> Any:
    if isinstance(block, Mapping) and block.get("type") in _NESTED:
        return {**block, "content": _filled(block.get("content"), texts)}
    return block


def _marked(block: Any) -> bool:
    """Whether a block carries more than its text."""
    return isinstance(block, Mapping) and bool(set(block) - {"type", "text"})
