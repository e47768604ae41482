"""The data sets as one pool of passages with silver labels, and the pool's states on disk.

Silver labels: a sentence supports when it overlaps a supporting span. When the answer string is found more than
once, any of its sentences will do (the listwise loss asks for their summed probability), and sentences that repeat
the answer without being marked are left out of the loss.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ragcompress.core.segment import sentences
from ragcompress.training.labeller.data import Item, Place, PoolPassage
from ragcompress.training.labeller.store import StateStore, build_store
from ragcompress.training.labeller.subjects import about_claims, about_sentences

__all__ = ["Corpus", "is_held", "item_of", "load_items", "open_corpus", "read_records"]


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """The passages, their states with and without their titles, and the labelled questions."""

    pool: list[PoolPassage]
    items: list[Item]
    store: StateStore
    untitled: StateStore


def open_corpus(data: Path, work: Path, *, workers: int) -> Corpus:
    """Read the data sets and open the two state stores, building what is missing (ten CPU minutes each).

    Args:
        data: Folder of the training sets.
        work: Folder of the stores.
        workers: Processes that build them.
    """
    pool, items = load_items(data)
    bare = [replace(passage, title="") for passage in pool]
    return Corpus(
        pool,
        items,
        _store(pool, work / "store", workers=workers),
        _store(bare, work / "untitled", workers=workers),
    )


def _store(pool: Sequence[PoolPassage], folder: Path, *, workers: int) -> StateStore:
    if not StateStore.is_whole(folder):
        build_store(pool, folder, workers=workers)
    return StateStore.open(folder)


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of one gzipped JSON-lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


_FILES = {
    "squad": "squad_train.jsonl.gz",
    "shifts": "squadshifts_wiki_train.jsonl.gz",
    "fever": "fever_train.jsonl.gz",
    "2wiki": "2wiki_train.jsonl.gz",
}


def load_items(folder: Path) -> tuple[list[PoolPassage], list[Item]]:
    """The four English training sets as one passage pool and its labelled questions, and questions made from them."""
    pool: list[PoolPassage] = []
    index: dict[tuple[str, str], int] = {}
    items: list[Item] = []
    for source, name in _FILES.items():
        for record in read_records(folder / name):
            numbers = [_intern(passage, source, pool, index) for passage in record["passages"]]
            item = item_of(record, numbers, source, pool, held_out=_held_out(record, source))
            if item is not None:
                items.append(item)
                if record["answers"] == ["SUPPORTS"]:
                    items.extend(about_claims(item, pool))
    for number, passage in enumerate(pool):
        if passage.source in {"fever", "2wiki"}:
            items.extend(about_sentences(number, passage, held_out=is_held(passage.title, 20)))
    return pool, items


def _intern(passage: Mapping[str, Any], source: str, pool: list[PoolPassage], index: dict[tuple[str, str], int]) -> int:
    key = (passage["title"], passage["text"])
    if key not in index:
        index[key] = len(pool)
        pool.append(PoolPassage(*key, source, sentences(key[1], "en")))
    return index[key]


def item_of(
    record: Mapping[str, Any], numbers: Sequence[int], source: str, pool: Sequence[PoolPassage], *, held_out: bool
) -> Item | None:
    """A record's question with its places in the pool; None if none of its passages supports an answer.

    Args:
        record: As in the data's README.
        numbers: Of its passages in the pool.
        source: Data set.
        pool: All passages.
        held_out: Whether it is kept for choosing.
    """
    is_answer = record["meta"]["support_type"] == "answer"
    answers = tuple(record["answers"]) if is_answer else ()
    groups: list[tuple[Place, ...]] = []
    spans: list[tuple[int, int, int]] = []
    masked: list[Place] = []
    for number, passage in zip(numbers, record["passages"], strict=True):
        tiles = pool[number].sentences
        found = [i for i, tile in enumerate(tiles) if any(_overlap(tile, span) for span in passage["support"])]
        if not found:
            continue
        places = tuple((number, i) for i in found)
        groups.extend([places] if is_answer else [(place,) for place in places])
        if is_answer:
            spans.extend((number, start, end) for start, end in passage["support"])
            masked.extend(place for place in _repeats(number, tiles, pool[number].text, answers) if place not in places)
    if not groups:
        return None
    own = tuple(n for n in numbers if n not in {place[0] for group in groups for place in group})
    return Item(record["question"], source, tuple(groups), tuple(masked), answers, tuple(spans), own, held_out)


def _overlap(tile: tuple[int, int], span: Sequence[int]) -> bool:
    return max(tile[0], span[0]) < min(tile[1], span[1])


def _repeats(number: int, tiles: Sequence[tuple[int, int]], text: str, answers: Sequence[str]) -> Iterator[Place]:
    for i, (start, end) in enumerate(tiles):
        sentence = text[start:end].casefold()
        if any(answer.casefold() in sentence for answer in answers):
            yield number, i


def _held_out(record: Mapping[str, Any], source: str) -> bool:
    """One article in forty of SQuAD, one question in twenty elsewhere; by name, so that reruns agree."""
    by_article = source in {"squad", "shifts"}
    name = record["passages"][0]["title"] if by_article else record["id"]
    return is_held(name, 40 if by_article else 20)


def is_held(name: str, modulus: int) -> bool:
    """One name in ``modulus``."""
    return int(hashlib.sha1(name.encode()).hexdigest(), 16) % modulus == 0
