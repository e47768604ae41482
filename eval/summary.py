"""From rows to table cells: one cell per data set, compressor and budget, with intervals and verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .rows import Row
from .run import FULL
from .stats import Interval, difference, mean_interval, ratio_interval, verdict

__all__ = ["MARGIN", "Cell", "group", "pareto", "quality", "summarise"]

SLACK = 1.02
MARGIN = 0.01
Group = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of the results table. Qualities are over answerable questions whose answer stands in the passages.

    Attributes:
        dataset: Name of the data set.
        compressor: Name of the method.
        budget: Fraction of the tokens allowed.
        questions: All questions of the group, failures included.
        failures: Of them, how many failed; each counts as zero.
        absent: Answerable questions whose answer stands in no passage; they count in nothing but ``absent_f1``.
        unanswerable: Questions without an answer.
        answer_recall: Share whose kept text holds an answer.
        support_recall: Mean share of the gold text kept.
        support_precision: Mean share of the kept text that is gold.
        whole_units: Mean share of the touched units that are whole and have what they need.
        limiter_recall: Mean share of their limiting words that were kept.
        critical_recall: Mean share of the gold text's numbers, dates, identifiers and addresses kept.
        em: Exact match of the reader; None without one.
        f1: Token F1 of the reader.
        absent_f1: F1 on the questions reported apart.
        no_answer: Share of the unanswerable on which the reader abstains.
        kept_fraction: Mean of tokens out over tokens in.
        compression_ratio: Tokens in over tokens out, over totals.
        chars_kept: Characters out over in, over totals, as papers count.
        against_full: Quality minus that of the full context, paired; F1 with a reader, else answer recall.
        verdict: Of that difference, for the margin.
        against_truncate: Quality minus truncation's at the same budget.
        against_passages: Quality minus that of whole top passages at the same budget.
        seconds: Mean time of the compressor, caches shared.
    """

    dataset: str
    compressor: str
    budget: float
    questions: int
    failures: int
    absent: int
    unanswerable: int
    answer_recall: Interval
    support_recall: Interval
    support_precision: Interval
    whole_units: Interval
    limiter_recall: Interval
    critical_recall: Interval
    em: Interval | None
    f1: Interval | None
    absent_f1: Interval | None
    no_answer: Interval | None
    kept_fraction: Interval
    compression_ratio: Interval
    chars_kept: Interval
    against_full: Interval | None
    verdict: str
    against_truncate: Interval | None
    against_passages: Interval | None
    seconds: float


def quality(row: Row) -> float:
    """F1 where a reader answered, else answer recall."""
    return row.answer_recall if row.f1 is None else row.f1


def group(rows: Iterable[Row]) -> dict[Group, dict[str, Row]]:
    """Rows by data set, compressor and budget, then by question."""
    result: dict[Group, dict[str, Row]] = {}
    for row in rows:
        result.setdefault((row.dataset, row.compressor, row.budget), {})[row.id] = row
    return result


def summarise(rows: Iterable[Row], *, margin: float = MARGIN) -> list[Cell]:
    """One cell per group, in the order of data set, budget, quality (best first)."""
    groups = group(rows)
    cells = [_cell(key, groups, margin) for key in groups]
    return sorted(cells, key=lambda c: (c.dataset, -c.budget, -_value(c), c.compressor))


def pareto(cells: Sequence[Cell]) -> list[Cell]:
    """The cells of one data set that no other beats in quality with as few tokens (bounds excluded), by kept fraction.

    Budgets are filled to within a sentence, so a little less is no merit: up to `SLACK` more counts as as few.
    """
    candidates = sorted(
        (c for c in cells if c.compressor not in (FULL, "oracle")),
        key=lambda c: (c.kept_fraction.value, -_value(c)),
    )

    def beaten(cell: Cell) -> bool:
        room = cell.kept_fraction.value * SLACK
        rivals = [c for c in candidates if c is not cell and c.kept_fraction.value <= room]
        rank = (_value(cell), -cell.kept_fraction.value)
        return any((_value(rival), -rival.kept_fraction.value) > rank for rival in rivals)

    return [cell for cell in candidates if not beaten(cell)]


def _value(cell: Cell) -> float:
    return (cell.f1 or cell.answer_recall).value


def _cell(key: Group, groups: dict[Group, dict[str, Row]], margin: float) -> Cell:
    dataset, compressor, budget = key
    rows = list(groups[key].values())
    present = [row for row in rows if row.answerable and row.answer_present]
    absent = [row for row in rows if row.answerable and not row.answer_present]
    without = [row for row in rows if not row.answerable]
    gain = _paired(present, groups.get((dataset, FULL, 1.0)))
    return Cell(
        dataset=dataset,
        compressor=compressor,
        budget=budget,
        questions=len(rows),
        failures=sum(row.error is not None for row in rows),
        absent=len(absent),
        unanswerable=len(without),
        answer_recall=mean_interval([row.answer_recall for row in present]),
        support_recall=_known(rows, lambda row: row.support_recall),
        support_precision=_known(rows, lambda row: row.support_precision),
        whole_units=_known(rows, lambda row: row.whole_units),
        limiter_recall=_known(rows, lambda row: row.limiter_recall),
        critical_recall=_known(rows, lambda row: row.critical_recall),
        em=_read(present, lambda row: row.em),
        f1=_read(present, lambda row: row.f1),
        absent_f1=_read(absent, lambda row: row.f1),
        no_answer=_read(without, lambda row: row.em),
        kept_fraction=mean_interval([row.tokens_out / row.tokens_in for row in rows if row.tokens_in]),
        compression_ratio=ratio_interval([row.tokens_in for row in rows], [row.tokens_out for row in rows]),
        chars_kept=ratio_interval([row.chars_out for row in rows], [row.chars_in for row in rows]),
        against_full=gain,
        verdict="" if gain is None or compressor == FULL else verdict(gain, margin=margin),
        against_truncate=_paired(present, groups.get((dataset, "truncate", budget))),
        against_passages=_paired(present, groups.get((dataset, "passages", budget))),
        seconds=sum(row.seconds for row in rows) / max(len(rows), 1),
    )


def _paired(rows: Sequence[Row], reference: dict[str, Row] | None) -> Interval | None:
    """The difference on the questions that both have; None without a reference."""
    pairs = [(row, reference[row.id]) for row in rows if reference and row.id in reference]
    if not pairs:
        return None
    return difference([quality(ours) for ours, _ in pairs], [quality(theirs) for _, theirs in pairs])


def _known(rows: Sequence[Row], value: Callable[[Row], float | None]) -> Interval:
    return mean_interval([found for row in rows if (found := value(row)) is not None])


def _read(rows: Sequence[Row], value: Callable[[Row], float | None]) -> Interval | None:
    """None when no row was read; a row that should have been and was not counts as zero."""
    values = [value(row) for row in rows]
    if all(found is None for found in values):
        return None
    return mean_interval([found or 0.0 for found in values])
