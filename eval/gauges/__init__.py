"""What speed is measured by: each gauge prints lines for docs/speed.md; see `gauges.GAUGES`.

Seconds are of the processor, in all threads of this process: other programs on the machine disturb them little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from eval.questions import Question

from . import building, growth, long, many, ratios, stages, start, vectors

__all__ = ["GAUGES", "Gauge"]

Gauge = Callable[[Sequence[Question], bool], Iterator[str]]
"""Told real questions and whether to go on to the largest sizes; gives lines as they are measured."""

GAUGES: dict[str, Gauge] = {
    "growth": growth.growth,
    "stages": stages.stages,
    "start": start.start,
    "many": many.many,
    "building": building.building,
    "vectors": vectors.vectors,
    "long": long.long_texts,
    "ratios": ratios.ratios,
}
