"""The demo's account: over all its questions, what survives compression and what it saves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragcompress.cli.answer import answer, load_reader
from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
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
        tokens: Tokens sent, summed over all questions.
        questions: How many questions the corpus answers.
        survived: In how many of those an accepted answer is in what was sent.
        right: How many questions the reader got right, "no answer" included where that is right; None when it was
            not asked or there is none.
        asked: How many questions there are in all.
    """

    name: str
    tokens: int
    questions: int
    survived: int
    right: int | None
    asked: int


def survey(name: str, asked: Iterable[Asked], *, budget: int | None, method: str | None = None) -> Survey:
    """Compress the passages of every question and look for its answer.

    Args:
        name: Of the row.
        asked: Questions with their passages.
        budget: Tokens per question; None leaves the passages whole, and unread: that takes the reader long.
        method: As for ``compress``.
    """
    read = budget is not None and load_reader() is not None
    tokens = questions = survived = right = count = 0
    for question, passages in asked:
        context, text = _sent(question.question, passages, budget, method)
        tokens += embedded_count(text)
        count += 1
        questions += question.answerable
        survived += survives(question.answers, text)
        if read:
            said = answer(context).text
            right += survives(question.answers, said) if question.answerable else not said
    return Survey(name, tokens, questions, survived, right if read else None, count)


def survives(answers: Iterable[str], text: str) -> bool:
    """Whether one of the answers is in the text, whole words only, whatever the case and the spacing.

    >>> survives(["25 m"], "A depth of 25\\n m."), survives(["25 m"], "After 25 minutes.")
    (True, False)
    """
    flat = " ".join(text.split())
    return any(re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", flat, re.IGNORECASE) for wanted in answers)


def _sent(query: str, passages: Sequence[Passage], budget: int | None, method: str | None) -> tuple[Context, str]:
    if budget is None:
        context = Context.of(query, passages)
        return context, "\n\n".join(passage.text for passage in passages)
    result = compress(query, passages, TokenBudget(budget, embedded_count), method)
    return result.context, result.text
