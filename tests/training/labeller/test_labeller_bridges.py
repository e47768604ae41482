"""Bridges from one passage to another by its title."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcompress.core.context import Context
from ragcompress.core.types import Passage
from ragcompress.models.labeller.bridges import bridged, mentions

FILM = Passage("Kiss and Tell is a film. Shirley Temple plays Corliss Archer.", title="Kiss and Tell (1945 film)")
WOMAN = Passage("She was an ambassador. She began as a child.", title="Shirley Temple - Career")
OTHER = Passage("The film did well in 1945.", title="Film")


def found(query: str, *passages: Passage) -> tuple[tuple[int, int], ...]:
    return mentions(Context.of(query, passages).split())


def test_a_sentence_leads_to_the_passage_whose_title_it_says() -> None:
    assert found("Who played Corliss Archer?", FILM, WOMAN, OTHER) == ((1, 1),)  # "film" is not "Film"


@pytest.mark.parametrize(
    "title", ["Tremont", "Tremont, Maine", "Tremont (town)", "Tremont - History", "Tremont – History"]
)
def test_what_a_title_adds_to_the_name_does_not_matter(title: str) -> None:
    road = Passage("It ends in Tremont.", title="Route 102")
    assert found("Where?", road, Passage("A town.", title=title)) == ((0, 1),)


def test_a_title_that_the_query_says_leads_nowhere_new() -> None:
    assert found("what office did shirley temple hold", FILM, WOMAN) == ()


def test_a_title_in_its_own_text_or_that_of_its_namesake_leads_nowhere_new() -> None:
    chunks = [
        Passage("Shirley Temple sang.", title="Shirley Temple"),
        Passage("Shirley Temple danced.", title="Shirley Temple"),
    ]
    assert found("Who sang?", *chunks) == ()
    assert found("Who played?", FILM, *chunks) == ((1, 1), (1, 2))  # every part of what is named


@pytest.mark.parametrize("title", ["", "  ", "(film)", "It", "!!!", "\ud800"])
def test_titles_that_say_nothing_name_nothing(title: str) -> None:
    assert found("Who?", Passage("It (film) is here!!!"), Passage("Nothing.", title=title)) == ()


def test_a_good_mention_raises_the_whole_passage() -> None:
    scores, owners = np.array([9.0, 10.0, 3.0, 2.0, 5.0]), np.array([0, 0, 1, 1, 2])
    raised = bridged(scores, owners, [(1, 1), (0, 1)], (0.5, 4.0))
    np.testing.assert_allclose(raised, [9.0, 10.0, 5.0, 4.0, 5.0])  # by the best one: half of 4 within reach
    np.testing.assert_allclose(bridged(scores, owners, [(2, 2)], (0.5, 4.0)), scores)  # a mention out of reach
    assert scores[2] == 3.0


def test_what_could_not_be_read_raises_nothing() -> None:
    scores, owners = np.array([np.nan, 1.0, np.nan]), np.array([0, 1, 1])
    np.testing.assert_array_equal(bridged(scores, owners, [(0, 1)], (1.0, 5.0)), scores)
    np.testing.assert_array_equal(bridged(scores[:1], owners[:1], [(0, 0)], (1.0, 5.0)), scores[:1])
    assert bridged(scores[:0], owners[:0], [], (1.0, 5.0)).shape == (0,)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=9), st.integers(0, 8), st.floats(0, 2), st.floats(0, 9))
def test_no_score_falls_and_none_rises_above_the_best_by_more_than_the_reach_allows(
    values: list[float], at: int, weight: float, reach: float
) -> None:
    scores = np.array(values)
    raised = bridged(scores, np.arange(len(values)), [(at % len(values), 0)], (weight, reach))
    assert (raised >= scores).all()
    assert raised[0] <= scores[0] + weight * reach + 1e-9
    assert (raised[1:] == scores[1:]).all()
