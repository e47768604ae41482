"""What the retriever promises, shown at size: resuming, memory, and crashes.

python -m pipelines.index_proof encode  [--limit N]        encode the wiki corpus, interrupt it, go on
python -m pipelines.index_proof memory  [--passages N]     300,000 passages saved, mapped and searched in 4 GB
python -m pipelines.index_proof kills   [--kills N]        SIGKILL in the middle of save, N times
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.index import read_corpus
from ragcompress import DenseRetriever, Passage
from ragcompress.retriever.embed import normalise

DATA = Path(os.environ.get("RAGCOMPRESS_DATA", "../shared/data"))
LIMIT_GB = 4.0
DIM = 384


class ProofFailed(Exception):
    """A promise did not hold."""


def must(held: bool, promise: str) -> None:
    """Print a promise that held; stop at one that did not."""
    if not held:
        raise ProofFailed(promise)
    print(f"  ok: {promise}", flush=True)


def child(step: str, folder: Path, *arguments: object) -> subprocess.Popen[str]:
    """Run one step of this script in a process of its own, its standard output piped."""
    command = [sys.executable, "-m", "pipelines.index_proof", step, "--folder", str(folder), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The JSON object a step printed last."""
    out, _ = process.communicate()
    if process.returncode:
        raise ProofFailed(f"a step ended with {process.returncode}")
    return dict(json.loads(out.splitlines()[-1]))


def peak_gb() -> float:
    """This process's peak resident memory, mapped pages included (VmHWM: unlike ru_maxrss, its own)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


# --- 1. encode, interrupt, go on ---------------------------------------------------------------------------------


def prove_encode(folder: Path, *, limit: int | None) -> None:
    """Interrupt the encoding (Ctrl-C) at its third shard, run it again, and compare what each run did."""
    more = [] if limit is None else ["--limit", limit]
    shards = folder / "shards"
    first = child("encode-once", folder, *more)
    while first.poll() is None and len(list(shards.glob("shard-*"))) < 3:
        time.sleep(0.1)
    first.send_signal(signal.SIGINT)
    first.wait()
    done = len(list(shards.glob("shard-*")))
    print(f"interrupted with {done} shards of 512 passages on disk")
    must(first.returncode != 0, "the first run was interrupted")
    result = result_of(child("encode-once", folder, *more))
    print(f"second run: {result['seconds']:.0f} s, {result['passages']:,} passages, {result['kind']}")
    kept = sum(path.stat().st_mtime < result["began"] for path in shards.glob("shard-*"))
    must(kept >= done > 0, f"the second run took {kept} finished shards as they were")
    must(result["passages"] == result["corpus"], f"all {result['corpus']:,} passages are indexed and saved")
    must(result["first"] == result["asked"], "asked for the first passage's text, the index finds that passage")


def encode_once(folder: Path, *, limit: int | None) -> dict[str, Any]:
    """One run of the build, with its progress bar."""
    began, start = time.time(), time.perf_counter()
    passages = list(islice(read_corpus(DATA / "wiki_pool_corpus.jsonl.gz"), limit))
    retriever = DenseRetriever.build(passages, progress=True, resume_folder=folder / "shards")
    retriever.save(folder / "wiki")
    found = retriever.retrieve(passages[0].text, 1)[0]
    return {
        "began": began,
        "seconds": time.perf_counter() - start,
        "passages": len(retriever),
        "corpus": len(passages),
        "kind": retriever.kind,
        "first": found.id,
        "asked": passages[0].id,
    }


# --- 2. memory ---------------------------------------------------------------------------------------------------


def prove_memory(folder: Path, *, n: int) -> None:
    """Save in one process; load and search in a fresh one."""
    built = result_of(child("memory-build", folder, "--passages", n))
    print(f"built from {built['source']}: {built['kind']}, {built['build_s']:.0f} s; saved in {built['save_s']:.1f} s,")
    print(f"  {built['gb']:.2f} GB on disk; peak memory of building and saving {built['peak_gb']:.2f} GB")
    found = result_of(child("memory-search", folder))
    print(f"loaded {found['passages']:,} passages: {found['verified_s']:.2f} s with checksums, {found['load_s']:.2f} s")
    print(f"  without; search {found['ms']:.1f} ms a question, encoding it included; recall@10 {found['recall']:.3f}")
    print(f"  peak memory {found['peak_gb']:.2f} GB ({found['check_gb']:.2f} GB after exact search for the recall)")
    must(found["passages"] == n, f"{n:,} passages loaded")
    must(max(found["check_gb"], built["peak_gb"]) < LIMIT_GB, f"never above {LIMIT_GB:.0f} GB")


def seed_vectors(folder: Path) -> tuple[NDArray[np.float32], str]:
    """The corpus's vectors if step 1 left them, else clustered ones of the same size."""
    if (folder / "wiki" / "CURRENT").exists():
        retriever = DenseRetriever.load(folder / "wiki")
        return retriever.vectors(), f"the {len(retriever):,} vectors of the wiki corpus, with noise"
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(1000, DIM))
    points = centres[rng.integers(0, 1000, 16_695)] + 1.0 * rng.normal(size=(16_695, DIM))
    return normalise(points.astype(np.float32)), "16,695 clustered random vectors, with noise"


def memory_build(folder: Path, *, n: int) -> dict[str, Any]:
    """Spread the vectors to ``n`` by noise of half their length, index and save."""
    seeds, source = seed_vectors(folder)
    rng = np.random.default_rng(1)
    vectors = np.empty((n, DIM), dtype=np.float32)
    for start in range(0, n, len(seeds)):
        part = seeds[: n - start]
        noise = rng.normal(scale=0.5 / DIM**0.5, size=part.shape).astype(np.float32)
        vectors[start : start + len(part)] = normalise(part + noise)
    passages = [Passage(f"Passage {i}. " + "Some text of usual length. " * 20, id=f"p{i}") for i in range(n)]
    start_s = time.perf_counter()
    retriever = DenseRetriever.from_vectors(passages, vectors)
    built_s = time.perf_counter()
    retriever.save(folder / "large")
    size = sum(path.stat().st_size for path in (folder / "large").rglob("*") if path.is_file())
    return {
        "source": source,
        "kind": retriever.kind,
        "build_s": built_s - start_s,
        "save_s": time.perf_counter() - built_s,
        "gb": size / 2**30,
        "peak_gb": peak_gb(),
    }


def memory_search(folder: Path) -> dict[str, Any]:
    """Load mapped, search; then compare with exact search, which reads all vectors."""
    times = [time.perf_counter()]
    DenseRetriever.load(folder / "large")
    times.append(time.perf_counter())
    retriever = DenseRetriever.load(folder / "large", verify=False)
    times.append(time.perf_counter())
    questions = [f"Where was number {i} built, and by whom?" for i in range(100)]
    retriever.retrieve(questions[0], 10)
    begin = time.perf_counter()
    for question in questions:
        retriever.retrieve(question, 10)
    ms = (time.perf_counter() - begin) * 10
    peak = peak_gb()
    return {
        "passages": len(retriever),
        "verified_s": times[1] - times[0],
        "load_s": times[2] - times[1],
        "ms": ms,
        "peak_gb": peak,
        "recall": recall(retriever),
        "check_gb": peak_gb(),
    }


def recall(retriever: DenseRetriever) -> float:
    """Share of the exact ten nearest that the index finds, for noisy copies of 200 of its vectors."""
    vectors, rng = retriever.vectors(), np.random.default_rng(2)
    rows = rng.integers(0, len(vectors), 200)
    queries = normalise(vectors[rows] + rng.normal(scale=0.5 / DIM**0.5, size=(200, DIM)).astype(np.float32))
    exact = np.argpartition(-(queries @ vectors.T), 10, axis=1)[:, :10]
    found = retriever.search_vectors(queries, 10)
    return float(np.mean([len(set(a[0].tolist()) & set(b.tolist())) / 10 for a, b in zip(found, exact, strict=True)]))


# --- 3. kills ----------------------------------------------------------------------------------------------------


def prove_kills(folder: Path, *, kills: int) -> None:
    """Kill a process in the middle of its saves, and open what it left, ``kills`` times."""
    home, rng = folder / "killed", random.Random(0)
    vectors = normalise(np.random.default_rng(0).normal(size=(20_000, DIM)).astype(np.float32))
    DenseRetriever.from_vectors([f"passage {i}" for i in range(len(vectors))], vectors).save(home)
    outcomes = {"the old index": 0, "the new index": 0}
    for _ in range(kills):
        before = len(DenseRetriever.load(home))
        known = killed_while_saving(home, rng)
        retriever = DenseRetriever.load(home)  # every checksum is compared here
        if not (
            len(retriever) in (known, known + 1) and known >= before and len(retriever.retrieve("passage 7")) == 10
        ):
            raise ProofFailed(f"{len(retriever)} passages after a kill, {known} were saved before")
        outcomes["the old index" if len(retriever) == known else "the new index"] += 1
    left = len(list(home.glob("gen-*")))
    retriever.save(home)
    print(f"{kills} kills: {outcomes}; {left} generations lay there, {len(list(home.glob('gen-*')))} after a save")
    must(sum(outcomes.values()) == kills, f"after each of {kills} kills a whole index loads and answers")
    must(len(list(home.iterdir())) == 2, "the next save sweeps up what the kills left")


def killed_while_saving(home: Path, rng: random.Random) -> int:
    """Let a process add and save for a few rounds, kill it inside a save; the count it was last sure of."""
    while True:
        process, took = child("kill-me", home), 0.1
        assert process.stdout is not None
        for _ in range(rng.randint(0, 2)):
            began = float(process.stdout.readline().split()[1])
            took = float(process.stdout.readline().split()[1]) - began
        known = int(process.stdout.readline().split()[2])
        time.sleep(rng.random() * took)
        process.kill()
        rest = process.stdout.read()
        process.wait()
        if not rest:  # it did not get to say that this save was done
            return known


def kill_me(home: Path) -> None:
    """Add a passage and save, for ever, saying so before and after."""
    retriever = DenseRetriever.load(home)
    while True:
        known = len(retriever)
        retriever.add([f"one more: {known}"])
        print("saving", time.perf_counter(), known, flush=True)
        retriever.save(home)
        print("saved", time.perf_counter(), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one part, or one step of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part")
    parser.add_argument("--folder", type=Path, default=Path("runs/index_proof"))
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--passages", type=int, default=300_000)
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = options.folder
    parts = {
        "encode": lambda: prove_encode(folder, limit=options.limit),
        "memory": lambda: prove_memory(folder, n=options.passages),
        "kills": lambda: prove_kills(folder, kills=options.kills),
        "encode-once": lambda: print(json.dumps(encode_once(folder, limit=options.limit))),
        "memory-build": lambda: print(json.dumps(memory_build(folder, n=options.passages))),
        "memory-search": lambda: print(json.dumps(memory_search(folder))),
        "kill-me": lambda: kill_me(folder),
    }
    if options.part not in parts:
        parser.error(f"part is {options.part!r}; give encode, memory or kills")
    parts[options.part]()


if __name__ == "__main__":
    main()
