"""Calls: fuzzed ones, many at a time, many after another, and in forked children."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import ragcompress as rc
from ragcompress.methods import METHODS, resolve
from ragcompress.testing import Case, Law, structured_text
from ragcompress.testing.check import findings, smallest

from .figures import Figure

__all__ = ["CHEAP", "MODELS", "Call", "answer", "at_once", "forks", "fuzzed", "held", "made_call", "memory"]

CHEAP = ("truncate", "passages", "lead", "random", "lexical")
MODELS = tuple(m.name for m in METHODS if m.offline and m.build and m.name not in CHEAP)
PATIENCE = 60.0  # seconds after which a child counts as hung
Call = tuple[str, tuple[str, ...], int]


def fuzzed(method: str, cases: int, *, seed: int = 0, title: str = "fuzz") -> Figure:
    """Run a method over random contexts: scripts, structures, counters, styles; every law is checked."""
    compressor, first, broken = resolve(method), dict[int, tuple[Law, Case]](), set[Case]()
    for law, case in findings(compressor, cases=cases, seed=seed):
        first.setdefault(law.number, (law, case))
        broken.add(case)
    bad = [f"{method}, seed {seed}: {str(smallest(compressor, *found))[:900]!r}" for found in first.values()]
    told = "every context twice, every law checked"
    return Figure(f"{title}: random contexts, {method}", cases, len(broken), "; ".join(bad) or told)


def at_once(threads: int, each: int, *, method: str = "lexical", seed: int = 0) -> Figure:
    """What many threads are answered is what one after another is."""
    calls = list(_calls(40, seed))
    alone = [answer(call, method) for call in calls]

    def work(number: int) -> int:
        draw = Random(number)
        places = [draw.randrange(len(calls)) for _ in range(each)]
        return sum(answer(calls[at], method) != alone[at] for at in places)

    with ThreadPoolExecutor(threads) as pool:
        wrong = sum(pool.map(work, range(threads)))
    return Figure(f"calls by {threads} threads at once, {method}", threads * each, wrong, "compared with one by one")


def memory(calls: int, *, method: str = "lexical", allowed: float = 0.05) -> Figure:
    """Memory after all calls stays near that after a tenth of them; handles and threads too."""
    first: tuple[int, int, int] | None = None
    for at, call in enumerate(_calls(calls, seed=1)):
        answer(call, method)
        if first is None and at + 1 >= calls // 10:
            first = held()
    first, last = first or held(), held()
    grown = last[0] / max(first[0], 1) - 1
    wrong = int(grown > allowed) + int(last[1] > first[1] + 2) + int(last[2] > first[2] + 2)
    told = f"{first[0] >> 20} MB after {calls // 10:,}, {last[0] >> 20} MB at the end ({grown:+.1%}); {last[1]} handles"
    return Figure(f"calls one after another, {method}", calls, wrong, told)


def forks(number: int, *, methods: Sequence[str] = ("labeller", "dense"), seed: int = 2) -> Figure:
    """Fork while threads compress; every child compresses too, or it is lost."""
    if not hasattr(os, "fork"):
        return Figure("forks while threads compress", 0, 0, "no fork here")
    stop, draw = threading.Event(), list(_calls(number + 1, seed))
    answer(draw[-1], methods[0])

    def work(at: int) -> None:
        for call in _calls(10_000, seed=3 + at):
            if stop.is_set():
                return
            answer(call, methods[at % len(methods)])

    threads = [threading.Thread(target=work, args=(at,), daemon=True) for at in range(2)]
    for thread in threads:
        thread.start()
    ends = [_child(call, methods) for call in draw[:number]]
    stop.set()
    for thread in threads:
        thread.join()
    hung, failed = ends.count("hung"), ends.count("failed")
    return Figure(
        "forks while threads compress", number, hung + failed, f"{hung} hung, {failed} failed" * (hung + failed > 0)
    )


def _child(call: Call, methods: Sequence[str]) -> str:
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            answers = [rc.compress(call[0], call[1], call[2], name) for name in methods]
            os._exit(int(any(warning.code == "failed" for out in answers for warning in out.warnings)))
        os._exit(2)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "failed" if status else "ended"
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


def _calls(number: int, seed: int) -> Iterator[Call]:
    return (made_call(seed, at) for at in range(number))


def made_call(seed: int, at: int) -> Call:
    """Query, passages and budget, the same for the same numbers."""
    draw = Random(f"{seed}:{at}")
    passages = tuple(structured_text(draw)[:1_500] for _ in range(draw.choice((1, 3, 6))))
    return f"How many of {draw.choice(('pump', 'gate', 'boiler'))} {at}?", passages, draw.choice((10, 40, 120))


def answer(call: Call, method: str) -> tuple[Any, ...]:
    """What a caller sees of an answer: text, tokens, segments, warnings."""
    out = rc.compress(call[0], call[1], call[2], method)
    return out.text, out.tokens_out, out.context.segments, out.warnings


def held() -> tuple[int, int, int]:
    """Bytes in memory, open handles, threads."""
    gc.collect()
    return (
        _resident(),
        len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0,
        threading.active_count(),
    )


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
