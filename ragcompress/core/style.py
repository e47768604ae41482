"""How a context is written out: passages as blocks, in segment order, with every omission to be seen.

A `Style` is a rendering, and a plain function of a context is one too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from ragcompress.core.clock import hurried
from ragcompress.core.closing import named_by_title
from ragcompress.core.context import Context
from ragcompress.core.json_out import changed, in_json, json_changes
from ragcompress.core.segment import sanitise
from ragcompress.core.types import Segment

__all__ = ["MARK", "Style", "marked", "numbered", "plain", "titled"]

MARK = "…"
_UNSPACED = ("。", "！", "？")  # after these no space is written
_ENDED = re.compile(r"""[.!?。！？…।։؟]["'”’»)\]」*_`]*$""")
_PROSE = frozenset({"", "sentence", "clause"})


@dataclass(frozen=True, slots=True)
class Style:
    """A rendering: passages as blocks, in segment order.

    Attributes:
        numbers: Put ``[n]`` before each block, n being the passage's number from 1.
        titles: Put the passage's title before its text.
        gap: What stands where text between two kept segments went; "" means a line break where lines went, a space
            after a full stop, and else " … ". What went inside a unit is shown by "…" in every style.
    """

    numbers: bool = False
    titles: bool = False
    gap: str = ""

    def __call__(self, context: Context) -> str:
        """Render ``context``; no segments give ``""``."""
        blocks = []
        for source, group in groupby(context.segments, key=lambda segment: segment.support[0].passage):
            segments = list(group)
            body = self._join(context, segments)
            if body:
                blocks.append(self._heading(context, source, segments) + body)
        return "\n\n".join(blocks)

    def _heading(self, context: Context, source: int, segments: Sequence[Segment]) -> str:
        shown = self.titles or _needs_title(context, segments)
        title = context.passages[source].title.strip() if shown else ""
        number = f"[{source + 1}] " if self.numbers else ""
        return f"{number}{title}\n" if title else number

    def _join(self, context: Context, segments: Sequence[Segment]) -> str:
        parts = [MARK + " " if segments and _begins_inside(segments[0]) else ""]
        for before, segment, text in zip([None, *segments], segments, _texts(context, segments), strict=False):
            if before is not None and not _touch(before, segment):
                parts[-1] = parts[-1].rstrip()
                parts.append(_break(context, before, segment, self.gap))
                parts.append(text.lstrip())
            else:
                parts.append(text)
        body = "".join(parts).strip()
        return f"{body} {MARK}" if body and _ends_inside(segments[-1]) else body


plain = Style()
titled = Style(titles=True)
numbered = Style(numbers=True, titles=True)
marked = Style(numbers=True, titles=True, gap=" […] ")


def _texts(context: Context, segments: Sequence[Segment]) -> list[str]:
    """The segments' texts, with what JSON needs to stay JSON where some of it went."""
    whole = context.passages[segments[0].support[0].passage].text
    spans = [segment.support[0][1:] for segment in segments]
    in_order = all(before[1] <= after[0] for before, after in pairwise(spans))
    verbatim = all(len(s.support) == 1 and s.text == whole[a:b] for s, (a, b) in zip(segments, spans, strict=True))
    units = [segment.part_of[1:] for segment in segments if segment.part_of is not None]
    changes = json_changes(whole, spans, units) if in_order and verbatim and not hurried() else {}
    return [changed(whole, span, changes) for span in spans] if changes else [segment.text for segment in segments]


def _touch(before: Segment, after: Segment) -> bool:
    return before.support[-1].passage == after.support[0].passage and before.support[-1].end == after.support[0].start


def _break(context: Context, before: Segment, after: Segment, gap: str) -> str:
    """What parts two kept pieces of one passage: a line break where lines went, else a space, or "…" in a line."""
    last, first = before.support[-1], after.support[0]
    inside = _ends_inside(before) or _begins_inside(after)
    source = context.passages[last.passage].text
    in_order = last.passage == first.passage and last.end <= first.start
    broken = not in_order or "\n" in sanitise(source[max(last.end - 1, 0) : first.start])
    if in_order and not hurried() and in_json(source, first.start):
        return "\n" if broken else "" if before.text.rstrip()[-1:] in ("[", "{") else " "
    if gap:
        return gap
    if inside:
        ends = f" {MARK}" * (_ends_inside(before) and before.part_of != after.part_of)
        begins = f"{MARK} " * _begins_inside(after)
        return f"{ends}\n{begins}" if broken and (ends or begins) else f" {MARK} "
    left, right = before.text.rstrip(), after.text.lstrip()
    plain_space = (before.lossy and after.lossy) or _ENDED.search(left) or not left
    if broken and (plain_space or not (right[:1].islower() and {before.kind, after.kind} <= _PROSE)):
        return "\n"
    if plain_space and left.endswith(_UNSPACED):
        return ""
    return " " if plain_space else f" {MARK} "


def _begins_inside(segment: Segment) -> bool:
    return segment.part_of is not None and segment.support[0].start > segment.part_of.start


def _ends_inside(segment: Segment) -> bool:
    return segment.part_of is not None and segment.support[-1].end < segment.part_of.end


def _needs_title(context: Context, segments: Sequence[Segment]) -> bool:
    """Whether the title must stand there, because it says what a segment needs and no kept segment does."""
    kept = [span for segment in segments for span in segment.support]
    return any(
        named_by_title(context, segment, need)
        and not any(span.start <= need.start < span.end or need.start <= span.start < need.end for span in kept)
        for segment in segments
        for need in segment.needs
    )
