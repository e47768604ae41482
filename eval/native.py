"""The benchmarks' own file formats: SQuAD 1.1 and 2.0, HotpotQA, 2WikiMultiHopQA, MuSiQue, NQ-open, TriviaQA, BEIR."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage, Span

from .questions import Question, open_text

__all__ = ["read_native"]


def read_native(path: Path) -> Iterator[Question]:
    """The questions of a benchmark's own file.

    SQuAD gives the paragraph as the only passage; HotpotQA, 2WikiMultiHopQA and MuSiQue their paragraphs; NQ-open and
    TriviaQA none (retrieve them from a corpus); a BEIR folder the judged documents of each query.

    Raises:
        InvalidInput: None of these.
    """
    if path.is_dir():
        yield from _beir(path)
        return
    content = _content(path)
    if isinstance(content, dict) and isinstance(content.get("data"), list):
        yield from _squad(content["data"], path)
    elif isinstance(content, dict) and isinstance(content.get("Data"), list):
        yield from _trivia(content["Data"], path)
    elif isinstance(content, list) and content and "supporting_facts" in content[0]:
        yield from _hotpot(content, path)
    elif isinstance(content, list) and content and "paragraphs" in content[0]:
        yield from _musique(content, path)
    elif isinstance(content, list) and content and "question" in content[0]:
        yield from _open(content, path)
    else:
        raise InvalidInput(
            f"{path} is in no format known here: our schema, SQuAD, HotpotQA, 2WikiMultiHopQA, MuSiQue, NQ-open, "
            "TriviaQA (files) or BEIR (a folder with corpus.jsonl, queries.jsonl, qrels/)"
        )


def _content(path: Path) -> Any:
    """A JSON document, or the list of a JSON-lines file's records."""
    with open_text(path) as file:
        text = file.read()
    try:
        whole = json.loads(text)
        lines = isinstance(whole, dict) and "\n" not in text.strip() and not whole.keys() & {"data", "Data"}
        return [whole] if lines else whole  # a single JSON line is a list of one
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise InvalidInput(f"{path} is neither JSON nor JSON lines: {error}") from error


def _name(path: Path) -> str:
    return path.name.split(".")[0]


def _squad(articles: list[dict[str, Any]], path: Path) -> Iterator[Question]:
    for article in articles:
        for paragraph in article["paragraphs"]:
            passage = Passage(paragraph["context"], title=article.get("title", "").replace("_", " "))
            for asked in paragraph["qas"]:
                answers = [] if asked.get("is_impossible") else asked["answers"]
                spans = {Span(0, a["answer_start"], a["answer_start"] + len(a["text"])) for a in answers}
                yield Question(
                    id=asked["id"],
                    question=asked["question"],
                    answers=tuple(dict.fromkeys(a["text"] for a in answers)),
                    passages=(passage,),
                    support=tuple(sorted(spans)),
                    support_type="answer",
                    gold=(0,) if answers else (),
                    dataset=_name(path),
                )


def _hotpot(records: list[dict[str, Any]], path: Path) -> Iterator[Question]:
    """HotpotQA and 2WikiMultiHopQA: ``context`` is a list of ``[title, sentences]``."""
    for record in records:
        facts = {(title, number) for title, number in record["supporting_facts"]}
        passages, support, gold = [], [], []
        for at, (title, sentences) in enumerate(record["context"]):
            glue = "" if any(s.startswith(" ") for s in sentences[1:]) else " "
            place = 0
            for number, sentence in enumerate(sentences):
                if (title, number) in facts:
                    support.append(Span(at, place, place + len(sentence)))
                    gold.append(at)
                place += len(sentence) + len(glue)
            passages.append(Passage(glue.join(sentences), id=str(at), title=title))
        yield Question(
            id=record["_id"],
            question=record["question"],
            answers=(record["answer"],) if record.get("answer") else (),
            passages=tuple(passages),
            support=tuple(support),
            support_type="sentence",
            gold=tuple(dict.fromkeys(gold)),
            dataset=_name(path),
        )


def _musique(records: list[dict[str, Any]], path: Path) -> Iterator[Question]:
    for record in records:
        gold = tuple(at for at, p in enumerate(record["paragraphs"]) if p.get("is_supporting"))
        answers = (record["answer"], *record.get("answer_aliases", ())) if record.get("answerable", True) else ()
        yield Question(
            id=record["id"],
            question=record["question"],
            answers=tuple(dict.fromkeys(answers)),
            passages=tuple(
                Passage(p["paragraph_text"], id=str(p.get("idx", at)), title=p.get("title", ""))
                for at, p in enumerate(record["paragraphs"])
            ),
            gold=gold,
            dataset=_name(path),
        )


def _open(records: list[dict[str, Any]], path: Path) -> Iterator[Question]:
    """NQ-open: ``{"question", "answer": [...]}`` a line, no passages."""
    for at, record in enumerate(records):
        answers = record.get("answer", record.get("answers", ()))
        answers = (answers,) if isinstance(answers, str) else tuple(answers)
        yield Question(str(record.get("id", at)), record["question"], answers, (), dataset=_name(path))


def _trivia(records: list[dict[str, Any]], path: Path) -> Iterator[Question]:
    for record in records:
        answer = record.get("Answer", {})
        answers = dict.fromkeys([answer.get("Value", ""), *answer.get("Aliases", ())])
        found = tuple(a for a in answers if a)
        yield Question(record["QuestionId"], record["Question"], found, (), dataset=_name(path))


def _beir(folder: Path) -> Iterator[Question]:
    """One question a query, with its judged documents as passages; those judged relevant are gold."""
    corpus = {row["_id"]: row for row in _content(folder / "corpus.jsonl")}
    queries = {row["_id"]: row["text"] for row in _content(folder / "queries.jsonl")}
    judged: dict[str, dict[str, int]] = {}
    for table in sorted((folder / "qrels").glob("*.tsv")):
        with table.open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                judged.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    for query, documents in judged.items():
        kept = [(key, grade) for key, grade in documents.items() if key in corpus]
        yield Question(
            id=query,
            question=queries[query],
            answers=(),
            passages=tuple(Passage(corpus[k]["text"], id=k, title=corpus[k].get("title", "")) for k, _ in kept),
            gold=tuple(at for at, (_, grade) in enumerate(kept) if grade > 0),
            dataset=folder.name,
        )
