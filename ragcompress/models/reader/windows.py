"""What the reader sees: windows of tokens over the kept text, each token with its place in a passage.

Each block (the kept text of one passage) is read under its passage's title: a sentence cut out of its passage often
says "he" or "the line" of what the title names. Blocks are read one by one, as the reader was trained, and again with
as many as fit side by side, for questions whose evidence lies in two. A long block is read in windows that overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ragcompress.core.context import Context
from ragcompress.core.segment import sanitise

__all__ = ["CONTEXT_TOKENS", "Place", "Window", "windows"]

CONTEXT_TOKENS = 240  # what the reader was trained with
OVERLAP = 80
QUESTION_TOKENS = 64
TITLE_TOKENS = 24


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token stands.

    Attributes:
        stretch: Number of the first segment of its unbroken piece of text; an answer never leaves a stretch.
        passage: Number of its passage.
        start: First character: in the passage, or, of rewritten text, in the segment.
        end: One past the last.
        verbatim: Whether the offsets count in the passage.
    """

    stretch: int
    passage: int
    start: int
    end: int
    verbatim: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Token ids ``[CLS] question [SEP] context [SEP]``.

    Attributes:
        ids: All of them.
        context_from: Where the context begins.
        places: Of the context's tokens; None for those of titles, where no answer lies.
    """

    ids: tuple[int, ...]
    context_from: int
    places: tuple[Place | None, ...]


_Token = tuple[int, Place | None]


def windows(question: str, context: Context, tokenizer: Any) -> list[Window]:
    """Windows over the kept segments of ``context``, in order.

    Args:
        question: Cut to `QUESTION_TOKENS`.
        context: Its segments are read; text of one passage that follows on is one stretch.
        tokenizer: A ``tokenizers.Tokenizer`` without truncation.
    """
    cls, sep = tokenizer.encode("", add_special_tokens=True).ids
    asked = tokenizer.encode(sanitise(question), add_special_tokens=False).ids[:QUESTION_TOKENS]
    head = (cls, *asked, sep)
    blocks = [_tokens(context, block, tokenizer) for block in _blocks(context)]
    titles = [_title(context, block, tokenizer) for block in blocks]
    alone = [part for title, block in zip(titles, blocks, strict=True) for part in _parts(title, block)]
    parts = [*alone, *_together(alone)]
    made = ((*head, *(token for token, _ in part), sep) for part in parts)
    found = (Window(ids, len(head), tuple(place for _, place in part)) for ids, part in zip(made, parts, strict=True))
    return list(dict.fromkeys(found))


def _title(context: Context, block: Sequence[_Token], tokenizer: Any) -> list[_Token]:
    """The passage's title as a sentence; nothing where the block begins with it."""
    first = block[0][1] if block else None
    if first is None:
        return []
    passage = context.passages[first.passage]
    title = sanitise(passage.title.strip())
    if not title or (first.verbatim and passage.text[first.start :].startswith(title)):
        return []
    return [(token, None) for token in tokenizer.encode(f"{title}.", add_special_tokens=False).ids[:TITLE_TOKENS]]


def _blocks(context: Context) -> Iterator[list[list[int]]]:
    """Per run of segments of one passage: its stretches, as lists of segment numbers."""
    numbers = range(len(context.segments))
    for _, group in groupby(numbers, key=lambda at: context.segments[at].support[0].passage):
        stretches: list[list[int]] = []
        for at in group:
            follows = (
                stretches
                and context.is_verbatim(at)
                and context.is_verbatim(stretches[-1][-1])
                and context.segments[stretches[-1][-1]].support[0].end == context.segments[at].support[0].start
            )
            if follows:
                stretches[-1].append(at)
            else:
                stretches.append([at])
        yield stretches


def _tokens(context: Context, stretches: Sequence[Sequence[int]], tokenizer: Any) -> list[_Token]:
    result: list[_Token] = []
    for numbers in stretches:
        first, last = context.segments[numbers[0]], context.segments[numbers[-1]]
        passage, verbatim = first.support[0].passage, context.is_verbatim(numbers[0])
        base = first.support[0].start if verbatim else 0
        text = context.passages[passage].text[base : last.support[0].end] if verbatim else first.text
        coded = tokenizer.encode(sanitise(text), add_special_tokens=False)
        for token, (start, end) in zip(coded.ids, coded.offsets, strict=True):
            result.append((token, Place(numbers[0], passage, base + start, base + end, verbatim)))
    return result


def _parts(title: list[_Token], block: list[_Token]) -> Iterator[list[_Token]]:
    """Title and block, or windows of the block that overlap and are evenly spread, so that no rest is tiny."""
    room = CONTEXT_TOKENS - len(title)
    if len(block) <= room:
        if block:
            yield [*title, *block]
        return
    count = -(-(len(block) - OVERLAP) // (room - OVERLAP))
    step = (len(block) - room) / (count - 1)
    for at in range(count):
        start = round(at * step)
        yield [*title, *block[start : start + room]]


def _together(parts: Sequence[list[_Token]]) -> Iterator[list[_Token]]:
    """Parts side by side, as many as fit."""
    row: list[_Token] = []
    for part in parts:
        if len(row) + len(part) > CONTEXT_TOKENS:
            yield row
            row = []
        row = [*row, *part]
    if row:
        yield row
