"""What the reader sees: windows of tokens over the kept text, each token with its place in a passage.

Blocks (the kept text of one passage) share a window while they fit; a longer block is read in windows that overlap.
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
    """Token ids ``[CLS] question [SEP] context [SEP]``; ``places`` are those of the context's tokens."""

    ids: tuple[int, ...]
    context_from: int
    places: tuple[Place, ...]


_Token = tuple[int, Place]


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
    return [
        Window((*head, *(token for token, _ in part), sep), len(head), tuple(place for _, place in part))
        for part in _parts([_tokens(context, block, tokenizer) for block in _blocks(context)])
    ]


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


def _parts(blocks: Sequence[list[_Token]]) -> Iterator[list[_Token]]:
    """Blocks together while they fit a window; a block that is too long alone, in windows that overlap."""
    together: list[_Token] = []
    for block in blocks:
        if len(together) + len(block) <= CONTEXT_TOKENS:
            together += block
            continue
        if together:
            yield together
        together = []
        if len(block) <= CONTEXT_TOKENS:
            together = list(block)
        else:
            yield from _overlapping(block)
    if together:
        yield together


def _overlapping(block: Sequence[_Token]) -> Iterator[list[_Token]]:
    count = -(-(len(block) - OVERLAP) // (CONTEXT_TOKENS - OVERLAP))  # evenly spread, so that no rest is tiny
    step = (len(block) - CONTEXT_TOKENS) / (count - 1)
    for at in range(count):
        start = round(at * step)
        yield list(block[start : start + CONTEXT_TOKENS])
