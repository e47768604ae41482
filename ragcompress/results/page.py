"""Looking at a result, a context or a passage as HTML: self-contained, without scripts, nothing fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING

from ragcompress.results.drawn import Use, drawn
from ragcompress.results.show import by_use, limit_of, name_of, rewritten, visible
from ragcompress.structure import units

if TYPE_CHECKING:
    from ragcompress.core.context import Context
    from ragcompress.core.types import Passage
    from ragcompress.results.result import Compressed

__all__ = ["context_fragment", "fragment", "page", "pages", "passage_fragment"]

_STYLE = """
.rc{--keep:#fff1a8;--ink:#1c1c1a;--fade:#767671;--line:#dddcd6;--paper:#fff;color:var(--ink);background:var(--paper);
font:15px/1.6 system-ui,sans-serif;max-width:52rem;margin:0 auto;padding:1rem;box-sizing:border-box}
.rc h1{font-size:1.15rem;line-height:1.35;margin:.2rem 0 .5rem}
.rc h2{font-size:.95rem;margin:1.1rem 0 .25rem;display:flex;gap:.5rem;align-items:baseline}
.rc .n{color:var(--fade);font-weight:400;font-size:.85rem;font-variant-numeric:tabular-nums}
.rc h2 .n:last-child{margin-left:auto}
.rc .bar{height:.5rem;background:var(--line);border-radius:.25rem;overflow:hidden;margin:.5rem 0}
.rc .bar i{display:block;height:100%;background:#e0a800}
.rc p,.rc pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0;color:var(--fade)}
.rc pre{font:13px/1.5 ui-monospace,monospace}.rc table{border-collapse:collapse}
.rc td,.rc th{text-align:left;padding:.2rem .9rem .2rem 0;border-bottom:1px solid var(--line)}
.rc .fold{display:inline;margin:0;border:0;padding:0}.rc .fold summary{display:inline;font-size:.8rem}
.rc mark{background:var(--keep);color:var(--ink);border-radius:.2rem;padding:.05rem 0;
-webkit-box-decoration-break:clone;box-decoration-break:clone}
.rc mark.need{background:none;box-shadow:inset 0 -2px var(--keep)}
.rc .say{border-left:3px solid #e0a800;padding:.1rem .7rem;color:var(--ink)}
.rc .warn{border-left:3px solid #d33;padding:.1rem .7rem;color:var(--ink)}
.rc details{margin:.5rem 0 0;border-top:1px solid var(--line);padding-top:.4rem}
.rc summary{color:var(--fade);cursor:pointer;font-size:.9rem}.rc+.rc{border-top:1px solid var(--line);margin-top:1.5rem}
@media(max-width:480px){.rc{padding:.6rem;font-size:14px}.rc pre{font-size:11px}}
"""
_DARK = """
@media(prefers-color-scheme:dark){.rc{--keep:#5c4b00;--ink:#ececea;--fade:#94948f;--line:#3a3a37;--paper:#191918}
body{background:#191918}}
"""
_NOTEBOOK = """
.rc{--paper:transparent;--ink:var(--jp-ui-font-color1,var(--vscode-editor-foreground,#1c1c1a));
--fade:var(--jp-ui-font-color2,var(--vscode-descriptionForeground,#767671));--line:var(--jp-border-color2,#dddcd6)}
[data-jp-theme-light=false] .rc,.vscode-dark .rc{--keep:#5c4b00}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_HEAD = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
)


def page(result: Compressed) -> str:
    """One self-contained HTML page; no scripts, nothing fetched."""
    return pages(result.context.query, [(result, "")])


def pages(title: str, results: Iterable[tuple[Compressed, str]], closing: str = "") -> str:
    """One self-contained HTML page with several results, each with a remark (such as the answer) or ``""``.

    ``closing`` is HTML that ends the page.
    """
    given = list(results)
    heading = f'<div class="rc top"><h1>{_html(title)}</h1></div>' if len(given) > 1 else ""
    body = heading + "".join(_body(result, remark) for result, remark in given) + closing
    return f'<!doctype html><html lang="en"><head>{_HEAD}<title>{_html(title)}</title>' + (
        f"<style>body{{margin:0}}{_STYLE}{_DARK}</style></head><body>{body}</body></html>"
    )


def fragment(result: Compressed) -> str:
    """The same for a notebook cell, in the notebook's own theme."""
    return f"<style>{_STYLE}{_NOTEBOOK}</style>{_body(result)}"


def _html(text: str) -> str:
    return escape(visible(text))


def _body(result: Compressed, remark: str = "") -> str:
    kept, whole = by_use(result.context)
    method = f'<span title="{_html(result.method)}">{_html(_short_name(result.method))}</span>'
    parts = [
        f'<div class="rc"><h1>{_html(result.context.query)}</h1>',
        f'<div class="n">{result.tokens_in:,} → {result.tokens_out:,} tokens · {result.kept_fraction:.0%} kept · '
        f"{limit_of(result, '', ' · ')}{method}</div>",
        f'<div class="bar"><i style="width:{min(result.kept_fraction, 1):.1%}"></i></div>',
        f'<p class="say">{_html(remark)}</p>' if remark else "",
        *(f'<p class="warn">{_html(warning)}</p>' for warning in result.warnings),
        *(f"<h2>Rewritten</h2><p><mark>{_html(text)}</mark></p>" for text in rewritten(result)),
        *(_passage(result, at) for at in kept),
    ]
    parts += _unused(len(whole), "dropped whole", (_passage(result, at) for at in whole))
    return "".join([*parts, "</div>"])


def _passage(result: Compressed, at: int) -> str:
    heading = f'<span class="n">[{at + 1}]</span>{_html(name_of(result.context, at))}'
    return f'<h2>{heading}<span class="n">{result.passage_scores[at]:.2f}</span></h2>{_drawn(result.context, at)}'


def _drawn(context: Context, at: int) -> str:
    """A passage with what was kept highlighted; code, logs and tables in a fixed width."""
    found = list(drawn(context, at))
    last = len(found) - 1
    tiles = "".join(
        _folded(text, first=number == 0, last=number == last) if use == "gone" else _mark(text, use)
        for number, (text, use) in enumerate(found)
    )
    return _framed(context.passages[at].text, tiles)


def _framed(text: str, tiles: str) -> str:
    tag = "pre" if _is_fixed(text) else "p"
    return f"<{tag}>{tiles}</{tag}>"


_FLOWING = {"sentence", "heading", "item", "quote", "turn", "question", "answer", "time", "cue", "pair"}
_LOOKED_AT = 4000  # characters of a passage


def _is_fixed(text: str) -> bool:
    """Whether a passage is code, a log or a table, which want a fixed width: most of it is no prose."""
    text = text[:_LOOKED_AT]
    if sum(unit.end - unit.start for unit in units(text) if unit.kind not in _FLOWING) > len(text) / 2:
        return True
    lines = [line for line in text.splitlines() if line.strip()]
    odd = sum(line.startswith((" ", "\t", "|", "{", "}", "[")) or line.rstrip()[-1] in "{};,|)]" for line in lines)
    return len(lines) >= 4 and odd > len(lines) / 2


_FOLD = 500  # characters of dropped text between highlights that are shown; of more, the ends are
_END = 160


def _folded(text: str, *, first: bool, last: bool) -> str:
    """Dropped text; a long stretch shows what lies beside highlights, and opens at a click."""
    if len(text) <= _FOLD or (first and last):
        return _html(text)
    start, end = (0 if first else _END), (len(text) if last else len(text) - _END)
    start = max(text.rfind(" ", 0, start), text.rfind("\n", 0, start)) + 1 or start  # no word is cut, if it can be
    end = min((at for at in (text.find(" ", end), text.find("\n", end)) if at >= 0), default=end)
    fold = (
        f'<details class="fold"><summary>[… {end - start:,} characters …]</summary>{_html(text[start:end])}</details>'
    )
    return _html(text[:start]) + fold + _html(text[end:])


def _mark(text: str, use: Use = "kept") -> str:
    """Kept text highlighted, blank lines and the white space around it left out; paler where another unit needs it."""
    parts = re.split(r"(\n[ \t]*\n\s*)", text)
    return "".join(_html(part) if not part.strip() else _lit(part, use) for part in parts)


def _lit(text: str, use: Use) -> str:
    left, right = len(text) - len(text.lstrip()), len(text.rstrip())
    tag = '<mark class="need" title="needed by what is kept">' if use == "needed" else "<mark>"
    return f"{_html(text[:left])}{tag}{_html(text[left:right])}</mark>{_html(text[right:])}"


def _short_name(method: str) -> str:
    """``SentencePruner(…)`` for a long repr: all of it is in the tooltip and in ``to_dict``."""
    return method if len(method) <= 60 else f"{method.partition('(')[0]}(…)"


def passage_fragment(passage: Passage) -> str:
    """A passage for a notebook cell: its title, its id and its text."""
    heading = f'{_html(passage.title or "passage")} <span class="n">{_html(passage.id)}</span>'
    return _cell(f"<h2>{heading}</h2>{_framed(passage.text, _html(passage.text))}")


def context_fragment(context: Context) -> str:
    """A context for a notebook cell: its question, and each passage with the text of its segments highlighted."""
    kept, whole = by_use(context)
    body = [f"<h1>{_html(context.query)}</h1>", *(_named(context, at) for at in kept)]
    return _cell("".join([*body, *_unused(len(whole), "without a segment", (_named(context, at) for at in whole))]))


def _named(context: Context, at: int) -> str:
    return f"<h2>{_html(name_of(context, at))}</h2>{_drawn(context, at)}"


def _unused(count: int, what: str, shown: Iterable[str]) -> Iterator[str]:
    """Passages of which nothing is kept, behind a click."""
    if count:
        yield f"<details><summary>{count} passage{'s' * (count > 1)} {what}</summary>{''.join(shown)}</details>"


def _cell(body: str) -> str:
    """What a notebook shows; with its own styles, for cells are deleted and run again one by one."""
    return f'<style>{_STYLE}{_NOTEBOOK}</style><div class="rc">{body}</div>'
