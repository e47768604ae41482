"""Text too long to be read closely: the pages of it that share most words with the query.

A page is a window of a few thousand characters. It is read by itself, but for a table whose header stands at the very
beginning of its passage: its rows are read under that header wherever they stand, and bring it along.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ragcompress.core.clock import ticking
from ragcompress.core.context import Context
from ragcompress.core.segment import chunks
from ragcompress.core.select import best_first, top_under
from ragcompress.core.types import Segment, Span
from ragcompress.scorers import LexicalScorer
from ragcompress.structure import units

__all__ = ["UNREAD", "readable_part"]

UNREAD = "too few words in common with the query"
MOST = 2_000_000  # characters that are read closely, whatever they are
CLOSELY = 1_000_000  # and of what is longer
HEAD = 4_000  # characters at the beginning of a passage in which a header is looked for


def readable_part(context: Context, most: int = MOST, closely: int = CLOSELY) -> Context:
    """Of a context that would take minutes to cut into sentences, the pages that share most words with the query.

    Args:
        context: As it was given.
        most: Characters up to which all of it is read.
        closely: Characters that are read of a longer one.
    """
    size = sum(len(segment.text) for segment in context.segments)
    if size <= most:
        return context
    pages = context.split(chunks)
    scores = LexicalScorer().of_texts(context.asked, ([page.text] for page in ticking(pages.segments)))
    best = top_under(best_first(scores), [len(page.text) for page in pages.segments], closely)
    heads = _heads(pages, best)
    first = [at for at, page in enumerate(pages.segments) if page.support[0][:2] in {(owner, 0) for owner in heads}]
    kept = pages.keep({*best, *first}, UNREAD)
    segments = tuple(unit for page in ticking(kept.segments) for unit in _rows(kept, page, heads))
    reason = f"only the {closely:,} of {size:,} characters that share most words with the query were read closely"
    return replace(kept, segments=segments).note(reason, "size")


def _heads(pages: Context, chosen: list[int]) -> dict[int, int]:
    """By the number of each passage that some pages were chosen of, where the header ends that it begins with."""
    heads = {}
    for owner in sorted({pages.segments[at].support[0].passage for at in chosen}):
        end = 0
        for unit in units(pages.passages[owner].text[:HEAD]):
            if unit.kind not in ("header", "rule"):
                break
            end = unit.end
        if end:
            heads[owner] = end
    return heads


def _rows(pages: Context, page: Segment, heads: dict[int, int]) -> Iterator[Segment]:
    """A page as units that were read under the header of its passage; as it is where none stands above it."""
    owner, start, _ = page.support[0]
    head = heads.get(owner, 0)
    read = units(pages.passages[owner].text[:head] + page.text) if 0 < head <= start else []
    if not any(unit.end == head for unit in read):
        yield page
        return
    shift = start - head
    for unit in read:
        if unit.start >= head:
            span = Span(owner, unit.start + shift, unit.end + shift)
            needs = [(a, b) if b <= head else (a + shift, b + shift) for a, b in unit.needs]
            own = tuple(Span(owner, *need) for need in needs)
            yield replace(page, text=pages.read(span), support=(span,), needs=own, kind=unit.kind)
