"""Reading again what was shortened: the tool ``read_original`` of the agent middleware."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from langchain.tools import ToolRuntime, tool

from ragcompress.facade import compress
from ragcompress.integrations.labels import READ_ORIGINAL
from ragcompress.integrations.langchain.toolresults import messages_of, originals

__all__ = ["find_original", "part_of", "read_original", "read_part"]

PAGE = 12_000  # characters of an original that are read at once
ANSWER = 1_500  # tokens that come when an original is read for a question


def find_original(messages: Iterable[Any], name: str) -> tuple[str, str]:
    """The id and text of the original with this id, or whose id is the only one that begins so.

    Where there is none, the id is "" and the text a hint for the model.
    """
    known = originals(messages)
    wanted = name.strip().removeprefix(READ_ORIGINAL).strip(" []\"'()")
    wanted = wanted if wanted in known else wanted.partition(",")[0].strip()  # the size may stand behind it
    near = [wanted] if wanted in known else [full for full in known if wanted and full.startswith(wanted)]
    if len(near) == 1:
        return near[0], known[near[0]]
    listed = ", ".join((near or list(known))[-20:]) or "none"
    return "", f"No single passage has the id {wanted!r}. Ids: {listed}"


def read_part(messages: Iterable[Any], name: str, question: str = "", start: int = 0) -> str:
    """What `read_original` answers; where no single text has that name, a hint for the model."""
    full, text = find_original(messages, name)
    return part_of(text, full, question, start) if full else text


def part_of(text: str, name: str, question: str = "", start: int = 0) -> str:
    """A text from ``start`` on, a page of it, or what a question needs of it."""
    start = max(start, 0)
    if len(text) <= PAGE and not start:
        return text
    if question.strip():
        return compress(question, [text], ANSWER).text or f"Nothing of it fits; read {name!r} from start=0."
    stop = min(start + PAGE, len(text))
    line = text.rfind("\n", start + PAGE // 2, stop) + 1
    stop = line if line and stop < len(text) else stop
    more = f"\n[… {len(text)} characters in all; {name!r} with start={stop} goes on]"
    return text[start:stop] + (more if stop < len(text) else "")


def _read_original(id: str, runtime: ToolRuntime, question: str = "", start: int = 0) -> str:
    """Read the full text of a passage that is shown shortened.

    Pass the id in [brackets] before it, or the one that shortened JSON names. Long texts come in pages: go on with
    `start`, or give a `question` to get what answers it.
    """
    return read_part(messages_of(runtime.state), id, question, start)


read_original = tool(READ_ORIGINAL)(_read_original)
