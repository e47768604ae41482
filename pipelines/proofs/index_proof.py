"""What the retriever promises, shown at size: resuming, memory, and crashes.

python -m pipelines.proofs.index_proof encode  [--limit N]        encode the wiki corpus, interrupt it, go on
python -m pipelines.proofs.index_proof memory  [--passages N]     300,000 passages saved, mapped and searched in 4 GB
python -m pipelines.proofs.index_proof kills   [--kills N]        SIGKILL in the middle of save, N times
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.index import read_corpus
from pipelines.proofs.index_memory import DIM, memory_build, memory_search, prove_memory
from pipelines.proofs.proof import ProofFailed, child, must, result_of
from ragcompress import DenseRetriever
from ragcompress.retriever.embed import normalise

DATA = Path(os.environ.get("RAGCOMPRESS_DATA", "../shared/data"))


def prove_encode(folder: Path, *, limit: int | None) -> None:
    """Interrupt the encoding (Ctrl-C) at its third shard, run it again, and compare what each run did."""
    more = [] if limit is None else ["--limit", limit]
    shards = folder / "shards"
    before = len(list(shards.glob("shard-*")))
    first = child("encode-once", folder, *more)
    while first.poll() is None and len(list(shards.glob("shard-*"))) < before + 3:
        time.sleep(0.1)
    if first.poll() is not None:
        raise ProofFailed(f"the run was over before it could be interrupted; delete {shards} to start afresh")
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
    parser.add_argument("--kind", choices=["flat", "hnsw", "ivfpq"], default=None)
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = options.folder
    parts: dict[str, Callable[[], None]] = {
        "encode": lambda: prove_encode(folder, limit=options.limit),
        "memory": lambda: prove_memory(folder, n=options.passages, kind=options.kind),
        "kills": lambda: prove_kills(folder, kills=options.kills),
        "encode-once": lambda: print(json.dumps(encode_once(folder, limit=options.limit))),
        "memory-build": lambda: print(json.dumps(memory_build(folder, n=options.passages, kind=options.kind))),
        "memory-search": lambda: print(json.dumps(memory_search(folder))),
        "kill-me": lambda: kill_me(folder),
    }
    if options.part not in parts:
        parser.error(f"part is {options.part!r}; give encode, memory or kills")
    try:
        parts[options.part]()
    except KeyboardInterrupt:
        sys.exit("interrupted; finished shards are kept, run it again to go on")


if __name__ == "__main__":
    main()
