"""Where the best unit does not fit with what it needs: the same said in less, with what was left out to be seen.

A clause may do without its numbered titles, which name a topic; a table is read in the columns that the question asks
about; a sentence longer than the whole budget is kept up to a clause border, if what goes limits nothing
(`ragcompress.pruners.cutting`). Where none of this makes it fit, what fits is kept, and a warning names the budget that
would do (`ragcompress.pruners.nothing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ragcompress.core.budget import TokenBudget, costs
from ragcompress.core.closing import closed, links
from ragcompress.core.context import Context
from ragcompress.core.select import best_first
from ragcompress.core.types import Segment, Span, Unit
from ragcompress.core.view import frames
from ragcompress.scorers.lexical import terms
from ragcompress.structure import parts

__all__ = ["fits_alone", "lighter"]

_NUMBERED = re.compile(
    r"\s*(?:§|art(?:icle|ikel|\.)?|section|clause|[IVXLC]+\.|\d{1,2}(?:\.\d{1,2})*\.?)\s", re.IGNORECASE
)


def _best_that_misses(context: Context, budget: TokenBudget) -> int | None:
    """The number of the best unit, where it does not fit with all that it needs; None where it does."""
    if not context.segments:
        return None
    needed = links(context)
    for_others = frames(context, needed)
    order = best_first([segment.score for segment in context.segments])
    best = next((at for at in order if at not in for_others), None)
    if best is None or context.segments[best].score is None:
        return None
    sizes = costs(context, budget)
    return best if sum(sizes[at] for at in closed([best], needed)) > budget.limit else None


def fits_alone(context: Context, at: int, budget: TokenBudget) -> bool:
    """Whether a unit is no longer than the whole budget: then it is whole or not at all."""
    return budget.count(context.segments[at].text.strip()) <= budget.limit


def lighter(context: Context, budget: TokenBudget) -> tuple[Context, int | None]:
    """``context`` with its best unit made to fit by leaving out titles or columns, where that is enough.

    Returns:
        The context, and the number of its best unit where that still does not fit.
    """
    best = _best_that_misses(context, budget)
    if best is None:
        return context, None
    for attempt in (_without_titles(context, best), _in_columns(context, best)):
        if attempt is not context and _best_that_misses(attempt, budget) is None:
            return attempt, None
    return context, best


def _without_titles(context: Context, best: int) -> Context:
    """The best unit without the need for numbered titles that hold no word of the question which it lacks."""
    unit = context.segments[best]
    kinds = {segment.support[0]: segment.kind for segment in context.segments}
    told = set(terms(unit.text))
    asked = set(terms(context.asked)) - told
    spare = {
        need
        for need in unit.needs
        if kinds.get(need) == "heading"
        and _NUMBERED.match(context.read(need))
        and asked.isdisjoint(terms(context.read(need)))
    }
    if not spare or len(told) < 6 or unit.kind in ("row", "pair", "cell"):
        return context
    freed = replace(unit, needs=tuple(need for need in unit.needs if need not in spare))
    named = ", ".join(f"{context.read(need).strip()!r}" for need in sorted(spare))
    segments = (*context.segments[:best], freed, *context.segments[best + 1 :])
    said = f"there was no room for the titles above a kept unit: {named}"
    return replace(context, segments=segments).note(said, "does-not-fit")


def _in_columns(context: Context, best: int) -> Context:
    """The best unit's table in the columns that the question asks about; all its rows, so that they stay one table."""
    unit = context.segments[best]
    headers = [s for s in context.segments if s.kind == "header" and s.support[0] in unit.needs]
    if unit.kind != "row" or len(headers) != 1:
        return context
    header = headers[0]
    columns = _asked_columns(context, header, unit)
    if columns is None:
        return context
    wanted, number = columns
    pieces: list[Segment] = []
    for segment in context.segments:
        row = segment is header or (segment.kind == "row" and header.support[0] in segment.needs)
        cells = _cells(context, segment) if row else []
        if row and len(cells) != number:
            continue
        pieces.extend(_projected(context, segment, cells, wanted, header) if row else [segment])
    said = f"a table is shown in {len(wanted)} of its {number} columns: its rows do not fit whole"
    return replace(context, segments=tuple(pieces)).note(said, "does-not-fit")


def _asked_columns(context: Context, header: Segment, row: Segment) -> tuple[list[int], int] | None:
    """The first column, those whose header or cell in the row has a word of the question, and how many there are."""
    above, below = _cells(context, header), _cells(context, row)
    if len(above) != len(below) or len(above) < 3:
        return None
    asked = set(terms(context.asked))
    named = [at for at, cell in enumerate(above) if at and not asked.isdisjoint(terms(context.read(cell)))]
    wanted = {0, *named}
    left = set(asked)
    for at, cell in enumerate(below):  # the cells that say which row it is
        found = left.intersection(terms(context.read(cell)))
        wanted |= {at} if found else set()
        left -= found
    return (sorted(wanted), len(above)) if named and len(wanted) < len(above) else None


def _cells(context: Context, segment: Segment) -> list[Span]:
    passage, start, end = segment.support[0]
    found = parts(context.passages[passage].text, Unit(start, end, (), "row"))
    return [Span(passage, part.start, part.end) for part in found if part.kind == "cell"]


def _projected(
    context: Context, segment: Segment, cells: Sequence[Span], wanted: Sequence[int], header: Segment
) -> Iterator[Segment]:
    """A row in the wanted columns: cells that need each other and the header's, the first with the row's score."""
    runs = _runs([cells[at] for at in wanted])
    above = _runs([cell for at, cell in enumerate(_cells(context, header)) if at in set(wanted)])
    other = [need for need in segment.needs if need != header.support[0]]
    for at, span in enumerate(runs):
        needs = (*other, *(above if segment is not header else ()), *(run for run in runs if run != span))
        yield replace(
            segment,
            text=context.read(span),
            support=(span,),
            needs=tuple(needs),
            score=segment.score if at == 0 else 0.0,
            part_of=segment.part_of or segment.support[0],
        )


def _runs(spans: Sequence[Span]) -> list[Span]:
    """Spans with those that touch made one."""
    found = list(spans[:1])
    for before, after in pairwise(spans):
        if before.end == after.start:
            found[-1] = found[-1]._replace(end=after.end)
        else:
            found.append(after)
    return found
