"""From what readers found to units that tile the text, with needs that are units and closed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ragcompress.core.closing import closed
from ragcompress.core.types import Unit
from ragcompress.structure.lines import Span

__all__ = ["finish"]

MOST_NEEDS = 24  # units that one need may cover: a larger bundle fits no budget


def finish(text: str, found: Sequence[Unit]) -> list[Unit]:
    """``found`` as units that tile ``text``: blank ones join the one before, gaps close, needs are whole units.

    Args:
        text: The text that was read.
        found: Units in the order of their starts; those that begin inside the one before are left out.

    Returns:
        Units of which each need is another unit's ``(start, end)``, and the needs of a need are listed too.
    """
    kept: list[Unit] = []
    for unit in found:
        if unit.start >= unit.end or (kept and unit.start < kept[-1].end and unit.end <= kept[-1].end):
            continue
        if not text[unit.start : unit.end].strip() and kept:
            continue
        if kept and not text[kept[-1].start : unit.start].strip():
            kept[-1] = unit  # blanks at the very start belong to the first unit that has text
        else:
            kept.append(unit)
    if not kept:
        return [Unit(0, len(text))] if text else []
    starts = [0, *(unit.start for unit in kept[1:]), len(text)]
    tiles = [Unit(starts[at], starts[at + 1], unit.needs, unit.kind) for at, unit in enumerate(kept)]
    return _closed(tiles, starts)


def _closed(tiles: Sequence[Unit], starts: Sequence[int]) -> list[Unit]:
    """The same units with needs moved to unit borders and the needs of needs added."""
    direct: dict[tuple[Span, ...], tuple[int, ...]] = {(): ()}
    known: dict[tuple[int, ...], tuple[int, ...]] = {(): ()}
    owners: list[tuple[int, ...]] = []
    for tile in tiles:
        if tile.needs not in direct:
            direct[tile.needs] = _numbers(tile.needs, starts)
        owners.append(direct[tile.needs])
    result: list[Unit] = []
    for at, tile in enumerate(tiles):
        wanted = owners[at]
        if wanted not in known:
            known[wanted] = tuple(sorted(closed(wanted, owners)))  # readers bound how long a chain gets
        needs = tuple((tiles[n].start, tiles[n].end) for n in known[wanted] if n != at)
        result.append(Unit(tile.start, tile.end, needs, tile.kind))
    return result


def _numbers(needs: Sequence[Span], starts: Sequence[int]) -> tuple[int, ...]:
    """Numbers of the units that some spans overlap."""
    found: set[int] = set()
    for start, end in needs:
        first = bisect_right(starts, start) - 1
        last = max(bisect_right(starts, end - 1) - 1, first)
        found.update(range(max(first, 0), min(last + 1, len(starts) - 1, first + MOST_NEEDS)))
    return tuple(sorted(found))
