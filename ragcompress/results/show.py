"""Looking at a result in a terminal: kept and dropped text in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ragcompress.core.errors import require
from ragcompress.core.segment import sanitise
from ragcompress.core.types import Span

if TYPE_CHECKING:
    from ragcompress.core.context import Context
    from ragcompress.results.result import Compressed

__all__ = ["by_use", "limit_of", "merged", "name_of", "pieces", "rewritten", "rich_lines", "visible"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e0fff]")
_MARKS = re.compile(r"[\u061c\u200e\u200f\ufeff]")  # of direction and byte order: nothing is to be seen of them
_SPACE = re.compile(r"\s{2,}")
_NAMED = 10  # passages that were dropped whole and are named
_NAME = 48  # characters of each of these names
_SHOWN = 90  # characters of a long dropped stretch that a terminal shows at either end


def visible(text: str) -> str:
    """Text that is safe to print: control characters (a terminal would obey them), what turns the direction of text
    and what carries unseen letters, and lone surrogates, as ``\ufffd``.

    >>> visible("a" + chr(27) + "[2J")
    'a�[2J'
    """
    return _CONTROL.sub("\ufffd", _MARKS.sub("", sanitise(text.replace("\r\n", "\n"))))


def rich_lines(result: Compressed, *, colour: bool = True, most: int | None = None) -> Iterator[Any]:
    """Renderables for rich: a summary, then each passage with kept text bright and the rest dim.

    Args:
        result: What to show.
        colour: False where colours would be lost: dropped text is then left out and its place marked ``[…]``.
        most: About how many characters of passages to show; None for all of them.

    Raises:
        MissingExtra: rich is not installed.
    """
    text_type = require("rich.text", "cli").Text
    yield text_type.assemble(
        (f"{result.tokens_in:,} → {result.tokens_out:,} tokens", "bold"),
        f"  {result.kept_fraction:.0%} kept{limit_of(result, ', ')}",
    )
    for warning in result.warnings:
        yield text_type(f"! {visible(warning)}", style="yellow")
    for text in rewritten(result):
        yield text_type.assemble("\n", ("rewritten", "bold"), "\n", (visible(text), _KEPT))
    kept, whole = by_use(result.context)
    room = float("inf") if most is None else most
    for number, at in enumerate(kept):
        if room <= 0:
            yield text_type(f"\nand {_passages(len(kept) - number)} more with kept text: --all shows them", style="dim")
            break
        yield text_type.assemble(
            "\n",
            (f"[{at + 1}] {visible(name_of(result.context, at))}", "bold"),
            (f"  {result.passage_scores[at]:.2f}", "dim"),
        )
        tiles = (_coloured if colour else _uncoloured)(list(pieces(result, at)))
        yield _cropped(text_type.assemble(*tiles), room)
        room -= sum(len(text) for text, _ in tiles)
    if whole:
        named = [
            (name, list(same)) for name, same in groupby(whole, lambda at: _brief(name_of(result.context, at), most))
        ]
        shown = named if most is None else named[:_NAMED]
        names = " · ".join(_together(name, same) for name, same in shown)
        left = len(whole) - sum(len(same) for _, same in shown)
        rest = f" and {left:,} more" if left else ""
        yield text_type(f"\ndropped whole: {names}{rest}", style="dim")


def _brief(name: str, most: int | None) -> str:
    """A name for a list on a screen: of a long one the beginning, which is the file's, and the end, its own."""
    name, third = visible(name), _NAME // 3
    return name if most is None or len(name) <= _NAME else f"{name[:third].rstrip()}…{name[-2 * third :].lstrip()}"


def _together(name: str, same: Sequence[int]) -> str:
    """Passages of one name, that are named once.

    >>> _together("notes", [1, 2]), _together("log", range(1, 30))
    ('[2, 3] notes', '[2 … 30] log ×29')
    """
    if len(same) > 3:
        return f"[{same[0] + 1} … {same[-1] + 1}] {name} ×{len(same):,}"
    return f"[{', '.join(str(at + 1) for at in same)}] {name}"


def _cropped(text: Any, room: float) -> Any:
    if len(text) <= room + _SHOWN:
        return text
    hidden = len(text) - int(room)
    text = text[: int(room)]
    text.append(f" [… {hidden:,} characters more: --all shows them]", style="dim")
    return text


def _passages(count: int) -> str:
    return f"{count:,} passage{'s' * (count != 1)}"


def limit_of(result: Compressed, before: str, after: str = "") -> str:
    """The limit where one was given: without a budget it is as large as the passages, and says nothing."""
    return f"{before}limit {result.limit:,}{after}" if result.limit != result.tokens_in else ""


_KEPT = "#000000 on #f2cc4d"  # not "black on yellow": themes redefine those two


def _coloured(tiles: Sequence[tuple[str, bool]]) -> list[tuple[str, str]]:
    """Kept text highlighted without its outer white space, dropped text dim and short."""
    out: list[tuple[str, str]] = []
    for at, (text, is_kept) in enumerate(tiles):
        if not is_kept:
            out.append((_short(text, first=at == 0, last=at == len(tiles) - 1), "dim"))
            continue
        body = visible(text).rstrip()
        out += [(body, _KEPT), (visible(text)[len(body) :] if at < len(tiles) - 1 else "", "")]
    return out


def _short(text: str, *, first: bool, last: bool) -> str:
    """Dropped text for a terminal: its ends, those next to kept text, and how much lies between."""
    plain = _SPACE.sub(lambda blank: "\n" if blank[0].count("\n") > 1 else blank[0], visible(text))
    before, after = (0 if first else _SHOWN), (0 if last else _SHOWN)
    left, right = plain[:before].rpartition(" ")[0], plain[len(plain) - after :].partition(" ")[2] if after else ""
    hidden = len(plain) - len(left) - len(right)
    if hidden < _SHOWN:
        return plain.lstrip("\n") if first else plain.rstrip() if last else plain
    text = f"{left} [… {hidden:,} characters …] {right}"
    return text.lstrip() if first else text.rstrip() if last else text


def _uncoloured(tiles: Sequence[tuple[str, bool]]) -> list[tuple[str, str]]:
    out = []
    for at, (text, is_kept) in enumerate(tiles):
        gap = ("[…] " if at == 0 else " […]" if at == len(tiles) - 1 else " […] ") if text.strip() else ""
        out.append((visible(text).strip() if is_kept else gap, ""))
    return out


def pieces(result: Compressed, passage: int) -> Iterator[tuple[str, bool]]:
    """Tiles of one passage: (text, whether it is support of something kept)."""
    text = result.context.passages[passage].text
    position = 0
    for start, end in merged([s for segment in result.context.segments for s in segment.support], passage):
        if position < start:
            yield text[position:start], False
        yield text[start:end], True
        position = end
    if position < len(text):
        yield text[position:], False


def merged(spans: list[Span], passage: int) -> list[tuple[int, int]]:
    """Sorted, disjoint, touching ones joined."""
    result: list[tuple[int, int]] = []
    for start, end in sorted((s.start, s.end) for s in spans if s.passage == passage and s.end > s.start):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def by_use(context: Context) -> tuple[list[int], list[int]]:
    """Numbers of the passages of which something was kept, and of the others, both in the order given."""
    used = {span.passage for segment in context.segments for span in segment.support if span.end > span.start}
    numbers = range(len(context.passages))
    return [at for at in numbers if at in used], [at for at in numbers if at not in used]


def name_of(context: Context, at: int) -> str:
    passage = context.passages[at]
    return passage.title or passage.id or f"passage {at + 1}"


def rewritten(result: Compressed) -> Iterator[str]:
    """New text is shown by itself: it stands in no passage."""
    new = [segment for at, segment in enumerate(result.context.segments) if not result.context.is_verbatim(at)]
    for _, group in groupby(new, key=lambda segment: segment.support[0].passage):
        yield " ".join(segment.text.strip() for segment in group)
