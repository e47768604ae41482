"""MinHash over word triples: how much of their wording two texts share, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ragcompress.scorers.lexical import terms

__all__ = ["shingles", "signatures"]

HASHES = 128  # the estimate's standard error is at most 0.5 / sqrt(128) = 0.044
_PRIME = np.uint64((1 << 31) - 1)


def signatures(texts: Sequence[str], *, hashes: int = HASHES) -> NDArray[np.uint64]:
    """MinHash signatures (Broder 1997), shape [texts, hashes].

    The share of places in which two rows agree estimates the Jaccard likeness of their shingles.
    """
    draw = np.random.default_rng(20240713)  # fixed: the same text has the same signature everywhere
    factors = draw.integers(1, int(_PRIME), hashes, dtype=np.uint64)
    shifts = draw.integers(0, int(_PRIME), hashes, dtype=np.uint64)
    table = np.empty((len(texts), hashes), dtype=np.uint64)
    for row, text in zip(table, texts, strict=True):
        marks = np.array(sorted(shingles(text)), dtype=np.uint64) % _PRIME
        row[:] = ((marks[:, None] * factors + shifts) % _PRIME).min(axis=0)  # 31 bit * 31 bit stays below 64
    return table


def shingles(text: str, size: int = 3) -> set[int]:
    """Hashes of every ``size`` neighbouring words; of the whole text when it has fewer.

    >>> len(shingles("the cat sat on the mat"))
    4
    """
    words = terms(text) or [text.strip()]
    runs = [words[at : at + size] for at in range(max(len(words) - size + 1, 1))]
    return {crc32("\x1f".join(run).encode("utf-8", "replace")) for run in runs}
