"""The demo's account: over all its questions, what survives compression and what it saves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.types import Passage
from ragcompress.demo import DemoQuestion
from ragcompress.facade import compress

__all__ = ["Survey", "survey", "survives"]

Asked = tuple[DemoQuestion, Sequence[Passage]]
"""A question and the passages that were retrieved for it."""


@dataclass(frozen=True, slots=True)
class Survey:
    """One row of the account.

    Attributes:
        name: What was sent to the reader.
        tokens: Tokens sent, summed over the questions that have an answer.
        questions: How many those are.
        survived: In how many of those an accepted answer is in what was sent.
    """

    name: str
    tokens: int
    questions: int
    survived: int


def survey(name: str, asked: Iterable[Asked], *, budget: int | None, method: str | None = None) -> Survey:
    """Compress the passages of every question and look for its answer.

    Args:
        name: Of the row.
        asked: Questions with their passages.
        budget: Tokens per question; None leaves the passages whole.
        method: As for ``compress``.
    """
    tokens = questions = survived = 0
    for question, passages in asked:
        if question.answerable:
            text = _sent(question.question, passages, budget, method)
            tokens += embedded_count(text)
            questions += 1
            survived += survives(question.answers, text)
    return Survey(name, tokens, questions, survived)


def survives(answers: Iterable[str], text: str) -> bool:
    """Whether one of the answers is in the text, whole words only, whatever the case and the spacing.

    >>> survives(["25 m"], "A depth of 25\\n m."), survives(["25 m"], "After 25 minutes.")
    (True, False)
    """
    flat = " ".join(text.split())
    return any(re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", flat, re.IGNORECASE) for wanted in answers)


def _sent(query: str, passages: Sequence[Passage], budget: int | None, method: str | None) -> str:
    if budget is None:
        return "\n\n".join(passage.text for passage in passages)
    return compress(query, passages, TokenBudget(budget, embedded_count), method).text
