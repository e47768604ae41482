"""Which units of a passage were kept, and which of them only because another one needs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ragcompress.core.context import Context

__all__ = ["Use", "drawn"]

Use = Literal["kept", "needed", "gone"]


def drawn(context: Context, passage: int) -> Iterator[tuple[str, Use]]:
    """The text of passage number ``passage`` unit by unit; text between kept units is one piece.

    Returns:
        ``(text, use)`` in reading order, tiling the passage: ``"needed"`` is a kept unit that another kept one names
        among its needs, such as a table's header or a heading.
    """
    text = context.passages[passage].text
    spans = sorted(
        {(span.start, span.end) for segment in context.segments for span in segment.support if span.passage == passage}
    )
    needs = {need[1:] for segment in context.segments for need in segment.needs if need.passage == passage}
    position = 0
    for start, end in spans:
        if end <= position:
            continue
        if position < start:
            yield text[position:start], "gone"
        yield text[max(start, position) : end], "needed" if (start, end) in needs else "kept"
        position = end
    if position < len(text):
        yield text[position:], "gone"
