"""Which windows of a context the joint graph must read: those that may hold the answer, by its student's judgement.

Reading query and passage together is what costs; comparing their states is nearly free, and the student judges by that
alone. Where it sees one passage stand out few windows are read, where many compete all of them are (a cascade, as in
IDCM, Hofstätter et al., SIGIR 2021, but of as many passages as the question needs).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ragcompress.models.labeller.bridges import Mention

__all__ = ["worth_reading"]

LEAST = 4  # windows that are read whatever the student says
NAMING = 0.002  # share of all probability from which on a sentence leads to the passages that it names


def worth_reading(
    chances: NDArray[np.float64],
    windows: NDArray[np.int64],
    owners: NDArray[np.int64],
    mentions: Sequence[Mention],
    share: float,
) -> NDArray[np.bool_]:
    """Which sentences are to be read, window by window; True: read.

    Args:
        chances: The student's keep probabilities of the sentences [n].
        windows: Number of each sentence's window [n], unlike for different passages; below zero for one without.
        owners: Number of each sentence's passage [n].
        mentions: Which sentences name which passages: what a likely sentence names is read too.
        share: Of all probability, that the windows read must hold together.

    >>> chances, windows = np.array([0.9, 0.0, 0.0, 0.0, 0.0, 0.0]), np.arange(6)
    >>> worth_reading(chances, windows, windows, [(0, 5)], 0.99).tolist()
    [True, True, True, True, False, True]
    """
    spoken = windows >= 0
    numbers, places = np.unique(windows[spoken], return_inverse=True)
    mass = np.bincount(places, chances[spoken], len(numbers))
    order = np.argsort(-mass, kind="stable")
    held = np.cumsum(mass[order]) / max(float(mass.sum()), 1e-12)
    read = numbers[order[: max(int(np.searchsorted(held, share)) + 1, LEAST)]]
    likely = set(np.flatnonzero(chances >= NAMING * chances.sum()).tolist())
    named = [passage for sentence, passage in mentions if sentence in likely]
    return np.asarray(np.isin(windows, read) | (np.isin(owners, named) & spoken))
