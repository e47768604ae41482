"""An answer from a context, its citations checked against what was sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ragcompress.core.context import Context
from ragcompress.generators.chat import OnText, Reply, as_chat
from ragcompress.generators.prompting import Prompt

__all__ = ["Grounded", "ask", "sent"]

_CITED = re.compile(r"\[\s*(\d+(?:\s*[,;]\s*\d+)*)\s*\]")
_ABSTAINED = re.compile(
    r"\W*(the answer is |it is |this is )?(not (stated |given |mentioned |found )?in the (context|passages)"
    r"|unanswerable|i do(n't| not) know|the (passages|context) do(es)? not|none of the passages)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Grounded:
    """An answer and what it says it rests on.

    Attributes:
        text: The answer without its citations; "" when the model abstained.
        citations: Numbers of the passages it cites and that were sent, from 1, as ``context.passages[n - 1]``.
        unsent: Numbers it cites that were not sent: made up.
        abstained: Whether it says that the passages do not answer.
        reply: What the model said in full, with tokens and times.
    """

    text: str
    citations: tuple[int, ...]
    unsent: tuple[int, ...]
    abstained: bool
    reply: Reply

    @property
    def short(self) -> str:
        """The answer's first line without a full stop: what exact match is judged by."""
        return (self.text.splitlines() or [""])[0].strip().rstrip(".").strip()

    @classmethod
    def of(cls, reply: Reply, numbers: Sequence[int]) -> Grounded:
        """Read a reply; ``numbers`` are those of the passages that were in the prompt.

        >>> said = Grounded.of(Reply("In 1843 [1, 7]."), [1, 2])
        >>> said.text, said.citations, said.unsent
        ('In 1843.', (1,), (7,))
        """
        found = [int(one) for group in _CITED.findall(reply.text) for one in re.split(r"[,;]", group)]
        named = tuple(dict.fromkeys(found))
        bare = re.sub(r"(?<!\s)\s++([.,;])", r"\1", _CITED.sub("", reply.text)).strip()
        abstained = not bare or bool(_ABSTAINED.match(bare))
        return cls(
            text="" if abstained else bare,
            citations=tuple(one for one in named if one in numbers),
            unsent=tuple(one for one in named if one not in numbers),
            abstained=abstained,
            reply=reply,
        )


def ask(chat: Any, context: Context, *, prompt: Prompt | None = None, on_text: OnText | None = None) -> Grounded:
    """Answer a context's question from its kept segments.

    Args:
        chat: A `Chat`, a LangChain model, or any ``prompt -> completion``.
        context: Compressed or whole; an empty one is an abstention, and the model is not asked.
        prompt: How to put it; `Prompt()` when None.
        on_text: Sees the text as it comes.

    Raises:
        ModelError: The model can't answer.
    """
    prompt = prompt or Prompt()
    rendered = prompt.render(context)
    if not rendered:
        return Grounded("", (), (), True, Reply(""))
    return Grounded.of(as_chat(chat).reply(prompt.messages(context.query, rendered), on_text), sent(context))


def sent(context: Context) -> list[int]:
    """Numbers of the passages of which something is kept, from 1."""
    return sorted({span.passage + 1 for segment in context.segments for span in segment.support})
