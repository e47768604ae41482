"""All ratios that are promised, from one run: ours beside EmbeddingsFilter and the bare encoder, building, many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ragcompress.models.encoders import OnnxEncoder
from ragcompress.retriever.states import StateMaker
from ragcompress.retriever.units import UnitMaker

from .. import race
from ..questions import Question
from .building import building
from .many import many
from .stages import stages
from .start import start

__all__ = ["ratios"]

BUDGET = 0.2
BARE = "the bare encoder's forwards"


def ratios(questions: Sequence[Question], full: bool) -> Iterator[str]:
    """A race of ten questions (``full``: of thirty), then what else is promised as a ratio."""
    stored = ((UnitMaker,), (UnitMaker, StateMaker))
    runners = [
        *race.peers(["filter"]),
        race.Runner(BARE, _bare),
        race.ours("dense", BUDGET, *stored[0]),
        race.ours("student", BUDGET, *stored[0]),
        race.ours("labeller", BUDGET, *stored[1]),
        *(race.ours(method, BUDGET) for method in ("labeller", "student", "dense")),
    ]
    laps = list(race.race(runners, questions[: 30 if full else 10]))
    yield race.table(laps)
    yield ""
    yield race.table([lap for lap in laps if lap.runner in (BARE, "labeller")], BARE)
    for gauge in (stages, start, many, building):
        yield ""
        yield from gauge(questions, gauge is stages and full)


def _bare(passages: race.Passages) -> Callable[[str], object]:
    encoder = OnnxEncoder.embedded()

    def run(question: str) -> object:
        return encoder.query(question), encoder.passages(passages)

    return run
