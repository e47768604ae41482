"""Batches of examples of like length, so that hardly any token is padding."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ragcompress.errors import require
from ragcompress.reader.corpus import Corpus
from ragcompress.reader.examples import Example, draw

__all__ = ["batches", "collate"]


def batches(
    corpus: Corpus, order: Sequence[int], tokenizer: Any, *, seed: int, pool: int, batch_tokens: int, skip: int = 0
) -> Iterator[list[Example]]:
    """Endless batches of examples of like length; deterministic in the seed, and ``skip`` batches can be passed over.

    Args:
        corpus: Where examples come from.
        order: The questions to train on.
        tokenizer: For swapped questions.
        seed: Of order and crops.
        pool: Questions whose examples are sorted by length together.
        batch_tokens: Tokens of a batch, padding included.
        skip: Batches that an earlier run has seen.
    """
    epoch = passed = 0
    while True:
        shuffled = list(order)
        random.Random(f"{seed}-{epoch}").shuffle(shuffled)
        for start in range(0, len(shuffled), pool):
            rng = random.Random(f"{seed}-{epoch}-{start}")
            drawn = [draw(corpus, at, tokenizer, rng) for at in shuffled[start : start + pool]]
            cut = _cut(sorted(drawn, key=lambda example: len(example.ids)), batch_tokens)
            rng.shuffle(cut)
            for batch in cut:
                passed += 1
                if passed > skip:
                    yield batch
        epoch += 1


def collate(batch: Sequence[Example]) -> tuple[Any, Any, Any, Any]:
    """Tensors ``ids``, ``types``, ``lengths``, ``targets`` (`model.forward`, `model.span_loss`) of a batch."""
    torch = require("torch", "train")
    width = _padded(max(len(example.ids) for example in batch))
    ids = np.zeros((len(batch), width), np.int64)
    types = np.zeros_like(ids)
    targets = np.zeros((len(batch), width, 2), bool)
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = example.ids
        types[row, example.context_from : len(example.ids)] = 1
        for start, end in example.targets or ((0, 0),):
            targets[row, start, 0] = targets[row, end, 1] = True
    lengths = torch.tensor([len(example.ids) for example in batch])
    return torch.from_numpy(ids), torch.from_numpy(types), lengths, torch.from_numpy(targets)


def _cut(ordered: Sequence[Example], batch_tokens: int) -> list[list[Example]]:
    """Neighbours in length, as many as fit the tokens of a batch when padded to the longest."""
    result: list[list[Example]] = []
    batch: list[Example] = []
    for example in ordered:
        if batch and (len(batch) + 1) * _padded(len(example.ids)) > batch_tokens:
            result.append(batch)
            batch = []
        batch.append(example)
    return [*result, batch] if batch else result


def _padded(size: int) -> int:
    """Widths in steps of 4: few shapes, so that the matrix kernels made for them are used again."""
    return -(-size // 4) * 4
