"""All training sets, of every kind and language, as one pool: so many questions of each that none drowns the others.

Unlike `open_corpus` nothing is encoded beforehand: `LiveStates` reads a passage when a draw shows it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.segment import bounds
from ragcompress.core.types import Passage
from ragcompress.models.encoders import Encoded, TokenEncoder
from ragcompress.models.labeller.matching import unit
from ragcompress.structure import units
from ragcompress.training.labeller.corpus import is_held, item_of, read_records
from ragcompress.training.labeller.data import Item, PoolPassage

__all__ = ["LiveStates", "Mixture", "load_mixture", "shares_of"]

POWER = 0.5  # a set's share goes with this power of its questions
MOST = 8000  # questions beyond which a set's share grows no more
LEAST_BYTES, ROOM = 1200, 1000  # UTF-8 bytes: a longer passage is cut down to so many around what supports
WEAK = {"molweni": 0.3, "doqa": 0.5, "qasper": 0.4, "pira": 2.0, "hotpot": 3.0, "2wiki": 2.0, "musique": 3.0}
TWICE = "squad_train_multi"  # the questions of squad_train once more


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """The pool and its questions.

    Attributes:
        pool: Passages; `PoolPassage.source` is the data set.
        items: Questions; those without groups have no answer in their own passages.
        languages: Of each item, ISO code.
    """

    pool: list[PoolPassage]
    items: list[Item]
    languages: list[str]


@dataclass(eq=False)
class LiveStates:
    """States of the pool's passages, made when asked for; see `ragcompress.training.labeller.batch.States`."""

    encoder: TokenEncoder
    pool: Sequence[PoolPassage]
    titled: bool
    vectors: dict[int, NDArray[np.float32]] = field(default_factory=dict)

    def encoded(self, passage: int) -> Encoded:
        """States of a passage by its number; from then on ``vectors`` has it."""
        own = self.pool[passage]
        states = self.encoder.passages([Passage(own.text, title=own.title if self.titled else "")])[0]
        self.vectors.setdefault(passage, unit(states.last.mean(axis=0)))
        return states


def load_mixture(folder: Path, *, questions: int, seed: int, only: str | None = None) -> Mixture:
    """About so many questions of all sets in ``folder``, or of those in one language; the same ones every time."""
    records: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        if name != TWICE:
            own = [record for record in read_records(path) if only in (None, record["meta"]["lang"])]
            records |= {name.removesuffix("_train"): own} if own else {}
    shares = shares_of({name: len(own) for name, own in records.items()})
    mixture, index = Mixture([], [], []), dict[tuple[str, str], int]()
    for name, own in records.items():
        rng = random.Random(f"{seed}/{name}")
        for record in rng.sample(own, min(len(own), round(shares[name] * questions))):
            _add(record, name, mixture, index)
    return mixture


def shares_of(sizes: Mapping[str, int]) -> dict[str, float]:
    """What share of the questions each set gives: by the root of its size, noisy sets less, scarce kinds more."""
    weights = {name: min(size, MOST) ** POWER * WEAK.get(name, 1.0) for name, size in sizes.items()}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def _add(record: Mapping[str, Any], source: str, mixture: Mixture, index: dict[tuple[str, str], int]) -> None:
    passages = [trimmed(passage) for passage in record["passages"]]
    numbers = []
    for passage in passages:
        key = (passage["title"], passage["text"])
        if key not in index:
            index[key] = len(mixture.pool)
            mixture.pool.append(PoolPassage(*key, source, tuple(_tiles(key[1]))))
        numbers.append(index[key])
    gold = next((passage for passage in passages if passage["support"]), passages[0])
    held_out = is_held(gold["title"] or gold["text"][:80], 20)
    record = {**record, "passages": passages}
    item = item_of(record, numbers, source, mixture.pool, held_out=held_out)
    if item is None and not record["answers"]:
        item = Item(record["question"], source, (), (), (), (), tuple(dict.fromkeys(numbers)), held_out)
    if item is not None:
        mixture.items.append(item)
        mixture.languages.append(record["meta"]["lang"])


def _tiles(text: str) -> list[tuple[int, int]]:
    """What is trained on is what will be judged: units, not only sentences."""
    return bounds(units(text))


def trimmed(passage: Mapping[str, Any]) -> dict[str, Any]:
    """A passage of any length, cut at its sentences to a stretch around what supports; spans go along."""
    text = passage["text"]
    if len(text.encode()) <= LEAST_BYTES:
        return dict(passage)
    tiles = _tiles(text)
    middle = passage["support"][0][0] if passage["support"] else 0
    at = next((number for number, (_, end) in enumerate(tiles) if middle < end), 0)
    first, stop = at, at + 1
    for side in _alternating(at, len(tiles)):
        low, high = min(first, side), max(stop, side + 1)
        if len(text[tiles[low][0] : tiles[high - 1][1]].encode()) <= ROOM:
            first, stop = low, high
    start, end = tiles[first][0], tiles[stop - 1][1]
    support = [[a - start, b - start] for a, b in passage["support"] if a >= start and b <= end]
    return {**passage, "text": text[start:end], "support": support}


def _alternating(centre: int, count: int) -> Iterator[int]:
    for distance in range(1, count):
        yield from (side for side in (centre + distance, centre - distance) if 0 <= side < count)
