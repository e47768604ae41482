"""Everything there is to try, in parts that can be done alone, each cut into shares that are small enough to lose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from math import ceil

from .calls import CHEAP, MODELS, at_once, forks, fuzzed, memory
from .faults import faults, torn
from .figures import Figure
from .flips import flips
from .histories import retriever_histories
from .hostile import hostile
from .kills import index_kills, pin_kills
from .scenarios import scenarios
from .soak import soak

__all__ = ["CALLS", "PARTS", "Part", "parts"]

CALLS = 1_000_000
OF_MODELS = 50  # one call in so many is a model's: 20,000 of a million
PARTS = (
    "fuzz", "models", "hostile", "histories", "faults", "torn", "kills", "flips", "forks", "threads", "memory", "soak",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A line of the table, or several of one kind.

    Attributes:
        name: What ``--only`` calls it.
        work: Does share number n, and says what it found.
        shares: How many there are.
    """

    name: str
    work: Callable[[int], Figure]
    shares: int = 1


def parts(*, full: bool = False, calls: int = 0) -> list[Part]:
    """What there is to do: some two minutes of work on an idle machine, or some hours.

    Args:
        full: All of it.
        calls: Random contexts for the cheap methods together; 0: a million in full, 500 in short.
    """
    calls = calls or (CALLS if full else 500)
    disk = [each for each in scenarios() if _there(each.name)]
    return [
        *_fuzz("fuzz", CHEAP, calls),
        *_fuzz("models", MODELS, calls // OF_MODELS if full else 12 * len(MODELS)),
        *_loads(full=full),
        *_shared("histories", retriever_histories, 200 if full else 8, 20),
        *(Part("faults", _once(faults, each, every=1 if full else 3)) for each in disk),
        *(Part("torn", _once(torn, each)) for each in disk),
        Part("kills", _once(index_kills, 500 if full else 15)),
        *([Part("kills", _once(pin_kills, 500 if full else 15))] if _there("pins") else []),
        Part("flips", _once(flips, 200 if full else 5)),
        *_shared("forks", forks, 200 if full else 4, 20),
        Part("threads", _once(at_once, 100 if full else 16, 100 if full else 10)),
        Part("threads", _once(at_once, 16 if full else 4, 100 if full else 3, method="labeller")),
        Part("memory", _once(memory, 50_000 if full else 600, allowed=0.05 if full else 0.2)),
        Part("soak", _once(soak, 1_800.0 if full else 6.0, allowed=0.05 if full else 0.2)),
    ]


def _fuzz(name: str, methods: Sequence[str], calls: int) -> list[Part]:
    """The calls shared out among the methods, 500 to a share; all methods' first shares come first."""
    each = ceil(calls / len(methods))
    size = min(each, 500)

    def share(number: int) -> Figure:
        method, at = number % len(methods), number // len(methods)
        return fuzzed(methods[method], min(size, each - at * size), seed=at, title=name)

    return [Part(name, share, ceil(each / size) * len(methods))]


def _loads(*, full: bool) -> list[Part]:
    found = [Part("hostile", _once(hostile, 1_000_000 if full else 10_000))]
    for name in ("no space", "units of one character") if full else ():
        found.append(Part("hostile", _once(hostile, 5_000_000, names=(name,))))
    return [*found, Part("hostile", _once(hostile, 30_000 if full else 3_000, method="labeller"))]


def _shared(name: str, work: Callable[..., Figure], number: int, size: int) -> list[Part]:
    size = min(size, number)
    return [Part(name, lambda at: work(size, seed=at * size), ceil(number / size))]


def _once(work: Callable[..., Figure], *given: object, **named: object) -> Callable[[int], Figure]:
    done = partial(work, *given, **named)
    return lambda _: done()


def _there(name: str) -> bool:
    return "pins" not in name or find_spec("starlette") is not None
