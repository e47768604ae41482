"""Laws 6 and 7, on meaning: what a kept unit needs is kept, and nothing is joined to a sentence that nobody wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ragcompress.core.closing import named_by_title
from ragcompress.core.context import Context
from ragcompress.core.json_out import in_json
from ragcompress.core.style import marked
from ragcompress.core.types import Segment, Span

__all__ = ["closed_under_needs", "never_joined"]

EDGE = 24  # characters on either side of a seam that are looked for in the rendering
_ENDED = re.compile(r"""[.!?。！？…।։።؟]["'”’»)\]」*_`]*$""")
_PROSE = frozenset({"", "sentence", "clause"})
_GAP = marked.gap.strip()
_IN_LINE = r"[ \t]*"
_IN_PARAGRAPH = r"[^\S\n]*\n?[^\S\n]*"  # an empty line parts sentences: behind it stands another passage, say
_WALL = "\ue000"  # stands for a shown gap while seams are looked for, so that a gap's own bracket is no text


def closed_under_needs(given: Context, out: Context) -> str:
    """What kept units lack of their needs, or which unit of ``given`` is broken without a word; "" if nothing is wrong.

    A need that ``given`` did not hold any more, or that the passage's title meets, is not asked for. Text that says
    that words went from it (`Segment.lossy`) is not judged, and a part is right where it names its unit.
    """
    kept, there = _Held(out), _Held(given)
    units = {s.support[0]: s for s in given.segments if s.kind and len(s.support) == 1}
    for at, segment in enumerate(out.segments):
        if segment.lossy or not out.is_verbatim(at):
            continue
        for need in segment.needs:
            if there.holds(need) and not kept.holds(need) and not named_by_title(out, segment, need):
                return f"{segment.text[:80]!r} is kept without {out.read(need)[:80]!r}, which it needs"
        own = segment.support[0]
        around = [unit for unit in units if unit != own and _inside(own, unit) and segment.part_of is None]
        if around and not kept.holds(around[0]):
            return f"{segment.text[:80]!r} is a part of {out.read(around[0])[:80]!r} and does not say so"
    return ""


def never_joined(out: Context, text: str) -> str:
    """Which two kept pieces ``text`` shows as one sentence though text between them went; "" if none."""
    pairs = [(before, after, _edges(before, after)) for before, after in pairwise(out.segments)]
    shown = _walled(text)
    said = {edges for before, after, edges in pairs if before.lossy and after.lossy}  # of text that says words went
    for before, after, edges in pairs:
        if edges in said or not _parted(out, before, after):
            continue
        left, right = edges
        if not left or _ENDED.search(left) or in_json(out.passages[after.support[0].passage].text, after.support[0][1]):
            continue
        breaks = "" if right[:1].islower() and {before.kind, after.kind} <= _PROSE else "\n"
        seam = re.compile(re.escape(left) + (_IN_LINE if breaks else _IN_PARAGRAPH) + re.escape(right))
        if seam.search(shown) and not any(seam.search(_walled(passage.text)) for passage in out.passages):
            return f"{left!r} and {right!r} stand there as one sentence, and what was between them went"
    return ""


def _edges(before: Segment, after: Segment) -> tuple[str, str]:
    return _walled(before.text.rstrip())[-EDGE:], _walled(after.text.lstrip())[:EDGE]


def _walled(text: str) -> str:
    return text.replace(_GAP, _WALL)


def _parted(out: Context, before: Segment, after: Segment) -> bool:
    """Whether text of one passage stood between two segments that stand in its order."""
    last, first = before.support[-1], after.support[0]
    if last.passage != first.passage or last.end > first.start:
        return False
    return bool(out.read(Span(last.passage, last.end, first.start)).strip())


def _inside(span: Span, unit: Span) -> bool:
    return span.passage == unit.passage and unit.start <= span.start and span.end <= unit.end


class _Held:
    """Which stretches of the passages a context's segments hold."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.spans = sorted(span for segment in context.segments for span in segment.support)

    def holds(self, need: Span) -> bool:
        """Whether nothing but white space of ``need`` is missing."""
        return not any(self.context.read(gap).strip() for gap in self._gaps(need))

    def _gaps(self, need: Span) -> Iterator[Span]:
        at = need.start
        for span in self.spans:
            if span.passage == need.passage and span.end > at and span.start < need.end:
                if span.start > at:
                    yield Span(need.passage, at, span.start)
                at = max(at, span.end)
        if at < need.end:
            yield Span(need.passage, at, need.end)
