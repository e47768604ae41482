"""Writers, readers and savers on one retriever for a while, and nothing lost or wrong at the end.

python -m pipelines.proofs.store_stress --seconds 60 --kind DenseRetriever
"""

from __future__ import annotations

import argparse
import tempfile
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ragcompress as rc
from ragcompress.core.types import Passage

WRITERS, READERS, SAVERS = 8, 8, 2
DIM = 96


class Hashing:
    """A quick encoder whose vector for a text is its own: the proof is of the store, not of a model."""

    def encode(self, texts: Sequence[str], **_: Any) -> NDArray[np.float32]:
        """Unit vectors [texts, 96], drawn from each text's checksum."""
        rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=DIM) for text in texts]
        found = np.array(rows, dtype=np.float32).reshape(len(texts), DIM)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def stress(kind: Any, seconds: float, folder: Path) -> dict[str, int]:
    """Run them all, and count what was done and what was wrong."""
    retriever = kind.build([Passage(_text("seed"), id="seed")], Hashing())
    until = monotonic() + seconds
    written: list[list[str]] = [[] for _ in range(WRITERS)]

    def write(number: int) -> int:
        for at in count():
            if monotonic() > until:
                return 0
            name = f"{number}-{at}"
            retriever.add([Passage(_text(name), id=name)])
            written[number].append(name)
        return 0

    def read(number: int) -> tuple[int, int]:
        asked = wrong = 0
        while monotonic() < until:
            own = written[number % WRITERS]
            name = own[(asked * 7919) % len(own)] if own else "seed"
            hits = retriever.retrieve(_text(name), k=3)
            asked += 1
            wrong += not hits or hits[0].id != name or any(hit.text != _text(hit.id) for hit in hits)
        return asked, wrong

    def save(number: int) -> tuple[int, int]:
        saved = wrong = 0
        while monotonic() < until:
            retriever.save(folder / str(number))
            again = kind.load(folder / str(number), Hashing())
            saved += 1
            wrong += any(p.text != _text(p.id) for p in again)
        return saved, wrong

    with ThreadPoolExecutor(WRITERS + READERS + SAVERS) as pool:
        work: list[tuple[Callable[[int], Any], int]] = [
            (does, at) for does, size in ((write, WRITERS), (read, READERS), (save, SAVERS)) for at in range(size)
        ]
        done = [(does, pool.submit(does, at)) for does, at in work]
        results = [(does, job.result()) for does, job in done]
    names = ["seed", *(name for own in written for name in own)]
    retriever.save(folder / "last")
    again = kind.load(folder / "last", Hashing())
    return {
        "written": len(names) - 1,
        "searches": sum(found[0] for does, found in results if does is read),
        "wrong searches": sum(found[1] for does, found in results if does is read),
        "states reloaded": sum(found[0] for does, found in results if does is save),
        "wrong states": sum(found[1] for does, found in results if does is save),
        "lost or twice": len(set(names) ^ {p.id for p in retriever}) + len(list(retriever)) - len(names),
        "do not find themselves": sum(retriever.retrieve(_text(name), k=1)[0].id != name for name in names),
        "unlike after reload": int([(p.id, p.text) for p in again] != [(p.id, p.text) for p in retriever]),
    }


def _text(name: str) -> str:
    return f"the text that is called {name}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the counts; 1 where anything was wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--kind", choices=["DenseRetriever", "HybridRetriever"], default="DenseRetriever")
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = stress(getattr(rc, chosen.kind), chosen.seconds, Path(folder))
    for name, number in found.items():
        print(f"{name}: {number:,}")
    return int(any(found[name] for name in found if name not in ("written", "searches", "states reloaded")))


if __name__ == "__main__":
    raise SystemExit(main())
