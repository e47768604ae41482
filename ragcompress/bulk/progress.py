"""How far a job is: rows and tokens per second, when it will be done, what it saves."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TextIO

from ragcompress.bulk.job import Counts

__all__ = ["Meter", "Report", "lines"]

EVERY = 10.0  # seconds between two lines


@dataclass(frozen=True, slots=True)
class Report:
    """A job's account.

    Attributes:
        counts: Of all its rows.
        new: Of those that this run worked on.
        seconds: That this run took.
        engine: What did the work.
        price: Of a million tokens sent to a reader.
    """

    counts: Counts
    new: Counts
    seconds: float
    engine: str
    price: float = 0.5

    @property
    def saved(self) -> float:
        """What need not be paid for, at ``price``."""
        return _saved(self.counts, self.price)

    def __str__(self) -> str:
        c, rate = self.counts, _rate(self.new, self.seconds)
        told = [f"{c.rows:,} rows ({self.new.rows:,} new, {c.failed:,} with an error) {self.engine}"]
        told.append(f"{self.seconds:.1f} s, {rate}")
        if c.tokens_out:
            told.append(
                f"{c.tokens_in:,} → {c.tokens_out:,} tokens, {self.saved:,.4f} saved at {self.price:g} a million"
            )
        return "; ".join(told)


class Meter:
    """Adds up counts and tells someone now and then."""

    def __init__(self, total: int, there: int, *, price: float, tell: Callable[[str], None] | None) -> None:
        self.total, self.there, self.price, self._tell = total, there, price, tell
        self.new = Counts()
        self._began = self._told = monotonic()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return monotonic() - self._began

    def add(self, counts: Counts) -> None:
        """Some rows are done."""
        self.new = self.new + counts
        if self._tell is not None and monotonic() - self._told >= EVERY:
            self._told = monotonic()
            self._tell(str(self))

    def __str__(self) -> str:
        done = self.there + self.new.rows
        left = (self.total - done) * self.seconds / max(self.new.rows, 1)
        saved = f", {_saved(self.new, self.price):,.4f} saved" if self.new.tokens_out else ""
        return f"{done:,} of {self.total:,} rows, {_rate(self.new, self.seconds)}, {left:,.0f} s to go{saved}"


def lines(stream: TextIO | None = None) -> Callable[[str], None]:
    """Tell it a line at a time, to standard error unless said otherwise."""
    return lambda text: print(text, file=stream or sys.stderr, flush=True)


def _rate(counts: Counts, seconds: float) -> str:
    span = max(seconds, 1e-9)
    return f"{counts.rows / span:,.1f} rows/s, {counts.tokens_in / span:,.0f} tokens/s"


def _saved(counts: Counts, price: float) -> float:
    return (counts.tokens_in - counts.tokens_out) * price / 1e6
