"""Batches of examples of like length, so that hardly any token is padding."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ragcompress.core.errors import require
from ragcompress.training.reader.corpus import Corpus
from ragcompress.training.reader.examples import Example, draw_group

__all__ = ["batches", "collate"]

NEAR = 12  # paragraphs near a question by words, from which rivals come


def batches(
    corpus: Corpus, order: Sequence[int], tokenizer: Any, *, seed: int, pool: int, batch_tokens: int, skip: int = 0
) -> Iterator[list[Example]]:
    """Endless batches of examples of like length; deterministic in the seed, and what was seen can be passed over.

    Args:
        corpus: Where examples come from.
        order: The questions to train on.
        tokenizer: For swapped questions.
        seed: Of order and crops.
        pool: Questions whose examples are sorted by length together.
        batch_tokens: Tokens of a batch, padding included.
        skip: Examples that an earlier run has seen.
    """
    from ragcompress.retriever.lexical import LexicalIndex  # a floor above; training alone needs it

    index = LexicalIndex.build(paragraph.text for paragraph in corpus.paragraphs)

    def near(question: str) -> list[int]:
        found: list[int] = index.top(question, NEAR).tolist()
        return found

    epoch = passed = 0
    while True:
        shuffled = list(order)
        random.Random(f"{seed}-{epoch}").shuffle(shuffled)
        for start in range(0, len(shuffled), pool):
            asked = shuffled[start : start + pool]
            if passed + len(asked) <= skip:
                passed += len(asked)  # seen in full: nothing to draw
                continue
            rng = random.Random(f"{seed}-{epoch}-{start}")
            drawn = [draw_group(corpus, at, tokenizer, rng, near=near) for at in asked]
            cut = _cut(sorted(drawn, key=_width), batch_tokens)
            rng.shuffle(cut)
            for batch in cut:
                passed += len(batch)
                if passed > skip:
                    yield batch
        epoch += 1


def collate(batch: Sequence[Example]) -> tuple[Any, Any, Any, Any, Any]:
    """Tensors ``ids``, ``types``, ``lengths`` (`model.forward`), ``targets`` and ``owner`` (`model.span_loss`).

    A row for every example, followed by its rivals' rows; ``owner`` numbers the examples.
    """
    torch = require("torch", "train")
    rows = [(number, row) for number, example in enumerate(batch) for row in (example, *example.rivals)]
    width = _padded(max(len(row.ids) for _, row in rows))
    ids = np.zeros((len(rows), width), np.int64)
    types = np.zeros_like(ids)
    targets = np.zeros((len(rows), width, 2), bool)
    for at, (number, row) in enumerate(rows):
        ids[at, : len(row.ids)] = row.ids
        types[at, row.context_from : len(row.ids)] = 1
        if row is batch[number]:  # a rival has nothing right
            for start, end in row.targets or ((0, 0),):
                targets[at, start, 0] = targets[at, end, 1] = True
    lengths = torch.tensor([len(row.ids) for _, row in rows])
    owner = torch.tensor([number for number, _ in rows])
    return torch.from_numpy(ids), torch.from_numpy(types), lengths, torch.from_numpy(targets), owner


def _cut(ordered: Sequence[Example], batch_tokens: int) -> list[list[Example]]:
    """Neighbours in length, as many as fit the tokens of a batch when padded to the longest."""
    result: list[list[Example]] = []
    batch: list[Example] = []
    rows = 0
    for example in ordered:
        if batch and (rows + 1 + len(example.rivals)) * _padded(_width(example)) > batch_tokens:
            result.append(batch)
            batch, rows = [], 0
        batch.append(example)
        rows += 1 + len(example.rivals)
    return [*result, batch] if batch else result


def _width(example: Example) -> int:
    return max(len(row.ids) for row in (example, *example.rivals))


def _padded(size: int) -> int:
    """Widths in steps of 4: few shapes, so that the matrix kernels made for them are used again."""
    return -(-size // 4) * 4
