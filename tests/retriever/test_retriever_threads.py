"""Threads that share a retriever: nothing is lost, nothing stands beside the wrong text, every reading is whole."""

from __future__ import annotations

import asyncio
import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import pytest
from retriever_doubles import WordEncoder

from ragcompress.core.types import Passage
from ragcompress.retriever import DenseRetriever, HybridRetriever
from ragcompress.retriever.gate import Gate

NAMES = [f"{writer}-{at}" for writer in range(4) for at in range(50)]


def _text(name: str) -> str:
    return f"the text that is called {name}"


def _write(retriever, writer: int) -> None:
    for at in range(50):
        name = f"{writer}-{at}"
        retriever.add([Passage(_text(name), id=name), Passage(_text(f"gone {name}"), id=f"gone-{name}")])
        retriever.delete([f"gone-{name}"])


def _wrong(retriever) -> list[str]:
    """Ids that are lost, or whose exact text does not find itself."""
    found = {name: retriever.retrieve(_text(name), k=1) for name in NAMES}
    return [name for name, hits in found.items() if not hits or hits[0].text != _text(name)]


@pytest.mark.parametrize("kind", [DenseRetriever, HybridRetriever])
def test_writers_readers_and_savers_together(kind, tmp_path: Path) -> None:
    retriever = kind.build([Passage("seed", id="seed")], WordEncoder())

    def read(_: int) -> None:
        for name in NAMES[::7]:
            for hit in retriever.retrieve(_text(name), k=3):
                assert hit.text in ("seed", _text(hit.id), _text(hit.id.replace("gone-", "gone ")))

    def save(_: int) -> None:
        for _ in range(4):
            retriever.save(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(_write, retriever, at) for at in range(4)]
        jobs += [pool.submit(work, at) for at in range(2) for work in (read, save)]
        for job in jobs:
            job.result()
    assert sorted(p.id for p in retriever) == sorted(["seed", *NAMES])
    assert _wrong(retriever) == []
    retriever.save(tmp_path)
    again = kind.load(tmp_path, WordEncoder())
    assert sorted(p.id for p in again) == sorted(["seed", *NAMES])
    assert _wrong(again) == []


def test_texts_added_side_by_side_in_an_event_loop() -> None:
    pytest.importorskip("langchain_core")
    from ragcompress.integrations.langchain import FaissVectorStore

    store = FaissVectorStore(WordEncoder())

    async def add_all() -> None:
        await asyncio.gather(*(store.aadd_texts([_text(name)], ids=[name]) for name in NAMES))

    asyncio.run(add_all())
    assert len(store) == len(NAMES)
    assert _wrong(store.retriever) == []


@pytest.mark.parametrize("kind", [DenseRetriever, HybridRetriever])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_answers_alike_and_stands_alone(kind, copied) -> None:
    retriever = kind.build([Passage(_text(name), id=name) for name in NAMES[:20]], WordEncoder())
    retriever.delete([NAMES[3]])
    other = copied(retriever)
    assert other.retrieve(_text(NAMES[5]), k=5) == retriever.retrieve(_text(NAMES[5]), k=5)
    other.delete([NAMES[5]])
    assert retriever.get([NAMES[5]])
    assert not other.get([NAMES[5]])


def test_a_gate_is_reentrant_for_who_is_inside() -> None:
    gate = Gate()
    with gate.reading(), gate.reading():
        pass
    with gate.writing(), gate.writing(), gate.reading():
        pass
    assert isinstance(copy.deepcopy(gate), Gate)


def test_readers_that_wait_come_before_the_next_writer() -> None:
    """Writers that queue up one behind another once kept searches out until the last of them had left."""
    gate, order = Gate(), []
    begun, queued = Barrier(2), Event()

    def write(name: str) -> None:
        with gate.writing():
            order.append(name)
            if name == "first":
                begun.wait(10)
                queued.wait(10)

    def read() -> None:
        with gate.reading():
            order.append("reader")

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(write, "first")]
        begun.wait(10)
        jobs += [pool.submit(write, "second"), pool.submit(write, "third")]
        while gate._waiting < 2:
            pass
        jobs.append(pool.submit(read))
        while gate._queued < 1:
            pass
        queued.set()
        for job in jobs:
            job.result(10)
    assert order.index("reader") == 1
