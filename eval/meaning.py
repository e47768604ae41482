"""Whether what is kept can be believed: units whole and with their needs, limiting words kept, critical facts kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ragcompress.core.closing import named_by_title
from ragcompress.core.context import Context
from ragcompress.core.limiters import find_limiters
from ragcompress.core.types import Segment, Span, Unit
from ragcompress.structure import units

__all__ = ["critical_recall", "limiter_recall", "whole_units"]

_MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*"
_FACT = re.compile(
    rf"""https?://\S+ | [\w.+-]+@[\w-]+\.\w[\w.]*          # addresses
      | v?\d+(?:\.\d+){{2,}}                               # versions
      | \b(?=[\w-]*\d)(?=[\w-]*[A-Z])[A-Z\d][\w-]*\d[\w-]*        # identifiers
      | \d{{1,2}}\.?\ {_MONTHS}(?:\ \d{{4}})? | {_MONTHS}\ \d{{1,2}}(?:,\ \d{{4}})?    # dates
      | [€$£]\ ?\d[\d.,]* | \d[\d.,:/-]*\ ?(?:%|[^\W\d_]{{1,12}})?    # numbers with what they count
    """,
    re.VERBOSE,
)  # fmt: skip


def whole_units(context: Context) -> float | None:
    """The share of the units that something was kept of which are whole and have what they need; None: nothing kept.

    A need counts as met where the passage's title names it, or where it is the heading over the whole passage.
    """
    kept = _kept(context)
    touched = whole = 0
    for passage, spans in kept.items():
        read = units(context.passages[passage].text)
        for unit in read:
            if not any(a < unit.end and unit.start < b for a, b in spans):
                continue
            touched += 1
            whole += _covered(context, passage, (unit.start, unit.end), spans) and all(
                _covered(context, passage, need, spans) or _is_title(context, passage, unit, need, read)
                for need in unit.needs
            )
    return whole / touched if touched else None


def limiter_recall(context: Context) -> float | None:
    """Of the limiting words of the units that something was kept of, the share that is kept; None: there are none."""
    found = held = 0
    for passage, spans in _kept(context).items():
        text = context.passages[passage].text
        for unit in units(text):
            if any(a < unit.end and unit.start < b for a, b in spans):
                for start, end in find_limiters(text[unit.start : unit.end]):
                    found += 1
                    held += any(a <= unit.start + start and unit.start + end <= b for a, b in spans)
    return held / found if found else None


def critical_recall(context: Context, gold: Sequence[Span]) -> float | None:
    """Of the gold text's numbers with units, dates, identifiers, versions and addresses, the share that is kept."""
    kept = _kept(context)
    facts = list(_facts(context, gold))
    held = sum(
        any(a <= fact.start and fact.end <= b for a, b in kept.get(fact.passage, ())) for fact in facts
    )  # fmt: skip
    return held / len(facts) if facts else None


def _facts(context: Context, gold: Sequence[Span]) -> Iterator[Span]:
    for span in dict.fromkeys(gold):
        for match in _FACT.finditer(context.read(span)):
            end = len(match.group().rstrip(" .,:;/-"))
            if end:
                yield Span(span.passage, span.start + match.start(), span.start + match.start() + end)


def _kept(context: Context) -> dict[int, list[tuple[int, int]]]:
    """By passage the kept stretches, touching ones as one."""
    found: dict[int, list[tuple[int, int]]] = {}
    for passage, start, end in sorted(span for segment in context.segments for span in segment.support):
        own = found.setdefault(passage, [])
        if own and start <= own[-1][1]:
            own[-1] = (own[-1][0], max(own[-1][1], end))
        else:
            own.append((start, end))
    return found


def _covered(context: Context, passage: int, stretch: tuple[int, int], spans: Sequence[tuple[int, int]]) -> bool:
    """Whether all of a stretch but white space at its ends is kept."""
    text = context.passages[passage].text[stretch[0] : stretch[1]]
    start = stretch[0] + len(text) - len(text.lstrip())
    end = stretch[0] + len(text.rstrip())
    return start >= end or any(a <= start and end <= b for a, b in spans)


def _is_title(context: Context, passage: int, unit: Unit, need: tuple[int, int], read: Sequence[Unit]) -> bool:
    segment = Segment(context.passages[passage].text[unit.start : unit.end], (Span(passage, unit.start, unit.end),))
    if named_by_title(context, segment, Span(passage, *need)):
        return True
    first = read[0]
    return first.kind == "heading" and need == (first.start, first.end) and all(need in each.needs for each in read[1:])
