"""Bulk jobs that are killed: an actor, the driver, or all of Ray, at random moments; nothing is lost or doubled.

python -m pipelines.proofs.bulk_kills --rows 20000 --chunk 64 --rounds 10 --engine ray --out runs/kills

A moment is a number of chunks that are done, drawn from all but the last tenth of the job.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipelines.proofs.proof import must
from ragcompress.core.errors import require

VICTIMS = ("actor", "driver", "ray")
STARTS = 5  # of a job, at most: on a busy machine Ray may not come up in the 30 s that it gives itself


def main() -> None:
    """One unbroken run, then as many broken ones as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--kills", type=int, default=1, help="in every round")
    parser.add_argument("--engine", choices=("ray", "processes"), default="ray")
    parser.add_argument("--method", default="lexical")
    parser.add_argument("--chunk", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(options.out / "whole.job", ignore_errors=True)
    source = options.out / "in.jsonl"
    write_questions(source, options.rows)
    began = time.monotonic()
    _finish(_started(source, options.out / "whole", options, engine="here"))
    print(f"unbroken: {options.rows:,} rows in {time.monotonic() - began:.0f} s", flush=True)
    whole = (options.out / "whole.jsonl").read_bytes()
    ids = [json.loads(line)["id"] for line in whole.splitlines()]
    must(len(ids) == len(set(ids)) == options.rows, f"every id of {len(ids):,} is there once")
    rng = random.Random(options.seed)
    for number in range(options.rounds):
        victim = VICTIMS[number % (3 if options.engine == "ray" else 2)]
        told = _round(source, options, victim, rng)
        must((options.out / "broken.jsonl").read_bytes() == whole, f"round {number + 1}, {told}: equal byte for byte")


def _round(source: Path, options: argparse.Namespace, victim: str, rng: random.Random) -> str:
    """Start, kill, start again until it is done; in words."""
    place = options.out / "broken"
    shutil.rmtree(f"{place}.job", ignore_errors=True)
    moments = []
    for _ in range(options.kills):
        there, last = len(_parts(place)), options.rows // options.chunk
        running = _begun(source, place, options, rng.randint(there + 1, max(there + 1, int(0.9 * last))))
        moments.append(_kill(running, place, victim))
        if victim == "driver":
            running.wait()
    if victim != "driver":
        with suppress(subprocess.CalledProcessError):
            _finish(running)  # it goes on by itself, or gives up
    began = time.monotonic()
    for _ in range(STARTS):
        if _started(source, place, options).wait() == 0:
            break
    told = ", ".join(map(str, moments))
    return f"{victim} killed with {told} of {last} chunks done, {time.monotonic() - began:.0f} s to go on"


def _parts(place: Path) -> list[Path]:
    return [path for path in Path(f"{place}.job", "parts").glob("part-*") if path.suffix != ".try"]


def _begun(source: Path, place: Path, options: argparse.Namespace, parts: int) -> subprocess.Popen[bytes]:
    """The job, running, with so many chunks done; begun again where Ray did not start."""
    for _ in range(STARTS):
        running = _started(source, place, options)
        while running.poll() is None:
            if len(_parts(place)) >= parts:
                return running
            time.sleep(0.05)
        if running.returncode == 0:
            raise SystemExit("the job was done before it could be killed; give it more --rows")
    raise SystemExit(f"the job could not be started {STARTS} times; see {options.out / 'log'}")


def _kill(running: subprocess.Popen[bytes], place: Path, victim: str) -> int:
    """Kill -9; how many chunks were done."""
    process = require("psutil", "ray").Process(running.pid)
    family = process.children(recursive=True)
    actors = [each for each in family if "MapWorker" in _name(each) or "spawn_main" in _name(each)]
    doomed = {"actor": actors[:1], "driver": [process], "ray": family}[victim]
    must(bool(doomed), f"there is a {victim} to kill")
    for each in doomed:
        with suppress(Exception):  # gone by itself meanwhile
            each.kill()
    done = len(_parts(place))
    if victim == "driver":
        _wait_for(family)
    return done


def _wait_for(family: list[Any]) -> None:
    """Ray's own processes leave when their driver is gone; those that don't in a minute are killed."""
    psutil = require("psutil", "ray")
    for each in psutil.wait_procs(family, timeout=60)[1]:
        with suppress(Exception):
            each.kill()


def _name(process: Any) -> str:
    try:
        return " ".join(process.cmdline())
    except Exception:  # gone meanwhile
        return ""


def _started(
    source: Path, place: Path, options: argparse.Namespace, engine: str | None = None
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ragcompress", "bulk", "compress", str(source), f"{place}.jsonl"]
    command += ["--method", options.method, "--budget", "60", "--job", f"{place}.job", "--chunk", str(options.chunk)]
    command += ["--engine", engine or options.engine, "--actors", "1" if engine else "2"]
    patient = os.environ | {"RAY_raylet_start_wait_time_s": "300"}  # this machine may have other work
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=(options.out / "log").open("ab"), env=patient)


def _finish(running: subprocess.Popen[bytes]) -> None:
    if running.wait() != 0:
        raise subprocess.CalledProcessError(running.returncode, running.args)


def write_questions(path: Path, rows: int) -> None:
    """Questions over passages of made-up words, with two bad lines; the same every time."""
    rng = random.Random(7)
    words = ["".join(rng.choices("aeioulmnrst", k=rng.randint(2, 8))) for _ in range(3000)]

    def sentence() -> str:
        return " ".join(rng.choices(words, k=12)).capitalize() + ". "

    with path.open("w", encoding="utf-8") as file:
        for at in range(rows):
            passages = ["".join(sentence() for _ in range(6)) for _ in range(5)]
            row = {"id": f"q{at}", "query": " ".join(rng.choices(words, k=5)), "passages": passages}
            file.write("no JSON\n" if at in (rows // 3, rows // 2) else json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
