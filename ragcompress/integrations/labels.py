"""How a shortened tool result is written: by what name its original can be read again, and what a stub says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ragcompress.core.budget import Counter
from ragcompress.core.context import Context
from ragcompress.core.render import plain
from ragcompress.core.types import Passage

__all__ = ["READ_ORIGINAL", "Labelled", "is_json", "labels", "stub"]

READ_ORIGINAL = "read_original"  # the tool's name


@dataclass(frozen=True, slots=True)
class Labelled:
    """A rendering with ``[id] `` before each passage, by which the model can ask for the original.

    JSON that was cut down says it inside, so that it stays JSON.

    Attributes:
        labels: One label per passage; "" for none.
        always: Label passages that are whole too; documents are cited by their ids.
        tool: The tool by which JSON says that it can be read again.
        sizes: Tokens of each passage, said beside the label of one that is not whole; none: not said.
    """

    labels: tuple[str, ...]
    always: bool = True
    tool: str = READ_ORIGINAL
    sizes: tuple[int, ...] = ()

    def __call__(self, context: Context) -> str:
        """Blocks in segment order, parted by blank lines."""
        return "\n\n".join(body for _, body in self.bodies(context))

    def bodies(self, context: Context) -> Iterator[tuple[int, str]]:
        """The number of each passage that is shown, and what is shown of it."""
        for source, group in groupby(context.segments, key=lambda segment: segment.support[0].passage):
            body = plain(replace(context, segments=tuple(group)))
            if body:
                yield source, self._labelled(body, context.passages[source], source)

    def _labelled(self, body: str, passage: Passage, source: int) -> str:
        label, whole = self.labels[source], body == passage.text.strip()
        if not label or (not self.always and whole):
            return body
        if whole or not is_json(passage.text) or not is_json(body):
            size = f", part of {self.sizes[source]} tokens" if self.sizes and not whole else ""
            return f"[{label}{size}] {body}"
        item = f'"{self.tool} {label}"'
        told = item if body[0] == "[" else f'"…": {item}'
        between = ", " if body[1:-1].strip() else ""
        return f"{body[:-1].rstrip()}{between}{told}{body[-1]}"


def is_json(text: str) -> bool:
    """Whether the text is a JSON object or list, which a cut would break."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


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


def stub(passages: Sequence[Passage], names: Sequence[str], size: int, count: Counter, limit: int) -> str:
    """What stands for a result of which nothing is shown: what it was, how much, and how to read it.

    It is the longest of three that has at most ``limit`` tokens, else the shortest: a message is never empty.

    Args:
        passages: What the tool brought.
        names: Their labels; all "" where originals can't be read again.
        size: How many tokens they have.
        count: Counts tokens.
        limit: How many a stub should have at most.
    """
    known = [name for name in names if name]
    lead = f"[{known[0]}] " if len(known) == 1 else ""
    how = f"; {READ_ORIGINAL} shows {'it' if len(known) == 1 else 'each of: ' + ', '.join(known)}" if known else ""
    kind = "JSON" if any(is_json(passage.text) for passage in passages) else "text"
    parts = f"{len(passages)} passages, " if len(passages) > 1 else ""
    begins = " ".join(passages[0].text[:300].split()[:8]) if passages else ""
    brief = f"{lead}… ({parts}{size} tokens of {kind} not shown{how})"
    for told in (f"{brief[:-1]}; begins: {begins} …)", brief):
        if count(told) <= limit:
            return told
    return f"{lead or (f'[{known[0]}] ' if known else '')}…"
