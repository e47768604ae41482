"""Everything at once for a long time: methods, threads, a store that changes and is saved; nothing may grow."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from statistics import median
from time import monotonic

import ragcompress as rc
from ragcompress.core.types import Passage
from ragcompress.retriever import DenseRetriever

from .calls import Call, answer, held, made_call
from .figures import Figure, Hashing, text_of

__all__ = ["soak", "verdict"]

METHODS = ("lexical", "labeller", "student", "dense", "truncate", "redundancy")
Sample = tuple[int, int, int]  # bytes, handles, threads


def soak(seconds: float, *, allowed: float = 0.05) -> Figure:
    """Work for so long; what the process holds in the last tenth is compared with what it held in the second tenth."""
    samples, done, until = list[Sample](), 0, monotonic() + seconds
    began = monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        for at in count():
            calls = [(made_call(seed=4, at=at * 4 + k), METHODS[(at + k) % len(METHODS)]) for k in range(4)]
            done += sum(pool.map(_lawful, calls))
            _change(Path(folder) / "index", at)
            if monotonic() - began > len(samples) * seconds / 200:
                samples.append(held())
            if monotonic() > until:
                break
    wrong, told = verdict(samples, allowed)
    lost = (at + 1) * 4 - done
    return Figure(f"soak of {seconds / 60:.2g} minutes: calls", (at + 1) * 4, lost + wrong, told)


def verdict(samples: list[Sample], allowed: float) -> tuple[int, str]:
    """How many of memory, handles and threads grew between the second tenth and the last, and what to tell of it."""
    tenth = max(len(samples) // 10, 1)
    early, late = samples[tenth : 2 * tenth] or samples[-1:], samples[-tenth:]
    first, last = ([median(column) for column in zip(*part, strict=True)] for part in (early, late))
    grown = last[0] / first[0] - 1
    wrong = int(grown > allowed) + sum(int(last[at] > first[at] + 2) for at in (1, 2))
    return wrong, (
        f"{len(METHODS)} methods, 4 threads, a store saved each time; {int(first[0]) >> 20} MB, then "
        f"{int(last[0]) >> 20} MB ({grown:+.1%}); {last[1]:g} handles, {last[2]:g} threads"
    )


def _lawful(task: tuple[Call, str]) -> bool:
    call, method = task
    first = answer(call, method)
    return first == answer(call, method) and first[1] <= call[2]


def _change(home: Path, at: int) -> None:
    """One in, one out: the store stays at twenty passages."""
    store = DenseRetriever.load(home, Hashing()) if home.exists() else DenseRetriever.build([], Hashing())
    store.add([Passage(text_of(str(at)), id=str(at))])
    store.delete([str(at - 20)])
    store.save(home)
    if at % 50 == 0:
        rc.compress("What is called 7?", store.retrieve("7", k=3), 20, "lexical")
