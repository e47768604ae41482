"""Open retrieval: how good a retriever is, by ir-measures, and questions whose passages it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.protocols import Retriever
from ragcompress.core.types import Passage

from .metrics import holds_answer
from .questions import Question, open_text

__all__ = ["load_corpus", "pooled", "retrieval_scores", "retrieve_for"]

MEASURES = ("R@1", "R@5", "R@10", "R@20", "RR@10", "nDCG@10")


def load_corpus(path: Path) -> list[Passage]:
    """The passages of a JSON-lines corpus (``id``, ``title``, ``text``)."""
    import json

    with open_text(path) as file:
        records = [json.loads(line) for line in file if line.strip()]
    return [Passage(r["text"], id=str(r.get("id", at)), title=r.get("title", "")) for at, r in enumerate(records)]


def pooled(corpus: Sequence[Passage], questions: Sequence[Question]) -> tuple[list[Passage], dict[str, str]]:
    """The corpus with the questions' own passages, each text once, and the id of every text.

    Without the passages that answer, no retriever could find them, and every score would be zero.

    >>> one = Question("q", "Who?", (), (Passage("Ada."), Passage("Bob.")))
    >>> pooled([Passage("Ada.", "x")], [one])[1]
    {'Ada.': '0', 'Bob.': '1'}
    """
    own = (passage for question in questions for passage in question.passages)
    texts = {passage.text: passage for passage in [*corpus, *own]}
    places = {text: str(at) for at, text in enumerate(texts)}
    return [replace(passage, id=places[text]) for text, passage in texts.items()], places


def retrieve_for(questions: Sequence[Question], retriever: Retriever, *, k: int = 10) -> list[Question]:
    """The questions with the retriever's passages in place of those given; gold spans are found again by text."""
    return [_with(question, tuple(retriever.retrieve(question.question, k))) for question in questions]


def retrieval_scores(
    relevant: Mapping[str, Mapping[str, int]], found: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Recall, reciprocal rank and nDCG; a query that was not answered counts as zero.

    Args:
        relevant: Query -> passage id -> grade.
        found: Query -> passage id -> score, higher is better.

    Raises:
        InvalidInput: Nothing is relevant.
    """
    if not relevant:
        raise InvalidInput("no query has a relevant passage; retrieval can't be scored")
    ir = require("ir_measures", "eval")
    measures = [ir.parse_measure(name) for name in MEASURES]
    complete = {query: dict(found.get(query) or {"-": 0.0}) for query in relevant}
    scores = ir.calc_aggregate(measures, {q: dict(grades) for q, grades in relevant.items()}, complete)
    return {str(measure): float(value) for measure, value in scores.items()}


def _with(question: Question, passages: tuple[Passage, ...]) -> Question:
    gold_texts = {question.passages[at].text for at in question.gold}
    gold = tuple(
        at
        for at, p in enumerate(passages)
        if p.text in gold_texts or (not gold_texts and holds_answer(p.text, question.answers))
    )
    old = {passage.text: at for at, passage in enumerate(question.passages)}
    support = tuple(
        span._replace(passage=at)
        for at, passage in enumerate(passages)
        for span in question.support
        if old.get(passage.text) == span.passage
    )
    return replace(question, passages=passages, gold=gold, support=support)
