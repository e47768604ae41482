"""The pieces of work whose every file operation is failed: retrievers, resumable builds, jobs, the service's store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ragcompress.core.errors import BadIndex, DamagedIndex
from ragcompress.core.types import Passage
from ragcompress.retriever import DenseRetriever, HybridRetriever

from .faults import Scenario
from .figures import Hashing, Lengths, pin_store, text_of

__all__ = ["scenarios"]

NAMES = [f"n{at}" for at in range(6)]


def scenarios() -> list[Scenario]:
    """All of them; those of bulk and service where their packages are installed."""
    return [
        Scenario("first save", lambda folder: None, _first_save, _read),
        Scenario("add, upsert, delete and save", _first_save, _change, _read),
        Scenario("hybrid add and save", _hybrid_save, _hybrid_change, _read),
        Scenario(
            "build that resumes", lambda folder: None, _resumed, _shards, lambda *states: states[1] in ("", "all")
        ),
        Scenario("job of bulk", _rows, _job, _job_state),
        Scenario(
            "pins of the service", _pin_first, _pin_more, _pins, lambda before, now, after: before <= now <= after
        ),
    ]


def _passages(names: list[str]) -> list[Passage]:
    return [Passage(text_of(name), id=name) for name in names]


def _first_save(folder: Path) -> None:
    DenseRetriever.build(_passages(NAMES), Hashing(), precompute=[Lengths()]).save(folder / "index")


def _change(folder: Path) -> None:
    retriever = DenseRetriever.load(folder / "index", Hashing())
    retriever.add([*_passages(["new", "newer"]), Passage("another text", id=NAMES[0])])
    retriever.delete(NAMES[1:3])
    retriever.save(folder / "index")


def _hybrid_save(folder: Path) -> None:
    HybridRetriever.build(_passages(NAMES), Hashing()).save(folder / "index")


def _hybrid_change(folder: Path) -> None:
    retriever = HybridRetriever.load(folder / "index", Hashing())
    retriever.add(_passages(["new"]))
    retriever.save(folder / "index")


def _read(folder: Path) -> Any:
    """Every passage, found by its own text as well; "nothing" where no save ever ended."""
    try:
        retriever = HybridRetriever.load(folder / "index", Hashing())
    except DamagedIndex as error:
        if "CURRENT is missing" in str(error):
            return "nothing"  # the first save never came to its end
        raise
    except BadIndex:
        return "nothing"
    beside = {p.id: retriever.dense.sidecar_of("lengths", p.id) for p in retriever}
    found = [(p.id, p.text, None if (own := beside[p.id]) is None else own.tolist()) for p in retriever]
    assert all(retriever.dense.retrieve(text, k=1)[0].id == name for name, text, _ in found)
    return sorted(found, key=lambda row: row[0])


def _resumed(folder: Path) -> None:
    DenseRetriever.build(_passages(NAMES), Hashing(), resume_folder=folder / "shards")


def _shards(folder: Path) -> str:
    """Whether a build over what is there gives what a build over nothing gives."""
    there = any((folder / "shards").glob("shard-*")) if (folder / "shards").exists() else False
    made = DenseRetriever.build(_passages(NAMES), Hashing(), resume_folder=folder / "shards" if there else None)
    fresh = DenseRetriever.build(_passages(NAMES), Hashing())
    return "all" if there and (made.vectors() == fresh.vectors()).all() else "" if not there else "wrong"


def _rows(folder: Path) -> None:
    rows = [{"id": name, "query": "What is called n1?", "passages": [text_of(name)]} for name in NAMES]
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _job(folder: Path) -> None:
    from ragcompress.bulk import compress_dataset

    compress_dataset(
        str(folder / "in.jsonl"), budget=4, compressor="truncate", out=str(folder / "out.jsonl"),
        job=folder / "job", engine="here", chunk=2,
    )  # fmt: skip


def _job_state(folder: Path) -> Any:
    path = folder / "out.jsonl"
    if not path.exists():
        return "nothing"
    return [(row["id"], row["text"], row["error"]) for row in map(json.loads, path.read_text().splitlines())]


def _pin_first(folder: Path) -> None:
    _pin(folder, NAMES[:2])


def _pin_more(folder: Path) -> None:
    _pin(folder, NAMES)


def _pin(folder: Path, names: list[str]) -> None:
    from ragcompress.service.store import Pin

    store = pin_store(folder)
    try:
        for name in names:
            store.pin("me", name, Pin(f"short {name}", f"hash {name}"), text_of(name) * 40)
    finally:
        store.close()


def _pins(folder: Path) -> frozenset[tuple[str, str, str]]:
    """The pins with their originals; one without the other is no state at all."""
    store = pin_store(folder)
    try:
        pins = {name: store.pinned("me", name) for name in NAMES}
        return frozenset((n, pin.text, str(store.original("me", pin.hash))) for n, pin in pins.items() if pin)
    finally:
        store.close()
