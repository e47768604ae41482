"""Sets that are closed under needs, against definitions that can be read off, over small cases drawn at random."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcompress.core.budget import TokenBudget
from ragcompress.core.closing import choose, claims, closed, keep_closed, links, sustained
from ragcompress.core.context import Context
from ragcompress.core.render import fill, fit, plain, tokens
from ragcompress.core.types import Passage, Segment, Span, Unit


def words(text: str) -> int:
    return len(text.split())


def table(text: str) -> list[Unit]:
    """A header line, and rows that need it."""
    ends = [at + 1 for at, char in enumerate(text) if char == "\n"]
    cuts = [0, *ends, *([len(text)] if text[-1:] != "\n" else [])]
    return [Unit(a, b, ((0, ends[0]),) if a else (), "row") for a, b in pairwise(cuts)]


ROWS = "city people\nUlm 126\nBonn 330\nKiel 246\n"


@st.composite
def problems(draw):
    size = draw(st.integers(1, 6))
    number = st.integers(0, size - 1)
    needed = [sorted(draw(st.sets(number, max_size=2)) - {at}) for at in range(size)]
    costs = [draw(st.integers(1, 5)) for _ in range(size)]
    values = [float(draw(st.integers(0, 9))) for _ in range(size)]
    return needed, costs, values, draw(st.integers(0, 15))


def is_closed(chosen, needed) -> bool:
    return all(need in chosen for at in chosen for need in needed[at])


@settings(max_examples=300)
@given(problems())
def test_closed_and_sustained_are_the_nearest_closed_sets(problem):
    needed, _, _, seed = problem
    wanted = {at for at in range(len(needed)) if seed >> (at % 4) & 1}
    every = [set(c) for n in range(len(needed) + 1) for c in combinations(range(len(needed)), n)]
    sets = [one for one in every if is_closed(one, needed)]
    assert closed(wanted, needed) == min((one for one in sets if one >= wanted), key=len)
    assert sustained(wanted, needed) == max((one for one in sets if one <= wanted), key=len)


@settings(max_examples=400)
@given(problems())
def test_choose_is_what_the_rule_says_step_by_step(problem):
    needed, costs, values, limit = problem
    order = sorted(range(len(costs)), key=lambda at: (-values[at], at))
    place = {at: rank for rank, at in enumerate(order)}
    taken: set[int] = set()

    def bundle(at: int) -> set[int]:
        return closed([at], needed) - taken

    while True:
        left = limit - sum(costs[at] for at in taken)
        able = [at for at in order if at not in taken and sum(costs[one] for one in bundle(at)) <= left]
        if not able:
            break
        best = min(
            able,
            key=lambda at: (
                -sum(values[one] for one in bundle(at)) / sum(costs[one] for one in bundle(at)) ** 0.5,
                place[at],
            ),
        )
        taken |= bundle(best)
    out = set(choose(order, costs, limit, needed, values))
    assert is_closed(out, needed)
    assert sum(costs[at] for at in out) <= limit
    assert sum(values[at] for at in out) == pytest.approx(sum(values[at] for at in taken))


@settings(max_examples=200)
@given(problems())
def test_without_values_the_order_is_walked(problem):
    needed, costs, values, limit = problem
    order = sorted(range(len(costs)), key=lambda at: (-values[at], at))
    taken: set[int] = set()
    for at in order:
        bundle = closed([at], needed) - taken
        if sum(costs[one] for one in taken | bundle) <= limit:
            taken |= bundle
    assert set(choose(order, costs, limit, needed)) == taken


def test_claims_put_needs_first():
    assert claims([3, 1], [[], [], [0], [2]]) == [0, 2, 3, 1]


def test_ten_thousand_rows_under_one_header():
    size = 10_000
    needed = [[], *([0] for _ in range(size - 1))]
    chosen = choose(range(size), [1] * size, 500, needed, [0.0, *(1 / (at + 1) for at in range(size - 1))])
    assert sorted(chosen) == list(range(500))


def test_ten_thousand_that_all_need_one_another_do_not_fit_and_take_no_hour():
    size = 10_000
    needed = [[at - 1] for at in range(size)]
    needed[0] = [size - 1]
    assert choose(range(size), [1] * size, 50, needed) == []


def test_a_row_brings_its_header_and_pays_for_it():
    context = Context.of("Bonn?", [ROWS]).split(table).with_scores([0, 0.1, 0.9, 0.2])
    assert plain(fill(context, TokenBudget(4, words))) == "city people\nBonn 330"
    assert fill(context, TokenBudget(3, words)).segments[0].text == "city people\n"  # no row without its header
    assert plain(keep_closed(context, [3])) == "city people\nKiel 246"


@pytest.mark.parametrize("limit", range(9))
def test_fit_never_leaves_a_row_without_its_header(limit):
    context = Context.of("Bonn?", [ROWS]).split(table).with_scores([0, 0.1, 0.9, 0.2])
    out = fit(context, TokenBudget(limit, words))
    assert tokens(out, TokenBudget(limit, words)) <= limit
    assert not out.segments or out.segments[0].text == "city people\n"


def test_a_need_that_is_gone_already_is_nobodys_link():
    context = Context.of("Bonn?", [ROWS]).split(table).keep([2])
    assert links(context) == [[]]


def test_the_title_stands_in_for_whom_a_pronoun_means():
    text = "Ada Lovelace wrote notes. She died in 1852."
    cut = lambda _: [Unit(0, 26), Unit(26, len(text), ((0, 26),))]  # noqa: E731
    named = Context.of("q", [Passage(text, title="Ada Lovelace")]).split(cut)
    assert links(named) == [[], []]
    assert plain(named.keep([1])) == "Ada Lovelace\nShe died in 1852."
    assert plain(named) == text  # the sentence itself is there: no title
    assert links(Context.of("q", [Passage(text, title="Mathematics")]).split(cut)) == [[], [0]]


def test_what_is_left_out_inside_a_unit_or_a_line_is_seen():
    whole = Span(0, 0, 26)
    context = Context.of("q", ["Tickets: 12 of 5 seats now"])
    parts = (Segment("Tickets: 12", (Span(0, 0, 11),)), Segment("5 seats", (Span(0, 15, 22),)))
    assert plain(Context(context.query, context.passages, parts)) == "Tickets: 12 … 5 seats"
    inside = Segment("12 of 5", (Span(0, 9, 16),), part_of=whole)
    assert plain(Context(context.query, context.passages, (inside,))) == "… 12 of 5 …"
