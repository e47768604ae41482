"""Writers, readers and savers on one retriever for a while, and nothing lost or wrong at the end.

python -m pipelines.proofs.store_stress --seconds 60 --kind DenseRetriever
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import ragcompress as rc
from eval.trials.figures import Hashing, text_of
from ragcompress.core.types import Passage

WRITERS, READERS, SAVERS = 8, 8, 2
DID = ("written", "searches", "states reloaded")
Done = tuple[int, int]
"""What was done, and how much of it was wrong."""


@dataclass(slots=True)
class Stress:
    """One retriever under many hands, until a moment of `time.monotonic`.

    Attributes:
        kind: The retriever's class.
        retriever: What is shared.
        folder: Where savers save, each in a folder of its own.
        until: When all stop.
        written: The names that each writer has added.
    """

    kind: Any
    retriever: Any
    folder: Path
    until: float
    written: list[list[str]]

    def write(self, number: int) -> Done:
        """Add passages one by one."""
        for at in count():
            if monotonic() > self.until:
                break
            name = f"{number}-{at}"
            self.retriever.add([Passage(text_of(name), id=name)])
            self.written[number].append(name)
        return len(self.written[number]), 0

    def read(self, number: int) -> Done:
        """Search for what is written: each text must find itself, and no hit may bear another's text."""
        asked = wrong = 0
        while monotonic() < self.until:
            own = self.written[number % WRITERS]
            name = own[(asked * 7919) % len(own)] if own else "seed"
            hits = self.retriever.retrieve(text_of(name), k=3)
            asked += 1
            wrong += not hits or hits[0].id != name or any(hit.text != text_of(hit.id) for hit in hits)
        return asked, wrong

    def save(self, number: int) -> Done:
        """Save and load: each state must be whole."""
        saved = wrong = 0
        while monotonic() < self.until:
            self.retriever.save(self.folder / str(number))
            again = self.kind.load(self.folder / str(number), Hashing())
            saved += 1
            wrong += any(p.text != text_of(p.id) for p in again)
        return saved, wrong

    def end(self) -> dict[str, int]:
        """What is wrong when all have stopped."""
        names = ["seed", *(name for own in self.written for name in own)]
        self.retriever.save(self.folder / "last")
        again = self.kind.load(self.folder / "last", Hashing())
        found = [(p.id, p.text) for p in self.retriever]
        return {
            "lost or twice": len(set(names) ^ {name for name, _ in found}) + len(found) - len(names),
            "do not find themselves": sum(self.retriever.retrieve(text_of(name), k=1)[0].id != name for name in names),
            "unlike after reload": int([(p.id, p.text) for p in again] != found),
        }


def stress(kind: Any, seconds: float, folder: Path) -> dict[str, int]:
    """Run them all, and count what was done and what was wrong."""
    retriever = kind.build([Passage(text_of("seed"), id="seed")], Hashing())
    shared = Stress(kind, retriever, folder, monotonic() + seconds, [[] for _ in range(WRITERS)])
    with ThreadPoolExecutor(WRITERS + READERS + SAVERS) as pool:
        jobs = {
            "written": [pool.submit(shared.write, at) for at in range(WRITERS)],
            "searches": [pool.submit(shared.read, at) for at in range(READERS)],
            "states reloaded": [pool.submit(shared.save, at) for at in range(SAVERS)],
        }
        results = {name: [job.result() for job in own] for name, own in jobs.items()}
    told = {name: sum(done for done, _ in own) for name, own in results.items()}
    wrong = {f"wrong {name}": sum(bad for _, bad in own) for name, own in results.items() if name != "written"}
    return told | wrong | shared.end()


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
    return int(any(found[name] for name in found if name not in DID))


if __name__ == "__main__":
    raise SystemExit(main())
