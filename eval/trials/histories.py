"""Histories of a store under several threads, checked against a store that does one thing after another.

Every operation is recorded with the moments at which it began and ended. A history is linearizable (Herlihy and Wing
1990) when the operations can be put into an order that keeps to those moments, in which a sequential model gives every
result that was seen. The search for that order is Wing and Gong's (1993), with the states already seen remembered
(Lowe 2017).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from ragcompress.core.types import Passage
from ragcompress.retriever import DenseRetriever, HybridRetriever

from .figures import Figure, Hashing, text_of

__all__ = ["Event", "linearizable", "retriever_histories", "run_history", "step"]

IDS = ("a", "b", "c", "d")
WRITERS, READERS = 4, 4
State = frozenset[tuple[str, str]]
Operation = tuple[str, tuple[str, ...], Callable[..., Any]]


class Event(NamedTuple):
    """One operation as a client saw it.

    Attributes:
        began: The moment, on a clock that all threads share.
        ended: Likewise.
        kind: Which operation.
        asked: What it was given.
        gave: What came out.
    """

    began: int
    ended: int
    kind: str
    asked: tuple[str, ...]
    gave: Any


def step(state: State, event: Event) -> State | None:
    """The state after an operation; None when its result can't be had in this state."""
    now = dict(state)
    if event.kind == "add":
        name, text = event.asked
        return frozenset((now | {name: text}).items())
    if event.kind == "delete":
        there = event.asked[0] in now
        now.pop(event.asked[0], None)
        return frozenset(now.items()) if event.gave == int(there) else None
    expected: Any = None
    if event.kind == "get":
        expected = now.get(event.asked[0])
    elif event.kind in ("all", "reload"):
        expected = state
    elif event.kind == "find":
        expected = event.asked[0] in now.values()
    return state if event.gave == expected else None


def linearizable(events: Sequence[Event], start: State = frozenset()) -> bool:
    """Whether some order of the events explains what each gave."""
    everything = (1 << len(events)) - 1
    seen: set[tuple[int, State]] = set()
    ahead = [(0, start)]
    while ahead:
        done, state = ahead.pop()
        if done == everything:
            return True
        if (done, state) in seen:
            continue
        seen.add((done, state))
        left = [at for at in range(len(events)) if not done >> at & 1]
        first = min(events[at].ended for at in left)
        for at in left:
            after = step(state, events[at]) if events[at].began < first else None
            if after is not None:
                ahead.append((done | 1 << at, after))
    return False


def run_history(kind: Any, seed: int, folder: Path, *, operations: int = 6) -> list[Event]:
    """Let writers and readers work on one retriever side by side, and write down what they saw."""
    retriever, clock = kind.build([], Hashing()), count()

    def work(number: int) -> list[Event]:
        draw, seen = Random(f"{seed}:{number}"), []
        for at in range(operations):
            kind_of, asked, do = _operation(retriever, kind, draw, writes=number < WRITERS, folder=folder / str(number))
            asked = (*asked[:1], f"{asked[1]} {number} {at}") if kind_of == "add" else asked
            began = next(clock)
            gave = do(*asked)
            seen.append(Event(began, next(clock), kind_of, asked, gave))
        return seen

    with ThreadPoolExecutor(WRITERS + READERS) as pool:
        return [event for own in pool.map(work, range(WRITERS + READERS)) for event in own]


def retriever_histories(number: int, *, seed: int = 0) -> Figure:
    """Check so many histories of 4 writers and 4 readers, of dense and hybrid retrievers in turn."""
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        for at in range(number):
            kind = (DenseRetriever, HybridRetriever)[at % 2]
            events = run_history(kind, seed + at, Path(folder) / str(at))
            if not linearizable(events):
                bad.append(f"{kind.__name__} with seed {seed + at}")
    return Figure("histories of 4 writers and 4 readers", number, len(bad), "; ".join(bad[:3]))


def _operation(retriever: Any, kind: Any, draw: Random, *, writes: bool, folder: Path) -> Operation:
    name = draw.choice(IDS)

    def add(name: str, text: str) -> None:
        retriever.add([Passage(text, id=name)])

    def reload() -> State:
        retriever.save(folder)
        return frozenset((p.id, p.text) for p in kind.load(folder, Hashing()))

    def find(text: str) -> bool:
        return any(hit.text == text for hit in retriever.retrieve(text, k=1))

    def remove(name: str) -> int:
        return int(retriever.delete([name]))

    def get(name: str) -> str | None:
        return next((passage.text for passage in retriever.get([name])), None)

    def everything() -> State:
        return frozenset((passage.id, passage.text) for passage in retriever)

    wanted = (f"{text_of(name)} {draw.randrange(WRITERS)} {draw.randrange(4)}",)
    writing: list[Operation] = [
        ("add", (name, text_of(name)), add),
        ("add", (name, text_of(name)), add),
        ("delete", (name,), remove),
        ("compact", (), retriever.compact),
    ]
    reading: list[Operation] = [
        ("get", (name,), get),
        ("all", (), everything),
        ("find", wanted, find),
        ("reload", (), reload),
    ]
    return draw.choice(writing if writes else reading)
