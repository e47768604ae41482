"""Processor time, memory, and passages that no cache has seen."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, count, islice
from math import log
from time import process_time

import numpy as np

from ragcompress.core.types import Passage

from ..questions import Question

__all__ = ["exponent", "fresh", "peak", "processor"]

_salt = count(1)


def processor(work: Callable[[], object]) -> float:
    """Seconds of the processor that ``work`` takes, in all threads of this process."""
    began = process_time()
    work()
    return process_time() - began


def peak() -> float:
    """The most memory that this process ever held, in MB."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / (2**20 if sys.platform == "darwin" else 1024)


def fresh(questions: Sequence[Question], size: int) -> list[Passage]:
    """``size`` passages of some questions, with blanks at their ends that no passage had before."""
    found = list(islice(chain.from_iterable(question.passages for question in questions), size))
    while len(found) < size:
        found += found[: size - len(found)]
    salt = next(_salt)
    return [replace(passage, text=passage.text + " " * salt + "\n" * (at // 97)) for at, passage in enumerate(found)]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """How fast costs grow with sizes: 1 is in step, 2 with the square; the slope of their logarithms."""
    return float(np.polyfit([log(size) for size in sizes], [log(max(cost, 1e-9)) for cost in costs], 1)[0])
