"""A run as one self-contained HTML page: curves, sortable tables, and the questions that fared worst."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from html import escape as _escape
from importlib import resources
from itertools import groupby, pairwise
from typing import Any

from ragcompress.core.errors import InvalidInput
from ragcompress.results.show import visible

from .chart import curve
from .datasets import find, load
from .questions import Question
from .rows import Row
from .run import FULL
from .stats import Interval
from .summary import Cell, quality

__all__ = ["page"]


def escape(text: str) -> str:
    """Text for HTML, with control characters and direction marks made visible."""
    return _escape(visible(text))


SHOWN = 40  # questions per data set; the page stays small enough to mail
HEADINGS = (
    "budget", "compressor", "F1", "EM", "answer recall", "support recall", "support precision", "kept fraction",
    "ratio", "against full", "verdict", "no-answer", "failed", "ms",
)  # fmt: skip


def page(cells: Sequence[Cell], rows: Sequence[Row], header: dict[str, Any], *, margin: float) -> str:
    """The whole page; passages are read again from the data files named in the header, where they still exist."""
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    script = resources.files(__package__).joinpath("page.js").read_text(encoding="utf-8")
    body = [f"<h1>Compression, measured</h1>{_about(header, margin)}"]
    for dataset, group in groupby(cells, key=lambda cell: cell.dataset):
        own = list(group)
        body.append(f"<section><h2>{escape(dataset)}</h2>{curve(own)}{_table(own)}")
        body.append(_regressions(dataset, rows, header.get("paths", {}).get(dataset)))
        body.append("</section>")
    known = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{known}'; base-uri 'none'"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>Compression, measured</title><style>{style}</style><main>{''.join(body)}</main>"
        f"<script>{script}</script></html>"
    )


def _about(header: dict[str, Any], margin: float) -> str:
    facts = {
        "commands": header.get("commands", []),
        "data (sha256)": header.get("data", {}),
        "reader": header.get("reader"),
        "tokenizer": header.get("tokenizer"),
        "seed": header.get("seed"),
        "versions": header.get("versions", {}),
        "non-inferiority margin": margin,
    }
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    return (
        "<p>Intervals are 95 %, paired bootstrap. Failed questions count as zero. Questions whose answer is in no "
        "passage are left out of the qualities. The oracle knows the supporting sentences and not the answers, so a "
        "method may keep more answers than it does.</p>"
        f"<details><summary>How this was made</summary><pre>{escape(text)}"
        "</pre></details>"
    )


def _table(cells: Sequence[Cell]) -> str:
    lines = [_line(cell) for cell in cells]
    used = [at for at in range(len(HEADINGS)) if any(line[at][0] != "" for line in lines)]
    head = "".join(f'<th><button type="button">{escape(HEADINGS[at])}</button></th>' for at in used)
    body = "".join(
        "<tr>" + "".join(f'<td data-value="{escape(str(line[at][0]))}">{line[at][1]}</td>' for at in used) + "</tr>"
        for line in lines
    )
    return f"<table class=sortable><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _line(cell: Cell) -> list[tuple[float | str, str]]:
    """Value to sort by and text to show, per heading; an empty value means that there is none."""
    gain = cell.against_full
    return [
        (cell.budget, f"{cell.budget:.0%}"),
        (cell.compressor, escape(cell.compressor)),
        _shown(cell.f1),
        _shown(cell.em),
        _shown(cell.answer_recall),
        _shown(cell.support_recall),
        _shown(cell.support_precision),
        (cell.kept_fraction.value, f"{cell.kept_fraction.value:.3f}"),
        (cell.compression_ratio.value, f"{cell.compression_ratio.value:.1f}×"),
        _shown(gain, sign="+"),
        (cell.verdict, escape(cell.verdict)),
        _shown(cell.no_answer),
        (cell.failures, str(cell.failures)),
        (cell.seconds, f"{cell.seconds * 1000:.0f}"),
    ]


def _shown(found: Interval | None, *, sign: str = "") -> tuple[float | str, str]:
    if found is None or not found.size:
        return "", "–"
    interval = f"<small>[{found.low:{sign}.3f}, {found.high:{sign}.3f}]</small>"
    return found.value, f"{found.value:{sign}.3f} {interval}"


def _regressions(dataset: str, rows: Sequence[Row], path: str | None) -> str:
    """The questions that lose most against the full context, worst first, with kept and dropped text."""
    own = [row for row in rows if row.dataset == dataset]
    full = {row.id: row for row in own if row.compressor == FULL}
    judged = [r for r in own if r.compressor not in (FULL, "oracle", "truncate", "passages", "random", "lead")]
    losses = [(quality(row) - quality(full[row.id]), row) for row in judged if row.id in full]
    losses.sort(key=lambda pair: (pair[0], pair[1].id, pair[1].compressor, pair[1].budget))
    questions = _questions(path)
    parts = []
    for loss, row in losses[:SHOWN]:
        if row.id in questions:
            parts.append(_question(loss, row, full[row.id], questions[row.id]))
    if not parts:
        return ""
    return f"<h3>Questions, worst regression against the full context first</h3>{''.join(parts)}"


def _questions(path: str | None) -> dict[str, Question]:
    if path is None:
        return {}
    try:
        return {question.id: question for question in load(find(path))}
    except (InvalidInput, OSError):
        return {}  # the data is elsewhere now: the tables stand without the texts


def _question(loss: float, row: Row, full: Row, question: Question) -> str:
    answers = ", ".join(map(escape, question.answers)) or "(unanswerable)"
    facts = f"{escape(row.compressor)} at {row.budget:.0%}, {row.tokens_out} of {row.tokens_in} tokens"
    sides = ""
    if row.prediction is not None:
        sides = (
            "<div class=sides>"
            f"<div><b>full context</b> {escape(full.prediction or '–')} <small>F1 {full.f1 or 0:.2f}</small></div>"
            f"<div><b>compressed</b> {escape(row.prediction or '–')} <small>F1 {row.f1 or 0:.2f}</small></div></div>"
        )
    failure = f"<p class=error>{escape(row.error)}</p>" if row.error else ""
    texts = "".join(_passage(at, row, question) for at in range(len(question.passages)))
    return (
        f"<details class=question><summary><span class=loss>{loss:+.2f}</span> {escape(question.question)} "
        f"<small>{facts}</small></summary><p>right: {answers}</p>{failure}{sides}{texts}</details>"
    )


def _passage(at: int, row: Row, question: Question) -> str:
    """One passage, dropped text grey, kept text plain, gold text underlined."""
    text = question.passages[at].text
    kept = [(span.start, span.end) for span in row.kept if span.passage == at]
    gold = [(span.start, span.end) for span in question.support if span.passage == at]
    cuts = sorted({0, len(text), *(border for pair in kept + gold for border in pair)})
    parts = []
    for start, end in pairwise(cuts):
        names = ["kept" if _inside(start, kept) else "dropped"] + (["gold"] if _inside(start, gold) else [])
        parts.append(f'<span class="{" ".join(names)}">{escape(text[start:end])}</span>')
    title = escape(question.passages[at].title)
    return f"<p class=passage><b>[{at + 1}] {title}</b> {''.join(parts)}</p>"


def _inside(at: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in ranges)
