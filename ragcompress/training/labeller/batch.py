"""From drawn examples to tensors: passages cropped at sentence borders, matched exactly as at run time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ragcompress.models.encoders import Encoded
from ragcompress.models.labeller.matching import Matched, Query, match, token_ranges
from ragcompress.training.labeller.config import FEATURES
from ragcompress.training.labeller.data import Example, PoolPassage

__all__ = ["Crop", "States", "Window", "choose_sentences", "make_windows", "pad"]

Ints = NDArray[np.int64]


class States(Protocol):
    """Where passages' states come from: a `StateStore` on disk, or an encoder."""

    def encoded(self, passage: int) -> Encoded:
        """States of a passage by its number."""
        ...

    @property
    def vectors(self) -> Any:
        """Unit mean of every passage's last states [passages, dim]."""
        ...


@dataclass(frozen=True, slots=True)
class Crop:
    """How much of a passage a training window shows.

    Attributes:
        room: Most pieces of text.
        p_full: Probability of filling the room; otherwise a random size from ``least`` up.
        least: Smallest aim, in pieces.
        rng: Source of chance; None: always fill the room, from the supporting sentences outwards.
    """

    room: int
    p_full: float = 1.0
    least: int = 50
    rng: random.Random | None = None

    def aim(self) -> int:
        """Pieces to show this time."""
        if self.rng is None or self.rng.random() < self.p_full:
            return self.room
        return self.rng.randint(min(self.least, self.room), min(150, self.room))


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A passage, or a cropped part of it, beside its question.

    Attributes:
        passage: Number in the pool.
        numbers: Which of the passage's sentences it shows, those without tokens left out.
        ahead: Tokens of the question, which come first.
        matched: What the joint half reads, and the untrained scores.
        answer: True for tokens inside an answer span [tokens].
    """

    passage: int
    numbers: tuple[int, ...]
    ahead: int
    matched: Matched
    answer: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.matched.features)

    @property
    def sizes(self) -> list[int]:
        """Pieces of each sentence."""
        return [end - start for start, end in self.matched.spans]


def make_windows(
    example: Example, query: Query, store: States, pool: Sequence[PoolPassage], *, crop: Crop
) -> list[Window]:
    """One window for every passage of an example; passages without text tokens are left out."""
    windows = []
    for passage in example.passages:
        encoded = store.encoded(passage)
        ranges = token_ranges(encoded, pool[passage].sentences)
        if all(start == end for start, end in ranges):
            continue
        needed = [s for group in example.groups for p, s in group if p == passage]
        keep = choose_sentences([end - start for start, end in ranges], needed, crop.aim(), crop.rng)
        rows, numbers, spans = _rows(encoded, ranges, keep)
        matched = match(query, encoded, rows, spans, np.asarray(store.vectors[passage]))
        answer = np.zeros(len(matched.features), dtype=bool)
        starts, ends = encoded.offsets[rows].T
        for number, start, end in example.spans:
            if number == passage:
                answer[len(query.ids) :] |= (starts >= 0) & (starts < end) & (ends > start)
        windows.append(Window(passage, tuple(numbers), len(query.ids), matched, answer))
    return windows


def _rows(
    encoded: Encoded, ranges: Sequence[tuple[int, int]], keep: range
) -> tuple[Ints, list[int], list[tuple[int, int]]]:
    """Token rows of some sentences with start and title tokens, sentence numbers, ranges within the rows."""
    first = int(np.flatnonzero(encoded.offsets[:, 0] >= 0)[0])
    begin, stop = ranges[keep.start][0], ranges[keep.stop - 1][1]
    tail = [len(encoded.offsets) - 1] if stop == ranges[-1][1] else []
    rows = np.concatenate([np.arange(first), np.arange(first + begin, first + stop), tail]).astype(np.int64)
    numbers = [at for at in keep if ranges[at][0] < ranges[at][1]]
    spans = [(first + ranges[at][0] - begin, first + ranges[at][1] - begin) for at in numbers]
    return rows, numbers, spans


def choose_sentences(sizes: Sequence[int], needed: Sequence[int], room: int, rng: random.Random | None) -> range:
    """A run of sentences around one that is needed (or any), of at most ``room`` pieces if one alone allows it."""
    spoken = [at for at, size in enumerate(sizes) if size]
    start = (rng.choice(sorted(needed) or spoken)) if rng else min(needed, default=spoken[0])
    first, stop, total = start, start + 1, sizes[start]
    while True:
        sides = [side for side in (first - 1, stop) if 0 <= side < len(sizes) and total + sizes[side] <= room]
        if not sides:
            return range(first, stop)
        side = rng.choice(sides) if rng else sides[0]
        total += sizes[side]
        first, stop = min(first, side), max(stop, side + 1)


def pad(windows: Sequence[Window], dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States, features, side and mask of some windows, padded to the longest."""
    shape = (len(windows), max(map(len, windows)))
    read = [window.matched.states for window in windows]
    states = np.zeros((*shape, read[0].shape[1]), dtype=np.float32)
    features = np.zeros((*shape, len(FEATURES)), dtype=np.float32)
    side = np.zeros(shape, dtype=np.int64)
    mask = np.zeros(shape, dtype=bool)
    for row, window in enumerate(windows):
        states[row, : len(window)] = read[row]
        features[row, : len(window)] = window.matched.features
        side[row, window.ahead :] = 1
        mask[row, : len(window)] = True
    return (
        torch.from_numpy(states).to(dtype),
        torch.from_numpy(features),
        torch.from_numpy(side),
        torch.from_numpy(mask),
    )
