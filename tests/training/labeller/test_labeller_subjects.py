"""Questions about who or what a passage is about."""

from __future__ import annotations

import pytest

from ragcompress.core.segment import sentences
from ragcompress.training.labeller.data import Item, PoolPassage
from ragcompress.training.labeller.subjects import about_claims, about_sentences

TEXT = "Claudia Wells is an American actress. She played Jennifer in Back to the Future. Her shop sells suits."


def passage(text: str = TEXT, title: str = "Claudia Wells") -> PoolPassage:
    return PoolPassage(title, text, "2wiki", sentences(text, "en"))


def claim(question: str, *places: tuple[int, int]) -> Item:
    return Item(question, "fever", tuple((place,) for place in places), (), (), (), (), False)


def test_a_sentence_that_begins_with_a_pronoun_asks_for_its_subject() -> None:
    (item,) = about_sentences(7, passage(), held_out=True)
    assert item.question == "who played Jennifer in Back to the Future?"
    assert item.groups == (((7, 1),), ((7, 0),))  # the evidence, and whom it is about
    assert (item.answers, item.held_out, item.source) == (("Claudia Wells",), True, "subject")
    ((number, start, end),) = item.spans
    assert (number, TEXT[start:end]) == (7, "Claudia")


def test_things_are_asked_for_with_what() -> None:
    text = "Kerplunk is an album by Green Day. It was released by Lookout Records in 1991."
    (item,) = about_sentences(0, passage(text, "Kerplunk (album)"), held_out=False)
    assert item.question == "what was released by Lookout Records in 1991?"


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("She played", "Wells, Claudia, played"),  # no pronoun
        TEXT.replace("Back to", "Claudia and"),  # the sentence says the name itself
        TEXT.replace("Claudia Wells is", "This is"),  # the first one does not
        TEXT.replace(" is an", " is a very" + " very" * 160 + " good"),  # too far apart for one window
        "Claudia Wells is an actress. She left.",  # asks next to nothing
    ],
)
def test_what_would_teach_nothing_is_left_out(text: str) -> None:
    assert list(about_sentences(0, passage(text), held_out=False)) == []


def test_a_long_statement_ends_at_a_comma() -> None:
    text = (
        "Claudia Wells is an American actress. She played Jennifer in the first film of the series, after which, "
        "for reasons of her own, she left and opened a shop. She likes suits and he does too."
    )
    item = next(iter(about_sentences(0, passage(text), held_out=False)))
    assert item.question == "who played Jennifer in the first film of the series?"


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("Claudia Wells was Jennifer in a film.", "who was Jennifer in a film?"),
        ("claudia wells's part in the film was Jennifer.", "whose part in the film was Jennifer?"),
        ("Claudia Wells (actress) was in one film.", "who was in one film?"),
    ],
)
def test_a_claim_about_the_title_asks_for_it(words: str, question: str) -> None:
    (item,) = about_claims(claim(words, (0, 1)), [passage(TEXT, "Claudia Wells (actress)")])
    assert item.question == question
    assert item.groups == (((0, 1),), ((0, 0),))


@pytest.mark.parametrize(
    "item",
    [
        claim("Jennifer was played by Claudia Wells.", (0, 1)),  # does not begin with the name
        claim("Claudia Wellston was Jennifer in a film.", (0, 1)),  # another name
        claim("Claudia Wells is an American actress.", (0, 0)),  # the first sentence says it all
        claim("Claudia Wells was Jennifer in a film.", (0, 1), (0, 2)),  # needs more than one sentence
    ],
)
def test_other_claims_ask_nothing(item: Item) -> None:
    assert list(about_claims(item, [passage()])) == []
