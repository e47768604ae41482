"""The output of one tool, shortened, with where all of it can be read: for hooks of coding agents and shells."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.types import Passage
from ragcompress.facade import compress
from ragcompress.integrations.content import texts_of, with_texts
from ragcompress.integrations.errors_shown import keeping_failures
from ragcompress.integrations.labels import Labelled, is_json
from ragcompress.integrations.questions import asked

__all__ = ["Shortener", "answer_hook", "originals_folder"]

ASIDE = 40  # tokens that the line about the whole text may take
_STREAMS = ("stdout", "stderr", "output", "text", "result")  # where tools put their text


def originals_folder() -> Path:
    """Where whole outputs are kept unless told otherwise: in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ragcompress" / "originals"


@dataclass(frozen=True, slots=True)
class Shortener:
    """``(question, text) -> shorter text``, the whole of it kept in a file that the shorter one names.

    JSON stays JSON, and names the file inside. Lines that tell a failure stay.

    Attributes:
        limit: Tokens of a text (embedded tokenizer); shorter texts stay as they are.
        folder: Where whole texts are kept, readable for the user alone; None: nowhere.
        compressor: A method's name; None: the best one installed.
    """

    limit: int
    folder: Path | None = None
    compressor: str | None = None

    def __call__(self, question: str, text: str) -> str:
        """The text within the limit, or itself."""
        size = embedded_count(text) if text.strip() else 0
        if size <= self.limit:
            return text
        where = self._keep(text)
        json_text = is_json(text)
        look = Labelled((where if json_text else "",), always=False, tool="all of it:")
        room = max(self.limit - (0 if json_text else ASIDE), self.limit // 2)
        passages = [Passage(text)]
        pruner = keeping_failures(self.compressor, passages, embedded_count, room)
        shown = compress(question, passages, TokenBudget(room, embedded_count, look), pruner).text
        if json_text and is_json(shown):
            return shown
        tokens = f"shortened from {size} to {embedded_count(shown) if shown else 0} tokens"
        return f"{shown}\n[{tokens}{f'; all of it: {where}' if where else ''}]".lstrip()

    def _keep(self, text: str) -> str:
        if self.folder is None:
            return ""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        raw = text.encode("utf-8", "replace")
        path = self.folder / f"{hashlib.sha256(raw).hexdigest()[:16]}.txt"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(raw)
        return str(path)


def answer_hook(event: Mapping[str, Any], shorten: Callable[[str, str], str], question: str = "") -> dict[str, Any]:
    """What a coding agent's hook answers after a tool was used (Claude Code's ``PostToolUse``); {} changes nothing.

    Args:
        event: As the agent wrote it: ``tool_name``, ``tool_input``, ``tool_response``, ``transcript_path``, …
        shorten: Shortens one text to what a question needs.
        question: What is asked; "" takes what the user said last, from the transcript, and the call's own arguments.
    """
    given = event.get("tool_response")
    users = [question] if question.strip() else _said(event.get("transcript_path"))
    wanted = asked(users, event.get("tool_input"), str(event.get("tool_name") or "")) or "What does it say?"
    shorter = _shortened(given, lambda text: shorten(wanted, text))
    if shorter == given:
        return {}
    answer: dict[str, Any] = {"hookEventName": "PostToolUse", "updatedToolOutput": shorter}
    if str(event.get("tool_name")).startswith("mcp__"):  # what versions before 2.1.121 read
        answer["updatedMCPToolOutput"] = shorter
    return {"hookSpecificOutput": answer}


def _shortened(given: Any, shorten: Callable[[str], str]) -> Any:
    """A tool's response of the same shape with shorter texts."""
    if isinstance(given, str | list):
        return with_texts(given, [shorten(text) for text in texts_of(given)])
    if not isinstance(given, Mapping):
        return given
    out = {**given}
    for name, value in given.items():
        if name in _STREAMS and isinstance(value, str):
            out[name] = shorten(value)
        elif name in ("content", "file") and isinstance(value, str | list | Mapping):
            inner = value
            out[name] = _file(inner, shorten) if isinstance(inner, Mapping) else _shortened(inner, shorten)
    return out


def _file(given: Mapping[str, Any], shorten: Callable[[str], str]) -> dict[str, Any]:
    content = given.get("content")
    return {**given, "content": shorten(content)} if isinstance(content, str) else {**given}


def _said(transcript: Any) -> list[str]:
    """What the user said, from a transcript of JSON lines; nothing where there is none that can be read."""
    if not isinstance(transcript, str):
        return []
    try:
        lines = Path(transcript).expanduser().read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found: list[str] = []
    for line in lines[-2000:]:
        try:
            message = json.loads(line).get("message")
        except (ValueError, AttributeError):
            continue
        if isinstance(message, Mapping) and message.get("role") == "user":
            content = message.get("content")
            texts = [content] if isinstance(content, str) else _spoken(content)
            found += [text for text in texts if text.strip()]
    return found


def _spoken(content: Any) -> list[str]:
    """The texts of a user's message that the user wrote, and not a tool."""
    blocks = content if isinstance(content, list) else []
    return texts_of([block for block in blocks if isinstance(block, Mapping) and block.get("type") == "text"])
