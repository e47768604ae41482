"""Metrics, with the traps that make published numbers differ."""

from __future__ import annotations

import pytest

from eval.metrics import exact_match, f1, holds_answer, normalise, support_precision, support_recall
from ragcompress.core.types import Span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Eiffel Tower", "eiffel tower"),
        ("a theatre, an anthem", "theatre anthem"),  # articles go as words only
        ("U.S.A.", "usa"),
        ("the", ""),
        ("Café", "café"),
        ("“quoted”", "“quoted”"),  # the official script knows ASCII punctuation only
        ("", ""),
    ],
)
def test_normalise_follows_the_official_script(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("prediction", "answers", "em", "score"),
    [
        ("Denver Broncos", ["Denver Broncos"], 1, 1),
        ("the Denver Broncos!", ["Denver Broncos"], 1, 1),
        ("Broncos", ["Denver Broncos"], 0, 2 / 3),
        ("in the 10th century", ["10th century", "in the 10th century"], 1, 1),  # the best of several
        ("10th", ["the 10th and 11th centuries"], 0, 2 * 1 / (1 + 4)),
        ("to to be", ["to be"], 0, 2 * 2 / (3 + 2)),  # repeated tokens count once each
        ("", ["Paris"], 0, 0),
        ("", [], 1, 1),  # unanswerable, rightly empty
        ("Paris", [], 0, 0),
        ("the", ["a"], 1, 1),  # both empty after normalisation, as the official script has it
        ("Zürich", ["Zurich"], 0, 0),  # accents matter officially
    ],
)
def test_exact_match_and_f1(prediction: str, answers: list[str], em: float, score: float) -> None:
    assert exact_match(prediction, answers) == em
    assert f1(prediction, answers) == pytest.approx(score)


@pytest.mark.parametrize(
    ("text", "answers", "held"),
    [
        ("He joined the party.", ["art"], False),  # inside a longer word
        ("A work of Art!", ["art"], True),
        ("born in 1815.", ["18"], False),
        ("It has 1,000 parts", ["1,000"], True),
        ("in the U.S. army", ["US"], False),
        ("in the U.S. army", ["U.S."], True),
        ("German-speaking people", ["German"], True),
        ("the Who played", ["The Who"], True),
        ("who played", ["The Who"], True),  # articles never decide
        ("The end", ["the"], False),  # an answer of articles alone is no answer
        ("an end", ["the"], False),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", ["full width"], True),  # NFKC
        ("STRASSE", ["straße"], True),  # casefold
        ("東京は日本の首都です", ["日本"], True),
        ("東京は 日 本", ["日本"], True),
        ("กรุงเทพเป็นเมือง", ["เมือง"], True),
        ("any text", [""], False),
        ("any text", [], False),
        ("", ["x"], False),
        ("word—dash", ["dash"], True),
        ("...", ["?!"], False),  # nothing but punctuation holds nothing
    ],
)
def test_holds_answer(text: str, answers: list[str], held: bool) -> None:
    assert holds_answer(text, answers) is held


def test_support_recall_of_alternatives_takes_the_best() -> None:
    gold = [Span(0, 0, 10), Span(1, 5, 15)]
    kept = [Span(1, 0, 10)]
    assert support_recall(kept, gold, alternatives=True) == 0.5
    assert support_recall(kept, gold, alternatives=False) == 0.25


def test_support_counts_overlapping_spans_once() -> None:
    gold = [Span(0, 0, 10), Span(0, 5, 15)]
    kept = [Span(0, 0, 5), Span(0, 3, 10)]
    assert support_recall(kept, gold, alternatives=False) == pytest.approx(10 / 15)
    assert support_precision([*kept, Span(2, 0, 10)], gold) == pytest.approx(10 / 20)


def test_support_edges() -> None:
    assert support_recall([], [], alternatives=True) is None
    assert support_precision([Span(0, 0, 1)], []) is None
    assert support_recall([], [Span(0, 0, 4)], alternatives=True) == 0.0
    assert support_precision([], [Span(0, 0, 4)]) == 0.0
    assert support_recall([Span(0, 3, 9)], [Span(0, 2, 2)], alternatives=False) == 1.0  # nothing to keep
