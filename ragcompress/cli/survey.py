"""The demo's account: over all its questions, what survives compression and what it saves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.render import render
from ragcompress.core.types import Passage
from ragcompress.demo import DemoQuestion
from ragcompress.facade import compress

__all__ = ["Survey", "survey", "survives"]

Asked = tuple[DemoQuestion, Sequence[Passage]]
"""A question and the passages that were retrieved for it."""

Read = Callable[[Context], str]
"""A reader: from a context to its answer, "" where it is not sure."""


@dataclass(frozen=True, slots=True)
class Survey:
    """One row of the account.

    Attributes:
        name: What was sent to the reader.
        tokens: Tokens sent, summed over the questions that have an answer.
        questions: How many those are.
        survived: In how many of those an accepted answer is in what was sent.
        right: How many of those the reader answers rightly; None without a reader.
        wrong: How many of those it answers wrongly; of the rest it says that it is not sure.
        fooled: How many of the questions without an answer it answers.
        seconds: Of shortening and reading, summed over all questions.
    """

    name: str
    tokens: int
    questions: int
    survived: int
    right: int | None = None
    wrong: int | None = None
    fooled: int | None = None
    seconds: float = 0.0


def survey(
    name: str, asked: Iterable[Asked], *, budget: int | None, method: str | None = None, read: Read | None = None
) -> Survey:
    """Compress the passages of every question and look for its answer.

    Args:
        name: Of the row.
        asked: Questions with their passages.
        budget: Tokens per question; None leaves the passages whole.
        method: As for ``compress``.
        read: Answers from what was kept.
    """
    began = perf_counter()
    sent = [(question, _sent(question.question, passages, budget, method)) for question, passages in asked]
    said = [None if read is None else read(context) for _, context in sent]
    seconds = perf_counter() - began
    rows = [(question, render(context), answer) for (question, context), answer in zip(sent, said, strict=True)]
    known = [row for row in rows if row[0].answerable]
    right = sum(survives(question.answers, answer or "") for question, _, answer in known)
    return Survey(
        name,
        tokens=sum(embedded_count(text) for _, text, _ in known),
        questions=len(known),
        survived=sum(survives(question.answers, text) for question, text, _ in known),
        right=None if read is None else right,
        wrong=None if read is None else sum(bool(answer) for *_, answer in known) - right,
        fooled=None if read is None else sum(bool(answer) for question, _, answer in rows if not question.answerable),
        seconds=seconds,
    )


def survives(answers: Iterable[str], text: str) -> bool:
    """Whether one of the answers is in the text, whole words only, whatever the case and the spacing.

    >>> survives(["25 m"], "A depth of 25\\n m."), survives(["25 m"], "After 25 minutes.")
    (True, False)
    """
    flat = " ".join(text.split())
    return any(re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", flat, re.IGNORECASE) for wanted in answers)


def _sent(query: str, passages: Sequence[Passage], budget: int | None, method: str | None) -> Context:
    if budget is None:
        return Context.of(query, passages)
    return compress(query, passages, TokenBudget(budget, embedded_count), method).context
