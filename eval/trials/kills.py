"""A child that saves without end is killed at any moment; what it said was saved must be there, and all of it whole."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from ragcompress.core.types import Passage
from ragcompress.retriever import DenseRetriever

from .figures import Figure, Hashing, Lengths, pin_store, text_of

__all__ = ["index_kills", "pin_kills"]

Work = Callable[[Path, int, Callable[[int], None]], Any]


def index_kills(number: int, *, seed: int = 0) -> Figure:
    """Kill a process that adds, deletes and saves."""
    return _kills("index: killed while it adds, deletes and saves", _save_for_ever, _saved, number, seed)


def pin_kills(number: int, *, seed: int = 0) -> Figure:
    """Kill a process that pins in the service's store."""
    return _kills("pins of the service: killed while it writes", _pin_for_ever, _pinned, number, seed)


def _kills(name: str, work: Work, read: Callable[[Path], int], number: int, seed: int) -> Figure:
    if not hasattr(os, "fork"):
        return Figure(name, 0, 0, "no fork here")
    draw, bad, written = random.Random(seed), [], 0
    with tempfile.TemporaryDirectory() as folder:
        for at in range(number):
            told = _killed(work, Path(folder), written, draw.uniform(0, 0.03))
            try:
                found = read(Path(folder))
            except Exception as error:
                bad.append(f"kill {at}: {type(error).__name__}: {str(error)[:80]}")
                break
            if not max(told, written) <= found <= max(told, written) + 1:
                bad.append(f"kill {at}: {found} are there, {told} were told")
            written = found
    return Figure(name, number, len(bad), "; ".join(bad[:2]) or f"{written:,} states were written meanwhile")


def _killed(work: Work, folder: Path, start: int, wait: float) -> int:
    """The last number that a child, killed some time after its first, said was written."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os.close(reading)
            work(folder, start, partial(_say, writing))
        os._exit(1)
    os.close(writing)
    with open(reading, "rb", buffering=0) as pipe:
        said = pipe.read(4) or b""
        time.sleep(wait)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := pipe.read(4096):
            said += more
    return int.from_bytes(said[len(said) // 4 * 4 - 4 :][:4], "big") if len(said) >= 4 else start


def _say(pipe: int, number: int) -> None:
    os.write(pipe, number.to_bytes(4, "big"))


def _save_for_ever(folder: Path, start: int, tell: Callable[[int], None]) -> None:
    import faiss

    faiss.omp_set_num_threads(1)
    home = folder / "index"
    if start:
        retriever = DenseRetriever.load(home, Hashing())
    else:
        retriever = DenseRetriever.build([], Hashing(), precompute=[Lengths()])
    while True:
        retriever.add([Passage(text_of(str(start)), id=str(start)), Passage("gone", id=f"gone {start}")])
        retriever.delete([f"gone {start}", str(start - 20)])
        retriever.save(home)
        start += 1
        tell(start)


def _saved(folder: Path) -> int:
    """How many were ever added: the last twenty must be there, and nothing else."""
    if not (folder / "index" / "CURRENT").exists():
        return 0
    retriever = DenseRetriever.load(folder / "index", Hashing())
    numbers = sorted(int(passage.id) for passage in retriever)
    last = numbers[-1] + 1
    assert numbers == list(range(max(last - 20, 0), last)), f"holes in {numbers}"
    assert all(passage.text == text_of(passage.id) for passage in retriever)
    assert retriever.retrieve(text_of(str(last - 1)), k=1)[0].id == str(last - 1)
    return last


def _pin_for_ever(folder: Path, start: int, tell: Callable[[int], None]) -> None:
    from ragcompress.service.store import Pin

    store = pin_store(folder)
    while True:
        store.pin("me", str(start), Pin(f"short {start}", f"hash {start}"), text_of(str(start)) * 20)
        start += 1
        tell(start)


def _pinned(folder: Path) -> int:
    """How many pins there are, each with its original, without a hole."""
    store = pin_store(folder)
    try:
        with closing(sqlite3.connect(folder / "pins.db")) as direct:
            count = int(direct.execute("SELECT count(*) FROM pins").fetchone()[0])
        for at in range(max(count - 200, 0), count):
            pin = store.pinned("me", str(at))
            assert pin is not None, f"a hole at {at}"
            assert pin.text == f"short {at}"
            assert store.original("me", pin.hash) == text_of(str(at)) * 20, f"the original of {at} is not there"
        assert store.pinned("me", str(count)) is None, f"a hole before {count}"
        return count
    finally:
        store.close()
