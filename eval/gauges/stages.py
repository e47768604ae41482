"""Where the processor time of a question goes: in model graphs, in tokenising, in structure, in all the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from time import thread_time
from typing import Any

from ragcompress import compress
from ragcompress.core.style import Style
from ragcompress.core.wordwise import Wordwise
from ragcompress.models.sessions import LateSession, limit_threads
from ragcompress.scorers.guard import GuardedScorer
from ragcompress.scorers.lexical import LexicalScorer

from ..questions import Question
from .measuring import fresh

__all__ = ["GRAPHS", "split", "stages"]

GRAPHS, REST = "model graphs", "selecting, closing, the rest"
STAGES: tuple[tuple[str, Any, str], ...] = (
    (GRAPHS, LateSession, "run"),
    ("tokenising and counting", Wordwise, "learn"),
    ("tokenising and counting", Wordwise, "measure"),
    ("tokenising and counting", Wordwise, "count"),
    ("tokenising and counting", Wordwise, "pieces"),
    ("structure", import_module("ragcompress.structure.units"), "_units"),  # the package has a function of that name
    ("words", LexicalScorer, "of_texts"),
    ("scoring around the graphs", GuardedScorer, "__call__"),
    ("rendering", Style, "__call__"),
)


def stages(questions: Sequence[Question], full: bool) -> Iterator[str]:
    """Shares for 20 passages, and the overhead (all but the graphs) from 20 passages on."""
    sizes = (20, 200, 2_000) if full else (20, 200)
    for method in ("labeller", "dense"):
        split(questions, method, 20)  # loads the model
        rounds = [split(questions[turn:], method, 20) for turn in range(min(7, len(questions)))]
        least = min(rounds, key=_overhead)  # other programs only add
        total = sum(least.values())
        yield f"{method}, 20 passages: {1000 * total:.0f} ms, of which"
        yield from (
            f"- {name}: {1000 * spent:.1f} ms, {spent / total:.0%}"
            for name, spent in sorted(least.items(), key=lambda pair: -pair[1])
        )
        costs = [_overhead(least), *(_overhead(split(questions, method, size)) for size in sizes[1:])]
        for size, cost in zip(sizes, costs, strict=True):
            linear = cost / costs[0] / (size / sizes[0])
            yield f"{method}, overhead of {size} passages: {1000 * cost:.1f} ms, {linear:.2f} times linear"


def _overhead(spent: dict[str, float]) -> float:
    return sum(spent.values()) - spent[GRAPHS]


def split(questions: Sequence[Question], method: str, size: int) -> dict[str, float]:
    """Seconds of the processor by stage, of one question in one thread."""
    passages = fresh(questions, size)
    spent: dict[str, float] = defaultdict(float)
    limit_threads(1)  # what other threads do no stage would see
    try:
        with _watched(spent):
            compress(questions[0].question, passages, 0.2, method)
    finally:
        limit_threads(None)
    return spent


@contextmanager
def _watched(spent: dict[str, float]) -> Iterator[None]:
    """Until the end the time of this thread goes to the innermost stage that runs, or to the rest."""
    running = [REST]
    last = thread_time()

    def turn() -> None:
        nonlocal last
        now = thread_time()
        spent[running[-1]] += now - last
        last = now

    def timed(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def inner(*args: Any, **options: Any) -> Any:
            turn()
            running.append(name)
            try:
                return work(*args, **options)
            finally:
                turn()
                running.pop()

        return inner

    before = [(owner, name, vars(owner)[name]) for _, owner, name in STAGES]
    for (stage, owner, name), (_, _, work) in zip(STAGES, before, strict=True):
        setattr(owner, name, timed(stage, work))
    try:
        yield
        turn()
    finally:
        for owner, name, work in before:
            setattr(owner, name, work)
