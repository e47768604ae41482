"""What actors bring and what they cost: the same job with one and with two; rows a second, memory, processor time.

python -m pipelines.proofs.bulk_actors --data squad_train --rows 20000 --method lexical --out runs/actors
python -m pipelines.proofs.bulk_actors --data squad_train_multi --rows 500 --method labeller --out runs/actors

Rows a second are counted from the first chunk that is done to the last, so that a start is not in them. On a machine
that has other work they say little; "cores" is what the actors really got, and rows per second of processor time is
what another machine can reckon with.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from eval.datasets import find
from pipelines.proofs.proof import must
from ragcompress.core.errors import require


@dataclass
class Watched:
    """Workers of one job, by process id.

    Attributes:
        memory: The most bytes that each held.
        busy: Its processor time, in seconds.
    """

    memory: dict[int, int] = field(default_factory=dict)
    busy: dict[int, float] = field(default_factory=dict)

    def look(self, driver: Any, here: bool) -> None:
        """Look once."""
        for each in [driver] if here else driver.children(recursive=True):
            with suppress(Exception):  # gone meanwhile
                named = " ".join(each.cmdline())
                if here or "MapWorker" in named or "spawn_main" in named:
                    self.memory[each.pid] = max(self.memory.get(each.pid, 0), each.memory_info().rss)
                    self.busy[each.pid] = sum(each.cpu_times()[:2])


def main() -> None:
    """A table, one row per engine and number of actors; all must have made the same rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="squad_train", help="a data set's name, or a .jsonl or .jsonl.gz file")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--method", default="lexical")
    parser.add_argument("--keep", default="0.2")
    parser.add_argument("--chunk", type=int, default=64)
    parser.add_argument("--runs", default="here:1,ray:1,ray:2", help="engine:actors")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    source = options.out / "in.jsonl"
    opened = gzip.open if (found := find(options.data)).suffix == ".gz" else open
    with opened(found, "rt", encoding="utf-8") as given, source.open("w", encoding="utf-8") as file:
        file.writelines(islice(given, options.rows))
    print(f"{options.rows:,} rows of {options.data}, {options.method}, {options.keep} kept")
    print("| engine | actors | in all | rows/s | cores | rows per processor second | memory per actor |")
    print("|---|---|---|---|---|---|---|")
    made = set()
    for run in options.runs.split(","):
        engine, _, actors = run.partition(":")
        out = options.out / f"{engine}{actors}.jsonl"
        _one(source, out, engine, int(actors), options)
        made.add(out.read_bytes())
    must(len(made) == 1, "all made the same rows, byte for byte")


def _one(source: Path, out: Path, engine: str, actors: int, options: argparse.Namespace) -> None:
    job = out.with_suffix(".job")
    shutil.rmtree(job, ignore_errors=True)
    command = [sys.executable, "-m", "ragcompress", "bulk", "compress", str(source), str(out), "--json"]
    command += ["--method", options.method, "--keep", options.keep, "--job", str(job), "--chunk", str(options.chunk)]
    command += ["--engine", engine, "--actors", str(actors)]
    began, watched = time.monotonic(), Watched()
    with (options.out / "log").open("ab") as log:
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        driver = require("psutil", "scale-tests").Process(running.pid)
        while running.poll() is None:
            watched.look(driver, engine == "here")
            time.sleep(0.5)
    must(running.returncode == 0, f"{engine} with {actors} is done")
    assert running.stdout is not None
    told = json.loads(running.stdout.read())
    must(told["failed"] == 0, f"{told['rows']:,} rows, none with an error")
    _tell(engine, actors, told["rows"], time.monotonic() - began, sorted(_ends(job)), watched)


def _ends(job: Path) -> list[float]:
    return [path.stat().st_mtime for path in job.glob("parts/part-*") if path.suffix != ".try"]


def _tell(engine: str, actors: int, rows: int, seconds: float, ends: list[float], watched: Watched) -> None:
    span, busy = ends[-1] - ends[0], sum(watched.busy.values())
    rate = rows * (1 - 1 / len(ends)) / max(span, 1e-9)
    most = " + ".join(f"{memory / 1e6:,.0f}" for memory in sorted(watched.memory.values())[-actors:])
    own = f"{busy / seconds:.2f} | {rows / busy:,.1f} | {most} MB"
    print(f"| {engine} | {actors} | {seconds:.0f} s | {rate:,.1f} | {own} |", flush=True)


if __name__ == "__main__":
    main()
