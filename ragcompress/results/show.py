"""Looking at a result: kept and dropped text in place, as HTML and in a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ragcompress.core.errors import require
from ragcompress.core.segment import sanitise
from ragcompress.core.types import Span
from ragcompress.results.drawn import Use, drawn

if TYPE_CHECKING:
    from ragcompress.results.result import Compressed

__all__ = ["fragment", "page", "pages", "pieces", "rich_lines", "visible"]

_STYLE = """
.rc{--keep:#fff1a8;--ink:#1c1c1a;--fade:#767671;--line:#dddcd6;--paper:#fff;color:var(--ink);background:var(--paper);
font:15px/1.6 system-ui,sans-serif;max-width:52rem;margin:0 auto;padding:1rem}
.rc h1{font-size:1.15rem;line-height:1.35;margin:.2rem 0 .5rem}
.rc h2{font-size:.95rem;margin:1.1rem 0 .25rem;display:flex;gap:.5rem;align-items:baseline}
.rc .n{color:var(--fade);font-weight:400;font-size:.85rem;font-variant-numeric:tabular-nums}
.rc h2 .n:last-child{margin-left:auto}
.rc .bar{height:.5rem;background:var(--line);border-radius:.25rem;overflow:hidden;margin:.5rem 0}
.rc .bar i{display:block;height:100%;background:#e0a800}
.rc p{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0;color:var(--fade)}
.rc mark{background:var(--keep);color:var(--ink);border-radius:.2rem;padding:.05rem .1rem;
-webkit-box-decoration-break:clone;box-decoration-break:clone}
.rc mark.need{background:none;box-shadow:inset 0 -2px var(--keep)}
.rc .say{border-left:3px solid #e0a800;padding:.1rem .7rem;color:var(--ink)}
.rc .warn{border-left:3px solid #d33;padding:.1rem .7rem;color:var(--ink)}
.rc details{margin:.5rem 0 0;border-top:1px solid var(--line);padding-top:.4rem}
.rc summary{color:var(--fade);cursor:pointer;font-size:.9rem}.rc+.rc{border-top:1px solid var(--line);margin-top:1.5rem}
@media(prefers-color-scheme:dark){.rc{--keep:#5c4b00;--ink:#ececea;--fade:#94948f;--line:#3a3a37;--paper:#191918}
body{background:#191918}}
"""
_HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SPACE = re.compile(r"\s*\n\s*\n\s*")
_NAMED = 10  # passages that were dropped whole and are named
_SHOWN = 90  # characters of a long dropped stretch that a terminal shows at either end


def page(result: Compressed) -> str:
    """One self-contained HTML page; no scripts, nothing fetched."""
    return pages(result.context.query, [(result, "")])


def pages(title: str, results: Iterable[tuple[Compressed, str]]) -> str:
    """One self-contained HTML page with several results, each with a remark (such as the answer) or ``""``."""
    body = "".join(_body(result, remark) for result, remark in results)
    return f'<!doctype html><html lang="en"><head>{_HEAD}<title>{_html(title)}</title>' + (
        f"<style>body{{margin:0}}{_STYLE}</style></head><body>{body}</body></html>"
    )


def fragment(result: Compressed) -> str:
    """The same for a notebook cell."""
    return f"<style>{_STYLE}</style>{_body(result)}"


def visible(text: str) -> str:
    """Text that is safe to print: control characters (a terminal would obey them) and lone surrogates as ``\ufffd``.

    >>> visible("a" + chr(27) + "[2J")
    'a�[2J'
    """
    return _CONTROL.sub("\ufffd", sanitise(text.replace("\r\n", "\n")))


def _html(text: str) -> str:
    return escape(visible(text))


def _body(result: Compressed, remark: str = "") -> str:
    kept, whole = _by_use(result)
    method = f'<span title="{_html(result.method)}">{_html(_short_name(result.method))}</span>'
    parts = [
        f'<div class="rc"><h1>{_html(result.context.query)}</h1>',
        f'<div class="n">{result.tokens_in:,} → {result.tokens_out:,} tokens · {result.kept_fraction:.0%} kept · '
        f"{_limit(result, '', ' · ')}{method}</div>",
        f'<div class="bar"><i style="width:{min(result.kept_fraction, 1):.1%}"></i></div>',
        f'<p class="say">{_html(remark)}</p>' if remark else "",
        *(f'<p class="warn">{_html(warning)}</p>' for warning in result.warnings),
        *(f"<h2>Rewritten</h2><p><mark>{_html(text)}</mark></p>" for text in _rewritten(result)),
        *(_passage(result, at) for at in kept),
    ]
    if whole:
        count = f"{len(whole)} passage{'s' * (len(whole) > 1)} dropped whole"
        parts += [f"<details><summary>{count}</summary>", *(_passage(result, at) for at in whole), "</details>"]
    return "".join([*parts, "</div>"])


def _passage(result: Compressed, at: int) -> str:
    heading = f'<span class="n">[{at + 1}]</span>{_html(_name(result, at))}'
    tiles = "".join(_html(text) if use == "gone" else _mark(text, use) for text, use in drawn(result, at))
    return f'<h2>{heading}<span class="n">{result.passage_scores[at]:.2f}</span></h2><p>{tiles}</p>'


def _mark(text: str, use: Use) -> str:
    """A kept unit highlighted without the white space after it; paler where another unit needs it."""
    body = text.rstrip()
    tag = '<mark class="need" title="needed by what is kept">' if use == "needed" else "<mark>"
    return f"{tag}{_html(body)}</mark>{_html(text[len(body) :])}" if body else _html(text)


def _short_name(method: str) -> str:
    """``SentencePruner(…)`` for a long repr: all of it is in the tooltip and in ``to_dict``."""
    return method if len(method) <= 60 else f"{method.partition('(')[0]}(…)"


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
        f"  {result.kept_fraction:.0%} kept{_limit(result, ', ')}",
    )
    for warning in result.warnings:
        yield text_type(f"! {visible(warning)}", style="yellow")
    for text in _rewritten(result):
        yield text_type.assemble("\n", ("rewritten", "bold"), "\n", (visible(text), _KEPT))
    kept, whole = _by_use(result)
    room = float("inf") if most is None else most
    for number, at in enumerate(kept):
        if room <= 0:
            yield text_type(f"\nand {_passages(len(kept) - number)} more with kept text: --all shows them", style="dim")
            break
        yield text_type.assemble(
            "\n", (f"[{at + 1}] {visible(_name(result, at))}", "bold"), (f"  {result.passage_scores[at]:.2f}", "dim")
        )
        tiles = (_coloured if colour else _uncoloured)(list(pieces(result, at)))
        yield _cropped(text_type.assemble(*tiles), room)
        room -= sum(len(text) for text, _ in tiles)
    if whole:
        shown = whole if most is None else whole[:_NAMED]
        names = " · ".join(f"[{at + 1}] {visible(_name(result, at))}" for at in shown)
        rest = f" and {len(whole) - len(shown):,} more" if len(whole) > len(shown) else ""
        yield text_type(f"\ndropped whole: {names}{rest}", style="dim")


def _cropped(text: Any, room: float) -> Any:
    if len(text) <= room + _SHOWN:
        return text
    hidden = len(text) - int(room)
    text = text[: int(room)]
    text.append(f" [… {hidden:,} characters more: --all shows them]", style="dim")
    return text


def _passages(count: int) -> str:
    return f"{count:,} passage{'s' * (count != 1)}"


def _limit(result: Compressed, before: str, after: str = "") -> str:
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
    plain = _SPACE.sub("\n", visible(text))
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
    for start, end in _merged([s for segment in result.context.segments for s in segment.support], passage):
        if position < start:
            yield text[position:start], False
        yield text[start:end], True
        position = end
    if position < len(text):
        yield text[position:], False


def _merged(spans: list[Span], passage: int) -> list[tuple[int, int]]:
    """Sorted, disjoint, touching ones joined."""
    result: list[tuple[int, int]] = []
    for start, end in sorted((s.start, s.end) for s in spans if s.passage == passage and s.end > s.start):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _by_use(result: Compressed) -> tuple[list[int], list[int]]:
    """Numbers of the passages of which something was kept, and of the others, both in the order given."""
    used = {span.passage for segment in result.context.segments for span in segment.support if span.end > span.start}
    numbers = range(len(result.context.passages))
    return [at for at in numbers if at in used], [at for at in numbers if at not in used]


def _name(result: Compressed, at: int) -> str:
    passage = result.context.passages[at]
    return passage.title or passage.id or f"passage {at + 1}"


def _rewritten(result: Compressed) -> Iterator[str]:
    """New text is shown by itself: it stands in no passage."""
    new = [segment for at, segment in enumerate(result.context.segments) if not result.context.is_verbatim(at)]
    for _, group in groupby(new, key=lambda segment: segment.support[0].passage):
        yield " ".join(segment.text.strip() for segment in group)
