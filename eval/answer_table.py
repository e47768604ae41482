"""The table of a run with a language model: what each context leads to, against the full one, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from .answers import AnswerRow
from .prices import Price, dollars
from .stats import Interval, difference, mean_interval, verdict

__all__ = ["against", "answer_table"]

FULL = "full"


def answer_table(rows: Iterable[AnswerRow], prices: Mapping[str, Price], *, margin: float = 0.01) -> str:
    """Markdown: per data set one line for each context, best first among equals as they were run."""
    parts = []
    by_set: dict[str, dict[str, dict[str, AnswerRow]]] = {}
    for row in rows:
        by_set.setdefault(row.dataset, {}).setdefault(row.context, {})[row.id] = row
    for dataset, contexts in by_set.items():
        parts.append("\n".join([f"## {dataset}", "", *_head(prices), *_lines(contexts, prices, margin)]))
    return "\n\n".join(parts) + "\n"


def against(
    ours: Mapping[str, AnswerRow], theirs: Mapping[str, AnswerRow], *, margin: float
) -> tuple[Interval, str] | None:
    """Right answers, ours minus theirs, on the questions that both have; None when there is none."""
    both = [name for name in ours if name in theirs]
    if not both:
        return None
    gain = difference([ours[name].contained for name in both], [theirs[name].contained for name in both])
    return gain, verdict(gain, margin=margin)


def _head(prices: Mapping[str, Price]) -> list[str]:
    names = [
        "context", "questions", "answer in it", "right", "EM", "F1", "abstains", "cites gold", "prompt tokens",
        "first text, s", "whole, s", *(f"$ per 1,000, {name}" for name in prices), "right, against full", "verdict",
    ]  # fmt: skip
    return ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]


def _lines(contexts: Mapping[str, Mapping[str, AnswerRow]], prices: Mapping[str, Price], margin: float) -> list[str]:
    whole = contexts.get(FULL, {})
    lines = []
    for name, rows in contexts.items():
        gain = None if name == FULL else against(rows, whole, margin=margin)
        cells = [name, *_cells(list(rows.values())), *(f"{dollars(rows.values(), p):.3f}" for p in prices.values())]
        cells += ["–", "–"] if gain is None else [f"{_points(gain[0])} of {gain[0].size}", gain[1]]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _cells(rows: Sequence[AnswerRow]) -> list[str]:
    answerable = [row for row in rows if row.answers]
    cited = [row.cited_gold for row in answerable if row.cited_gold is not None]
    right = mean_interval([row.contained for row in rows])
    failed = sum(row.error is not None for row in rows)
    return [
        f"{len(rows)}" + (f" ({failed} failed)" if failed else ""),
        _share([row.kept for row in answerable]),
        f"{100 * right.value:.1f} [{100 * right.low:.1f}, {100 * right.high:.1f}]",
        _share([row.em for row in rows]),
        _share([row.f1 for row in rows]),
        _share([float(row.abstained) for row in rows]),
        _share(cited),
        f"{sum(row.prompt_tokens for row in rows) / max(len(rows), 1):,.0f}",
        f"{median(row.compress_s + row.first_s for row in rows):.2f}",
        f"{median(row.compress_s + row.seconds for row in rows):.2f}",
    ]


def _share(values: Sequence[float]) -> str:
    return f"{100 * sum(values) / len(values):.1f}" if values else "–"


def _points(gain: Interval) -> str:
    return f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
