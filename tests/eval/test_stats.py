"""Intervals cover what they should and verdicts follow from them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as reference

from eval.stats import Interval, difference, mean_interval, ratio_interval, verdict


def test_mean_interval_agrees_with_scipy() -> None:
    values = np.random.default_rng(1).random(200)
    ours = mean_interval(values.tolist())
    theirs = reference.bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=2).confidence_interval
    assert ours.value == pytest.approx(values.mean())
    assert ours.low == pytest.approx(theirs.low, abs=0.006)
    assert ours.high == pytest.approx(theirs.high, abs=0.006)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(60):
        found = mean_interval((rng.random(80) < 0.7).astype(float).tolist())
        hits += found.low <= 0.7 <= found.high
    assert 51 <= hits <= 60  # 95 % of 60 is 57; fewer than 51 has a chance below one in a thousand


def test_pairing_makes_the_interval_narrow() -> None:
    rng = np.random.default_rng(5)
    base = rng.random(100)
    paired = difference((base + 0.01).tolist(), base.tolist())
    assert paired.value == pytest.approx(0.01)
    assert paired.high - paired.low < 1e-9


def test_difference_needs_pairs() -> None:
    with pytest.raises(ValueError, match="3 and 2"):
        difference([1, 2, 3], [1, 2])


def test_same_values_same_interval() -> None:
    values = [0.0, 1.0, 1.0, 0.5]
    assert mean_interval(values) == mean_interval(values)


def test_nothing_to_measure() -> None:
    assert math.isnan(mean_interval([]).value)
    assert mean_interval([]).size == 0
    assert verdict(mean_interval([]), margin=0.01) == "no data"
    assert math.isnan(ratio_interval([1.0], [0.0]).value)


def test_ratio_is_of_sums() -> None:
    found = ratio_interval([100, 300], [50, 50])
    assert found.value == 4.0
    assert 2.0 <= found.low <= found.high <= 6.0


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.001, 0.02, "better"),
        (-0.009, 0.02, "non-inferior"),
        (-0.009, -0.001, "non-inferior"),  # worse, but by less than the margin
        (-0.02, 0.02, "undecided"),
        (-0.02, -0.005, "undecided"),
        (-0.03, -0.011, "inferior"),
    ],
)
def test_verdict(low: float, high: float, expected: str) -> None:
    assert verdict(Interval((low + high) / 2, low, high, 10), margin=0.01) == expected
