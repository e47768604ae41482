"""Intervals and verdicts: the paired bootstrap over questions (Efron and Tibshirani 1993), seeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "difference", "mean_interval", "ratio_interval", "verdict"]

RESAMPLES = 2_000
SEED = 20_260


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval.

    Attributes:
        value: The estimate on all questions.
        low: 2.5th percentile of the resamples.
        high: 97.5th percentile.
        size: Number of questions.
    """

    value: float
    low: float
    high: float
    size: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean of ``values`` with its interval; nan for none."""
    array = np.asarray(values, dtype=np.float64)
    if not len(array):
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    return _interval(float(array.mean()), _resampled(array), len(array))


def difference(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Mean of ``ours - theirs`` question by question; both hold the same questions in the same order.

    Raises:
        ValueError: The lengths differ, so they can't be pairs.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"a paired difference needs pairs, not {len(ours)} and {len(theirs)} values")
    return mean_interval((np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)).tolist())


def ratio_interval(above: Sequence[float], below: Sequence[float]) -> Interval:
    """Sum over sum (such as tokens in over tokens out), resampled by question."""
    a, b = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    if not len(a) or not b.sum():
        return Interval(float("nan"), float("nan"), float("nan"), len(a))
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = _resampled(a) / _resampled(b)
    return _interval(float(a.sum() / b.sum()), drawn, len(a))


def verdict(gain: Interval, *, margin: float) -> str:
    """What an interval of ``method minus reference`` says.

    Args:
        gain: The paired difference, higher is better for the method.
        margin: The loss one is ready to accept, above zero, in the same unit.

    Returns:
        ``"better"`` (wholly above 0), ``"non-inferior"`` (wholly above -margin), ``"inferior"`` (wholly below
        -margin), else ``"undecided"``.
    """
    if np.isnan(gain.value):
        return "no data"
    if gain.low > 0:
        return "better"
    if gain.low > -margin:
        return "non-inferior"
    return "inferior" if gain.high < -margin else "undecided"


def _resampled(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of `RESAMPLES` resamples; the same draws for every array of one length, so ratios stay paired."""
    rng = np.random.default_rng(SEED)
    size = len(array)
    means = np.empty(RESAMPLES)
    block = max(1, 4_000_000 // size)
    for start in range(0, RESAMPLES, block):
        rows = min(block, RESAMPLES - start)
        means[start : start + rows] = array[rng.integers(0, size, (rows, size))].mean(axis=1)
    return means


def _interval(value: float, drawn: NDArray[np.float64], size: int) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5], method="nearest")  # no interpolation: draws may be infinite
    return Interval(value, float(low), float(high), size)
