"""All trials, short and in full, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from time import perf_counter

from .calls import CHEAP, MODELS, at_once, forks, fuzzed, soak
from .faults import faults, torn
from .figures import Figure
from .flips import flips
from .histories import retriever_histories
from .hostile import hostile
from .kills import index_kills, pin_kills
from .scenarios import scenarios

__all__ = ["lines", "trials"]

Trial = Callable[[], Figure]


def trials(*, full: bool = False) -> list[Trial]:
    """What there is to do: some two minutes of work on an idle machine, or some hours."""
    disk = [each for each in scenarios() if _there(each.name)]
    every = 1 if full else 3
    return [
        partial(fuzzed, CHEAP, 200_000 if full else 100),
        partial(fuzzed, MODELS, 1_500 if full else 12),
        partial(hostile, 1_000_000 if full else 10_000),
        *(partial(hostile, 5_000_000, names=(name,)) for name in ("no space", "units of one character") if full),
        partial(hostile, 30_000 if full else 3_000, method="labeller"),
        partial(retriever_histories, 200 if full else 8),
        *(partial(faults, each, every=every) for each in disk),
        *(partial(torn, each) for each in disk),
        partial(index_kills, 500 if full else 15),
        *([partial(pin_kills, 500 if full else 15)] if _there("pins") else []),
        partial(flips, 200 if full else 5),
        partial(forks, 200 if full else 4),
        partial(at_once, 100 if full else 16, 100 if full else 10),
        partial(at_once, 16 if full else 4, 100 if full else 3, method="labeller"),
        partial(soak, 50_000 if full else 600, allowed=0.05 if full else 0.2),
    ]


def _there(name: str) -> bool:
    return "pins" not in name or find_spec("starlette") is not None


def lines(*, full: bool = False, only: str = "") -> Iterator[tuple[str, int]]:
    """The table as it comes, each line with how much was lost."""
    yield "| what was tried | times | lost | seconds | |", 0
    yield "|---|---:|---:|---:|---|", 0
    for trial in trials(full=full):
        if only and only not in getattr(trial, "func", trial).__name__:
            continue
        began = perf_counter()
        found = trial()
        took = perf_counter() - began
        yield f"| {found.name} | {found.tried:,} | {found.lost:,} | {took:.0f} | {found.note} |", found.lost
