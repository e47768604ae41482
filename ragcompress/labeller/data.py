"""Training data: passages and questions with silver labels from the data sets.

Silver labels: a sentence supports when it overlaps a supporting span. When the answer string is found more than
once, any of its sentences will do (the listwise loss asks for their summed probability), and sentences that repeat
the answer without being marked are left out of the loss.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragcompress.segment import sentences

__all__ = ["STOP_WORDS", "Example", "Item", "PoolPassage", "keywords", "load_items", "merge", "read_records"]

Place = tuple[int, int]  # (pool passage, sentence)


@dataclass(frozen=True, slots=True)
class PoolPassage:
    """A passage of the training pool with its sentences."""

    title: str
    text: str
    source: str
    sentences: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled question.

    Attributes:
        question: As written.
        source: ``"squad"``, ``"shifts"``, ``"fever"`` or ``"2wiki"``.
        groups: Each group is a set of places of which one is needed; all groups are needed.
        masked: Places that take no part in the loss.
        answers: Answer strings, ``()`` where the support is whole sentences.
        spans: Answer spans ``(passage, start, end)`` for the token loss.
        own: The question's own distractors, where its data set brings them.
        held_out: Kept for choosing the checkpoint.
    """

    question: str
    source: str
    groups: tuple[tuple[Place, ...], ...]
    masked: tuple[Place, ...]
    answers: tuple[str, ...]
    spans: tuple[tuple[int, int, int], ...]
    own: tuple[int, ...]
    held_out: bool


@dataclass(frozen=True, slots=True)
class Example:
    """An `Item` as one draw shows it: with its passages chosen."""

    question: str
    passages: tuple[int, ...]
    groups: tuple[tuple[Place, ...], ...]
    masked: frozenset[Place] = frozenset()
    spans: tuple[tuple[int, int, int], ...] = field(default=())
    titled: bool = True


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
    """Read the four English training sets into one passage pool and its labelled questions."""
    pool: list[PoolPassage] = []
    index: dict[tuple[str, str], int] = {}
    items: list[Item] = []
    for source, name in _FILES.items():
        for record in read_records(folder / name):
            numbers = [_intern(passage, source, pool, index) for passage in record["passages"]]
            item = _item(record, numbers, source, pool)
            if item is not None:
                items.append(item)
    return pool, items


def _intern(passage: Mapping[str, Any], source: str, pool: list[PoolPassage], index: dict[tuple[str, str], int]) -> int:
    key = (passage["title"], passage["text"])
    if key not in index:
        index[key] = len(pool)
        pool.append(PoolPassage(*key, source, sentences(key[1], "en")))
    return index[key]


def _item(record: Mapping[str, Any], numbers: Sequence[int], source: str, pool: Sequence[PoolPassage]) -> Item | None:
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
    held_out = _held_out(record, source)
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
    modulus = 40 if by_article else 20
    return int(hashlib.sha1(name.encode()).hexdigest(), 16) % modulus == 0


_STOP_WORDS = """
    a about an and are as at be been being by can could did do does for from had has have he her his how in into is it
    its many may might much of on or shall she should than that the their then there these they this those to was were
    what when where which who whom whose why will with would
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def keywords(question: str) -> str:
    """The question without stop words and end mark; unchanged when little would be left."""
    kept = [word for word in question.rstrip("?. ").split() if word.lower() not in STOP_WORDS]
    return " ".join(kept) if len(kept) >= 2 else question


def merge(first: Example, second: Example, rng: random.Random) -> Example:
    """Two questions as one that needs the passages of both: a plain imitation of multi-hop."""
    passages = list(dict.fromkeys(first.passages + second.passages))
    rng.shuffle(passages)
    return Example(
        f"{first.question.rstrip('? ')} and {second.question}",
        tuple(passages),
        first.groups + second.groups,
        first.masked | second.masked,
        first.spans + second.spans,
        first.titled,
    )
