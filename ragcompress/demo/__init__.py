"""The demo corpus: the handbook, notices and incident log of an invented mountain railway, with questions.

Everything in it was written for this project and nothing is true of any real railway. Superseded notices stand
beside the ones in force, so that picking the right number takes more than finding the right subject.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ragcompress.core.types import Passage

__all__ = ["DemoQuestion", "load_corpus", "load_questions"]


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """A question about the demo corpus.

    Attributes:
        id: ``"q01"`` and so on.
        question: English, but for one French and one German question.
        answers: Accepted short answers; empty when the corpus holds none.
        supporting: ``(passage_id, sentence)`` pairs that together carry the answer; each sentence is an exact
            substring of its passage's text.
        answerable: Whether the corpus answers it.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    supporting: tuple[tuple[str, str], ...]
    answerable: bool


def load_corpus() -> tuple[Passage, ...]:
    """The passages, in the order of the handbook; metadata holds section, year, kind, language and often status.

    >>> corpus = load_corpus()
    >>> len(corpus), corpus[0].title
    (82, 'The Tarnhorn line: a history for visitors')
    """
    return tuple(Passage(**row) for row in _rows("corpus.jsonl"))


def load_questions() -> tuple[DemoQuestion, ...]:
    """The questions: 25 that the corpus answers, then 2 that it does not.

    >>> load_questions()[0].answers
    ('70 km/h',)
    """
    return tuple(
        DemoQuestion(
            id=row["id"],
            question=row["question"],
            answers=tuple(row["answers"]),
            supporting=tuple((passage_id, sentence) for passage_id, sentence in row["supporting"]),
            answerable=row["answerable"],
        )
        for row in _rows("questions.jsonl")
    )


def _rows(name: str) -> Iterator[dict[str, Any]]:
    # split("\n") and not splitlines(), which also cuts at U+2028 and its like inside a text
    for line in files(__name__).joinpath(name).read_text(encoding="utf-8").split("\n"):
        if line:
            yield json.loads(line)
