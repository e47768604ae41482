"""Work grows with the length of the input and not faster: counted in calls, not in seconds."""

from __future__ import annotations

import sys
import tracemalloc

import pytest

import ragcompress as rc
from eval.trials.hostile import LOADS
from ragcompress import structure
from ragcompress.structure.units import _units

SIZE = 4_000


def calls_of(work) -> int:
    """How many functions are called, Python's and C's, when nothing is remembered."""
    _units.cache_clear()
    seen = 0

    def count(frame, event, argument) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return seen


@pytest.mark.parametrize("name", LOADS)
def test_reading_structure_is_linear(name: str) -> None:
    small, large = (
        calls_of(lambda n=n: [structure.units(text) for text in LOADS[name](n)[1]]) for n in (SIZE, 4 * SIZE)
    )
    assert large <= 6 * small + 5_000


@pytest.mark.parametrize("name", ["units of one character", "brackets", "objects", "passages", "rows", "tags", "items"])
def test_compressing_is_linear(name: str) -> None:
    rc.compress("What is it?", ["It is."], 10, "lexical")
    small, large = (calls_of(lambda n=n: rc.compress(*LOADS[name](n), 60, "lexical")) for n in (SIZE // 2, 2 * SIZE))
    assert large <= 6 * small + 20_000


@pytest.mark.parametrize("name", ["units of one character", "brackets", "no space"])
def test_memory_is_linear(name: str) -> None:
    peaks = []
    for n in (SIZE, 4 * SIZE):
        load = LOADS[name](n)
        tracemalloc.start()
        rc.compress(*load, 60, "lexical")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] <= 6 * peaks[0] + 2_000_000


def test_nesting_deeper_than_any_data_is_text() -> None:
    deep = structure.units("[" * 50_000 + "]" * 50_000)
    assert sum(len(unit.needs) for unit in deep) < 10 * len(deep)
    shallow = structure.units('{"a": ' * 20 + '"' + "long value " * 60 + '"' + "}" * 20)
    assert {unit.kind for unit in shallow} & {"record", "member", "open"}
