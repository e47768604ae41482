"""What changed between two runs, question by question, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .rows import Row
from .stats import Interval, difference, verdict
from .summary import MARGIN, group, quality

__all__ = ["Change", "changes", "table"]


@dataclass(frozen=True, slots=True)
class Change:
    """One data set, compressor and budget that two runs share.

    Attributes:
        dataset: Name of the data set.
        compressor: In the first run and, where another was asked for, in the second.
        budget: Fraction of the tokens.
        quality: Second minus first: F1 where both were read, else answer recall.
        kept: Second minus first, kept fraction.
        verdict: Of the quality, for the margin.
        gained: Questions that are better in the second run.
        lost: Questions that are worse, worst first.
        missing: Questions that only one run has; they are not compared.
    """

    dataset: str
    compressor: str
    budget: float
    quality: Interval
    kept: Interval
    verdict: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    missing: int


def changes(first: Iterable[Row], second: Iterable[Row], *, margin: float = MARGIN) -> list[Change]:
    """What the second run does differently, on the questions that both have."""
    before, after = group(first), group(second)
    return [_change(key, before[key], after[key], margin) for key in before if key in after]


def table(found: Sequence[Change]) -> str:
    """The changes as markdown."""
    lines = [
        "| data | compressor | budget | quality, B - A | kept fraction, B - A | verdict | better | worse | unpaired |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {c.dataset} | {c.compressor} | {c.budget:.0%} | {_signed(c.quality)} | {_signed(c.kept)} | {c.verdict} "
        f"| {len(c.gained)} | {len(c.lost)} | {c.missing} |"
        for c in found
    ]
    return "\n".join(lines)


def _change(key: tuple[str, str, float], before: dict[str, Row], after: dict[str, Row], margin: float) -> Change:
    shared = [name for name in before if name in after]
    read = all(before[name].f1 is not None and after[name].f1 is not None for name in shared)
    value = quality if read else _recall
    pairs = [(name, value(after[name]) - value(before[name])) for name in shared]
    gain = difference([value(after[name]) for name in shared], [value(before[name]) for name in shared])
    worse = sorted((pair for pair in pairs if pair[1] < 0), key=lambda pair: (pair[1], pair[0]))
    return Change(
        dataset=key[0],
        compressor=key[1],
        budget=key[2],
        quality=gain,
        kept=difference([_kept(after[name]) for name in shared], [_kept(before[name]) for name in shared]),
        verdict=verdict(gain, margin=margin),
        gained=tuple(name for name, change in pairs if change > 0),
        lost=tuple(name for name, _ in worse),
        missing=len(before.keys() ^ after.keys()),
    )


def _recall(row: Row) -> float:
    return row.answer_recall


def _kept(row: Row) -> float:
    return row.tokens_out / row.tokens_in if row.tokens_in else 1.0


def _signed(found: Interval) -> str:
    return f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
