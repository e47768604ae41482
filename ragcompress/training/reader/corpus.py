"""The reader's training corpus: every passage cut into sentences and tokenised once."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragcompress.core.segment import sentences

__all__ = ["Corpus", "Paragraph", "Question", "Sentence", "build", "load_records"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A tokenised sentence: ids, and the character borders of each token in its paragraph."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A passage of the corpus with its article (the title) and tokenised sentences."""

    text: str
    article: str
    title_ids: tuple[int, ...]
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question on a paragraph; ``spans`` are the character spans of its right answers there."""

    text: str
    ids: tuple[int, ...]
    paragraph: int
    spans: tuple[tuple[int, int], ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Paragraphs, questions, and which paragraphs and questions belong to which article."""

    paragraphs: tuple[Paragraph, ...]
    questions: tuple[Question, ...]
    by_article: dict[str, list[int]]
    questions_by_article: dict[str, list[int]]
    cls: int
    sep: int
    gaps: tuple[tuple[int, ...], ...]


def load_records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of one gzipped JSON-lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def build(records: Iterable[dict[str, Any]], tokenizer: Any) -> Corpus:
    """Tokenise the passages and questions of ``records`` (our schema), each passage once."""
    paragraphs: list[Paragraph] = []
    questions: list[Question] = []
    seen: dict[str, int] = {}
    by_article: dict[str, list[int]] = {}
    asked: dict[str, list[int]] = {}
    for record in records:
        for passage in record["passages"]:
            if passage["text"] not in seen:
                seen[passage["text"]] = len(paragraphs)
                by_article.setdefault(passage["title"], []).append(len(paragraphs))
                paragraphs.append(_paragraph(passage, tokenizer))
        gold = next((p for p in record["passages"] if p["is_gold"] and _spans(record, p)), None)
        if gold is not None:
            asked.setdefault(gold["title"], []).append(len(questions))
            questions.append(_question(record, gold, seen[gold["text"]], tokenizer))
    cls, sep = tokenizer.encode("", add_special_tokens=True).ids
    gaps = tuple(tuple(tokenizer.encode(text, add_special_tokens=False).ids) for text in ("", "", "", "…", "[…]"))
    return Corpus(tuple(paragraphs), tuple(questions), by_article, asked, cls, sep, gaps)


def _paragraph(passage: dict[str, Any], tokenizer: Any) -> Paragraph:
    text = passage["text"]
    parts = []
    for start, end in sentences(text, "en"):
        coded = tokenizer.encode(text[start:end], add_special_tokens=False)
        if coded.ids:
            parts.append(Sentence(tuple(coded.ids), tuple((start + a, start + b) for a, b in coded.offsets)))
    title = tokenizer.encode(passage["title"] + ":", add_special_tokens=False).ids[:16]
    return Paragraph(text, passage["title"], tuple(title), tuple(parts))


def _question(record: dict[str, Any], gold: dict[str, Any], paragraph: int, tokenizer: Any) -> Question:
    ids = tuple(tokenizer.encode(record["question"], add_special_tokens=False).ids)
    return Question(record["question"], ids, paragraph, tuple(_spans(record, gold)), tuple(record["answers"]))


def _spans(record: dict[str, Any], gold: dict[str, Any]) -> list[tuple[int, int]]:
    """Where the answer stands: as marked, or every occurrence where the mark is a sentence or a guess."""
    if record["meta"]["support_type"] == "answer" and record["meta"].get("n_occurrences", 1) == 1:
        return [(start, end) for start, end in gold["support"]]
    found = []
    for answer in record["answers"]:
        pattern = rf"(?<!\w){re.escape(answer)}(?!\w)"
        found += [match.span() for match in re.finditer(pattern, gold["text"])]
    return found or [(s, e) for s, e in gold["support"] if record["meta"]["support_type"] == "answer"]
