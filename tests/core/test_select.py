from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ragcompress.core.select import above, best_first, ends_first, spread, top_under, weakest_first

SCORES = st.lists(st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, float("nan")])), max_size=8)


@given(SCORES)
def test_orders_are_permutations_and_each_others_reverse(scores):
    assert sorted(weakest_first(scores)) == list(range(len(scores)))
    assert best_first(scores) == weakest_first(scores)[::-1]


def test_ties_break_by_position():
    assert best_first([1, 1, 1]) == [0, 1, 2]
    assert best_first([None, float("nan"), 0.1]) == [2, 0, 1]


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(0, 30))
def test_top_under_never_exceeds_the_limit_and_leaves_nothing_that_fits(costs, limit):
    taken = top_under(range(len(costs)), costs, limit)
    spent = sum(costs[at] for at in taken)
    assert spent <= limit
    assert all(spent + costs[at] > limit for at in range(len(costs)) if at not in taken)


def test_above_takes_the_threshold_itself():
    assert above([0.5, 0.49, None], 0.5) == [0]


@given(st.integers(0, 9))
def test_ends_first_puts_the_two_best_at_the_ends(size):
    order = ends_first(range(size))
    assert sorted(order) == list(range(size))
    if size >= 2:
        assert (order[0], order[-1]) == (0, 1)  # even and odd sizes alike


def test_spread_prefers_what_is_new():
    relevance = np.array([1.0, 0.99, 0.5])
    alike = np.array([[1, 0.99, 0], [0.99, 1, 0], [0, 0, 1.0]])
    assert spread(relevance, alike, trade=0.5) == [0, 2, 1]
    assert spread(relevance, alike, trade=1.0) == [0, 1, 2]
    assert spread(relevance, alike, size=1) == [0]
