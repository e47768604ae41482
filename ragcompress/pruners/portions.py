"""Units longer than the whole budget, read as smaller units of their kind; what goes inside them is marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ragcompress.core.budget import TokenBudget, costs
from ragcompress.core.context import Context
from ragcompress.core.protocols import Segmenter
from ragcompress.core.types import Segment, Span, Unit
from ragcompress.structure import parts

__all__ = ["read_units"]

DEEPEST = 4  # a record of members of sentences of clauses


def read_units(context: Context, segmenter: Segmenter, budget: TokenBudget) -> Context:
    """`Context.split`, with each unit that alone costs more than the budget read in parts.

    A part names its unit in `Segment.part_of`, so that renderings show "…" where the rest went, and needs what says
    whose part it is: the signature, the first cell, the first sentence. Sentences are never read in clauses: the ones
    that go may limit the one that stays (see ``cut="marked"`` in `LabellingPruner`).
    """
    split = context.split(segmenter)
    for _ in range(DEEPEST):
        sizes = costs(split, budget)
        pieces: list[Segment] = []
        for at, (segment, size) in enumerate(zip(split.segments, sizes, strict=True)):
            too_long = size > budget.limit and segment.kind and split.is_verbatim(at)
            pieces.extend(_parts(split, segment) if too_long else [segment])
        if len(pieces) == len(split.segments):
            break
        split = replace(split, segments=tuple(pieces))
    return split


def _parts(context: Context, segment: Segment) -> Iterator[Segment]:
    passage, start, end = segment.support[0]
    unit = Unit(start, end, tuple((need.start, need.end) for need in segment.needs), segment.kind)
    found = parts(context.passages[passage].text, unit)
    if len(found) < 2 or found[0].kind == "clause":
        yield segment
        return
    for part in found:
        span = Span(passage, part.start, part.end)
        needs = tuple(Span(passage, *need) for need in part.needs)
        whole = segment.part_of or segment.support[0]
        yield replace(segment, text=context.read(span), support=(span,), needs=needs, part_of=whole, kind=part.kind)
