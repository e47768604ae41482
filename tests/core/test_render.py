from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.render import fill, fit, marked, numbered, plain, render, titled, tokens
from ragcompress.core.types import Passage

TEXT = st.text(st.sampled_from("ab .é好\n"), max_size=40)


def squared(text: str) -> int:
    """A counter that does not add up: it grows faster than the text."""
    return len(text) ** 2 // 50 + 1


def odd(text: str) -> int:
    """A counter that is not even monotone."""
    return len(text) + (7 if len(text) % 3 == 0 else 0)


def context(*texts: str) -> Context:
    return Context.of("q", [Passage(text, title=f"T{at}") for at, text in enumerate(texts)])


def test_plain_joins_neighbours_as_they_were_and_marks_no_gap():
    split = context("One. Two. Three.", "Four.").split()
    assert plain(split) == "One. Two. Three.\n\nFour."
    assert plain(split.keep([0, 2, 3])) == "One. Three.\n\nFour."
    assert plain(split.keep([])) == ""


def test_a_gap_over_line_breaks_is_a_line_break():
    assert plain(context("One.\nTwo.\nThree.").split().keep([0, 2])) == "One.\nThree."


def test_the_other_styles():
    split = context("One. Two. Three.", "Four.").split().keep([0, 2, 3])
    assert titled(split) == "T0\nOne. Three.\n\nT1\nFour."
    assert numbered(split) == "[1] T0\nOne. Three.\n\n[2] T1\nFour."
    assert marked(split) == "[1] T0\nOne. […] Three.\n\n[2] T1\nFour."


def test_the_budget_counts_the_rendering_that_is_sent():
    split = context("One two. Three four.").split()
    by_word = TokenBudget(5, lambda text: len(text.split()), numbered)
    assert tokens(split, by_word) == 6
    assert tokens(fit(split, by_word), by_word) == 4  # "[1] T0" and one sentence


def test_fit_drops_the_weakest_first_and_the_later_of_equals():
    split = context("a. b. c. d.").split(lambda text: [(0, 3), (3, 6), (6, 9), (9, 11)]).with_scores([1, 0, 1, 2])
    budget = TokenBudget(2, lambda text: len(text.split()))
    assert [s.text for s in fit(split, budget).segments] == ["a. ", "d."]


def test_fill_skips_what_does_not_fit_and_takes_the_next():
    split = context("Aaaa bbbb cccc dddd. Even fewer. Good.").split().with_scores([3, 2, 1])
    assert plain(fill(split, TokenBudget(3, lambda text: len(text.split())))) == "Even fewer. Good."


def test_fill_uses_what_the_budget_gives():
    texts = [" ".join(f"word{i}{j}." for j in range(1 + i % 7)) for i in range(60)]
    scored = context(*texts).split()
    scored = scored.with_scores([(at * 37) % 101 for at in range(len(scored.segments))])
    for limit in (50, 100, 200):
        budget = TokenBudget(limit, embedded_count)
        assert 0.93 * limit <= tokens(fill(scored, budget), budget) <= limit


def test_a_counter_that_charges_for_nothing_gets_a_note():
    result = fit(context("a b"), TokenBudget(1, lambda text: len(text) + 2))
    assert result.segments == ()
    assert "nothing fits" in result.notes[0]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(TEXT, max_size=5),
    st.integers(0, 60),
    st.sampled_from([len, embedded_count, squared, odd]),
    st.sampled_from([plain, titled, numbered, marked]),
    st.randoms(use_true_random=False),
)
def test_fit_and_fill_hold_the_budget_for_any_counter(texts, limit, count, style, rng):
    given_context = context(*texts)
    split = given_context.split()
    scored = split.with_scores([rng.choice([0, 1, 2]) for _ in split.segments])
    shuffled = scored.reorder(rng.sample(range(len(split.segments)), len(split.segments)))
    budget = TokenBudget(limit, count, style)
    for result in (fit(shuffled, budget), fill(shuffled, budget)):
        text = render(result, budget)
        assert not result.segments or count(text) <= limit
        assert len(text) <= len(style(given_context))
        assert result == result.keep(range(len(result.segments)))
