"""Many questions at once against one after another, and the memory that a stream of them takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter, process_time

from ragcompress import compress, compress_many
from ragcompress.core.types import Passage
from ragcompress.models.encoders import OnnxEncoder
from ragcompress.results.result import Compressed

from ..questions import Question
from .measuring import peak

__all__ = ["many"]

STREAM = 400  # questions that pass through from generator to generator
Item = tuple[str, list[Passage]]


def many(questions: Sequence[Question], full: bool) -> Iterator[str]:
    """Seconds for the same questions in a list and in a loop, taking turns; each passage is in two questions."""
    asked = questions[: 24 if full else 8]
    for method in ("labeller", "dense"):
        compress("What is it?", ["It is a tower."], 10, method)
        loop, together = [0.0, 0.0], [0.0, 0.0]
        for turn in range(2):
            _timed(loop, partial(_one_by_one, method), _shared(asked, 2 * turn))
            _timed(together, partial(_together, method), _shared(asked, 2 * turn + 1))
        yield (
            f"{method}, {len(asked)} questions: loop {loop[0] / 2:.2f} s (processor {loop[1] / 2:.2f}), compress_many "
            f"{together[0] / 2:.2f} ({together[1] / 2:.2f}): {loop[0] / together[0]:.2f} times as fast, by processor "
            f"time {loop[1] / together[1]:.2f}; cores busy {together[1] / together[0]:.2f}"
        )
    stream = compress_many(_endless(questions), 0.2, "lexical")
    marks = [(at, peak()) for at, _ in enumerate(stream, 1) if at in (STREAM // 10, STREAM)]
    yield "a stream by words, from generator to generator: " + ", ".join(
        f"{held:.0f} MB after {at} questions" for at, held in marks
    )


def _one_by_one(method: str, given: list[Item]) -> list[Compressed]:
    return [compress(question, passages, 0.2, method) for question, passages in given]


def _together(method: str, given: list[Item]) -> list[Compressed]:
    return list(compress_many(given, 0.2, method))


def _timed(spent: list[float], work: Callable[[list[Item]], object], given: list[Item]) -> None:
    OnnxEncoder.embedded()._forget()  # nothing of an earlier turn serves a later one
    wall, own = perf_counter(), process_time()
    work(given)
    spent[0] += perf_counter() - wall
    spent[1] += process_time() - own


def _shared(questions: Sequence[Question], salt: int) -> list[Item]:
    """Each question with half of its own passages and half of the next one's."""
    own = [[replace(p, text=p.text + " " * (salt + 1)) for p in question.passages] for question in questions]
    return [
        (question.question, own[at][: len(own[at]) // 2] + own[(at + 1) % len(own)][: len(own[at]) // 2])
        for at, question in enumerate(questions)
    ]


def _endless(questions: Sequence[Question]) -> Iterator[Item]:
    for turn in range(STREAM):
        question = questions[turn % len(questions)]
        yield question.question, [replace(p, text=f"{p.text} {turn}") for p in question.passages]
