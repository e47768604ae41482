"""Questions with their passages, answers and gold spans, from our schema or a benchmark's own files.

`load` looks at the file and picks the reader. Every loaded file is identified by its SHA-256 in the results.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage, Span

from .native import read_native
from .questions import Question, open_text

__all__ = ["checksum", "data_folder", "find", "load", "shortened"]


def data_folder() -> Path:
    """The folder named by ``RAGCOMPRESS_DATA``, else ``../shared/data``."""
    return Path(os.environ.get("RAGCOMPRESS_DATA", "../shared/data"))


def find(name: str) -> Path:
    """A file or folder as named, or the one of that name in the data folder (``squad_dev``).

    Raises:
        InvalidInput: There is no such file.
    """
    direct = Path(name)
    if direct.exists():
        return direct
    for part in ("dev", "train", "."):
        for ending in ("", ".jsonl.gz", ".jsonl", ".json"):
            candidate = data_folder() / part / f"{name}{ending}"
            if candidate.exists():
                return candidate
    raise InvalidInput(
        f"no data file {name!r}, neither here nor in {data_folder()}; set RAGCOMPRESS_DATA to its folder"
    )


def checksum(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder in the order of their names."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            digest.update(str(file.relative_to(path)).encode())
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def load(path: Path, *, limit: int | None = None) -> list[Question]:
    """The questions of a file (our schema or a benchmark's own) or BEIR folder, in file order.

    Args:
        path: A file, compressed with gzip or not, or a BEIR folder.
        limit: At most so many questions: evenly spread over the file, so that no article dominates.

    Raises:
        InvalidInput: The format is none that is known.
    """
    if path.is_dir() or not _is_ours(path):
        questions = list(read_native(path))
    else:
        questions = [_question(record, path, number) for number, record in _records(path)]
    if limit is None or limit >= len(questions):
        return questions
    return [questions[at * len(questions) // limit] for at in range(limit)]


def shortened(question: Question, passages: int) -> Question:
    """The question with its gold passages and, in their order, as many others as make up ``passages``."""
    others = [at for at in range(len(question.passages)) if at not in question.gold]
    kept = sorted([*question.gold, *others][:passages])
    place = {old: new for new, old in enumerate(kept)}
    return replace(
        question,
        passages=tuple(question.passages[at] for at in kept),
        support=tuple(s._replace(passage=place[s.passage]) for s in question.support if s.passage in place),
        gold=tuple(place[at] for at in question.gold if at in place),
    )


def _records(path: Path) -> Iterator[tuple[int, Any]]:
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except ValueError as error:
                    raise InvalidInput(f"{path}, line {number} is not JSON: {error}") from error


def _is_ours(path: Path) -> bool:
    with open_text(path) as file:
        head = file.readline()
    try:
        record = json.loads(head)
    except ValueError:
        return False
    return isinstance(record, dict) and "passages" in record and "question" in record


def _question(record: Any, path: Path, number: int) -> Question:
    """One line, in the format of ``ragcompress tune``: only question and passages must be there.

    Raises:
        InvalidInput: Something is missing or of another type; the line is named.
    """
    try:
        return _ours(record, path, number)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise InvalidInput(
            f"{path}, line {number} is no labelled question: {said}; it needs question (a text), passages (texts, or "
            "objects with text, and title and support if known) and answers (texts)"
        ) from error


def _ours(record: dict[str, Any], path: Path, number: int) -> Question:
    meta = record.get("meta") or {}
    passages = [{"text": each} if isinstance(each, str) else each for each in record["passages"]]
    support = [Span(at, *span) for at, passage in enumerate(passages) for span in passage.get("support") or ()]
    gold = [at for at, passage in enumerate(passages) if passage.get("is_gold")]
    return Question(
        id=str(record.get("id", number)),
        question=_text(record["question"], "question"),
        answers=tuple(_text(answer, "an answer") for answer in record.get("answers") or ()),
        passages=tuple(
            Passage(p["text"], id=str(p.get("id", at)), title=p.get("title") or "") for at, p in enumerate(passages)
        ),
        support=tuple(support),
        support_type=meta.get("support_type", "answer" if support else "none"),
        gold=tuple(gold or sorted({span.passage for span in support})),
        dataset=path.name.split(".")[0],
        lang=meta.get("lang", "en"),
    )


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is {type(value).__name__} and no text")
    return value
