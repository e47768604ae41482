"""A run as markdown: what was run, one table per data set, what it cost and where it fell short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from ragcompress.core.errors import InvalidInput

from .html import page
from .rows import read_header, read_rows
from .stats import Interval
from .summary import MARGIN, Cell, pareto, summarise

__all__ = ["markdown", "write_report"]

COLUMNS = (
    "budget", "compressor", "F1", "EM", "answer recall", "support recall", "support precision", "kept fraction",
    "ratio", "against full", "verdict", "against truncate", "against passages", "no-answer", "failed",
)  # fmt: skip


SUMMARIES: tuple[tuple[str, Callable[[Cell], Interval | None]], ...] = (
    ("reader F1", lambda cell: cell.f1),
    ("answer recall", lambda cell: cell.answer_recall),
    ("support recall", lambda cell: cell.support_recall),
    ("whole units", lambda cell: cell.whole_units),
    ("limiter recall", lambda cell: cell.limiter_recall),
    ("critical-fact recall", lambda cell: cell.critical_recall),
)


def write_report(folder: Path, *, margin: float = MARGIN) -> tuple[Path, Path]:
    """Write ``report.md`` and ``report.html`` into the folder of a run.

    Raises:
        InvalidInput: There are no rows.
    """
    rows = list(read_rows(folder))
    if not rows:
        raise InvalidInput(f"{folder} holds no rows; run first: python -m eval run --data FILE --out {folder}")
    header, cells = read_header(folder), summarise(rows, margin=margin)
    text, web = folder / "report.md", folder / "report.html"
    text.write_text(markdown(cells, header, margin=margin), encoding="utf-8")
    web.write_text(page(cells, rows, header, margin=margin), encoding="utf-8")
    return text, web


def markdown(cells: Sequence[Cell], header: dict[str, Any], *, margin: float = MARGIN) -> str:
    """The report as markdown."""
    parts = ["# Compression, measured", _about(header, margin)]
    for dataset, group in groupby(cells, key=lambda cell: cell.dataset):
        parts.append(_section(dataset, list(group)))
    return "\n\n".join(parts) + "\n"


def _about(header: dict[str, Any], margin: float) -> str:
    lines = [f"- command: `{command}`" for command in header.get("commands", ())]
    lines += [f"- data: {name}, sha256 `{digest[:16]}…`" for name, digest in header.get("data", {}).items()]
    lines += [
        f"- tokens counted by {header.get('tokenizer', '?')}; budgets are fractions of the full rendered context's",
        f"- reader: {header.get('reader', 'none')}; seed {header.get('seed', '?')}",
        f"- intervals: paired bootstrap, 95 %; non-inferiority margin {margin:g} against the full context",
        "- failed questions count as zero; questions whose answer is in no passage are reported apart",
        "- versions: " + ", ".join(f"{name} {found}" for name, found in header.get("versions", {}).items()),
    ]
    if used := header.get("preset"):
        lines.append(f"- preset {used['name']}: {used['paper']}. Departs from it: {used['differs']}")
    return "\n".join(lines)


def _section(dataset: str, cells: Sequence[Cell]) -> str:
    first = cells[0]
    apart = f"; {first.absent} answers in no passage, apart" if first.absent else ""
    lines = [
        f"## {dataset}",
        "",
        f"{first.questions} questions, {first.unanswerable} unanswerable{apart}.",
        "",
        *(line for name, read in SUMMARIES for line in _pivot(name, read, cells)),
        "| " + " | ".join(COLUMNS) + " |",
        "|" + "---|" * len(COLUMNS),
        *(_line(cell) for cell in cells),
        "",
        "Pareto front (tokens against quality): "
        + " → ".join(f"{cell.compressor} at {cell.kept_fraction.value:.0%}" for cell in pareto(cells)),
    ]
    return "\n".join(lines)


def _pivot(name: str, read: Callable[[Cell], Interval | None], cells: Sequence[Cell]) -> list[str]:
    """One quality at a glance, compressors by budgets, with half the width of the interval; [] when it is nowhere."""
    found = {(cell.compressor, cell.budget): value for cell in cells if (value := read(cell)) and value.size}
    if not found:
        return []
    budgets = sorted({budget for _, budget in found if budget < 1})
    names = dict.fromkeys(compressor for compressor, budget in found if budget < 1)
    best = sorted(names, key=lambda each: -sum(found[each, b].value for b in budgets if (each, b) in found))
    lines = [f"| {name} | " + " | ".join(f"{budget:.0%}" for budget in budgets) + " |", "|---|" + "---|" * len(budgets)]
    for each in best:
        values = (found.get((each, budget)) for budget in budgets)
        lines.append(f"| {each} | " + " | ".join(_brief(value) for value in values) + " |")
    return [*lines, ""]


def _brief(found: Interval | None) -> str:
    return "–" if found is None else f"{found.value:.3f} ±{(found.high - found.low) / 2:.3f}"


def _line(cell: Cell) -> str:
    values = (
        f"{cell.budget:.0%}",
        cell.compressor,
        _show(cell.f1),
        _plain(cell.em),
        _show(cell.answer_recall),
        _plain(cell.support_recall),
        _plain(cell.support_precision),
        f"{cell.kept_fraction.value:.3f}",
        f"{cell.compression_ratio.value:.1f}×",
        _signed(cell.against_full),
        cell.verdict,
        _signed(cell.against_truncate),
        _signed(cell.against_passages),
        _plain(cell.no_answer),
        str(cell.failures),
    )
    return "| " + " | ".join(values) + " |"


def _show(found: Interval | None) -> str:
    return "–" if found is None or not found.size else str(found)


def _plain(found: Interval | None) -> str:
    return "–" if found is None or not found.size else f"{found.value:.3f}"


def _signed(found: Interval | None) -> str:
    if found is None or not found.size:
        return "–"
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
