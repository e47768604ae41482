"""Looking at a result: kept and dropped text in place, as HTML and in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Any

from ragcompress.errors import require
from ragcompress.result import Compressed
from ragcompress.segment import sanitise
from ragcompress.types import Span

__all__ = ["fragment", "page", "pieces", "rich_lines"]

_STYLE = """
.rc{--keep:#fff1a8;--ink:#1c1c1a;--fade:#8b8b86;--line:#dddcd6;--paper:#fff;color:var(--ink);background:var(--paper);
font:15px/1.6 system-ui,sans-serif;max-width:52rem;margin:0 auto;padding:1rem}
.rc h1{font-size:1.15rem;margin:.2rem 0 .6rem}.rc h2{font-size:.95rem;margin:1.2rem 0 .3rem;display:flex;gap:.6rem}
.rc .n{color:var(--fade);font-weight:400;font-variant-numeric:tabular-nums}
.rc .bar{height:.5rem;background:var(--line);border-radius:.25rem;overflow:hidden;margin:.4rem 0}
.rc .bar i{display:block;height:100%;background:#e0a800}
.rc p{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0;color:var(--fade)}
.rc mark{background:var(--keep);color:var(--ink);border-radius:.2rem;padding:.05rem .1rem}
.rc .warn{border-left:3px solid #d33;padding:.2rem .7rem;color:var(--ink)}
@media(prefers-color-scheme:dark){.rc{--keep:#5c4b00;--ink:#ececea;--fade:#8f8f8a;--line:#3a3a37;--paper:#191918}
body{background:#191918}}
"""


def page(result: Compressed) -> str:
    """One self-contained HTML page; no scripts, nothing fetched."""
    title = escape(sanitise(result.context.query))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><body>{fragment(result)}</body></html>'
    )


def fragment(result: Compressed) -> str:
    """The same for a notebook cell."""
    context = result.context
    kept = f"{result.kept_fraction:.0%}"
    parts = [
        f'<style>{_STYLE}</style><div class="rc"><h1>{escape(sanitise(context.query))}</h1>',
        f'<div class="n">{result.tokens_in:,} → {result.tokens_out:,} tokens · {kept} kept · '
        f"limit {result.limit:,} · {escape(result.method)}</div>",
        f'<div class="bar"><i style="width:{min(result.kept_fraction, 1):.1%}"></i></div>',
        *(f'<p class="warn">{escape(warning)}</p>' for warning in result.warnings),
        *_rewritten(result),
    ]
    for at, passage in enumerate(context.passages):
        name = escape(sanitise(passage.title or passage.id or f"passage {at + 1}"))
        parts.append(f'<h2>{name}<span class="n">[{at + 1}] {result.passage_scores[at]:.2f}</span></h2><p>')
        for text, is_kept in pieces(result, at):
            body = escape(sanitise(text))
            parts.append(f"<mark>{body}</mark>" if is_kept else body)
        parts.append("</p>")
    return "".join([*parts, "</div>"])


def rich_lines(result: Compressed) -> Iterator[Any]:
    """Renderables for rich: a summary, then each passage with kept text bright and the rest dim.

    Raises:
        MissingExtra: rich is not installed.
    """
    text_type = require("rich.text", "cli").Text
    yield text_type.assemble(
        (f"{result.tokens_in:,} → {result.tokens_out:,} tokens", "bold"),
        f"  {result.kept_fraction:.0%} kept, limit {result.limit:,}",
    )
    for warning in result.warnings:
        yield text_type(f"! {warning}", style="yellow")
    for at, passage in enumerate(result.context.passages):
        tiles = list(pieces(result, at))
        name = sanitise(passage.title or passage.id or f"passage {at + 1}")
        if not any(is_kept for _, is_kept in tiles):
            yield text_type(f"\n[{at + 1}] {name}: dropped whole ({len(passage.text):,} characters)", style="dim")
            continue
        yield text_type.assemble("\n", (f"[{at + 1}] {name}", "bold"), (f"  {result.passage_scores[at]:.2f}", "dim"))
        body = [(sanitise(text), "black on yellow" if is_kept else "dim") for text, is_kept in tiles]
        yield text_type.assemble(*body)


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


def _rewritten(result: Compressed) -> Iterator[str]:
    """New text is shown by itself: it stands in no passage."""
    new = [(at, s.text) for at, s in enumerate(result.context.segments) if not result.context.is_verbatim(at)]
    for _, group in groupby(new, key=lambda pair: result.context.segments[pair[0]].support[0].passage):
        yield f"<h2>Rewritten</h2><p><mark>{escape(sanitise(' '.join(text for _, text in group)))}</mark></p>"
