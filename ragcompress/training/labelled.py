"""Labelled questions: what was asked, what was retrieved, and which of it was needed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage, Span

__all__ = ["Labelled", "overlap", "read_labelled"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question whose needed text is known.

    Attributes:
        question: As asked.
        passages: As retrieved.
        groups: Of the spans in a group one is needed; all groups are needed. None: nothing here is relevant.
        masked: Spans that may support or not; they take no part.
    """

    question: str
    passages: tuple[Passage, ...]
    groups: tuple[tuple[Span, ...], ...]
    masked: tuple[Span, ...] = ()


def read_labelled(path: Path) -> Iterator[Labelled]:
    """Labelled questions of a JSON-lines file, gzipped or not.

    A line holds ``question``, ``passages`` (str, or ``{"text", "title", "support": [[start, end], …]}``) and
    ``answers`` (str). Without support, every sentence that holds an answer counts, any of them being enough.

    Raises:
        InvalidInput: The file can't be read, or a line is none of this; the message names the line.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _labelled(line, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"can't read {path}: {error}") from error


def _labelled(line: str, where: str) -> Labelled:
    try:
        record = json.loads(line)
        question, given, answers = record["question"], record["passages"], record.get("answers") or []
        rows = [{"text": row} if isinstance(row, str) else row for row in given]
        passages = tuple(Passage(row["text"], title=row.get("title") or "") for row in rows)
        marked = [Span(at, *span) for at, row in enumerate(rows) for span in row.get("support") or []]
        whole = (record.get("meta") or {}).get("support_type") == "sentence"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"{where} is no labelled question ({type(error).__name__}: {error}); it needs question, passages, answers"
        ) from error
    found = [span for answer in answers for span in _occurrences(answer, passages)]
    if whole:
        return Labelled(question, passages, tuple((span,) for span in marked))
    needed = tuple(marked or found)
    return Labelled(question, passages, (needed,) if needed else (), tuple(found))


def _occurrences(answer: str, passages: Sequence[Passage]) -> Iterator[Span]:
    wanted = answer.casefold()
    for at, passage in enumerate(passages):
        text = passage.text.casefold()
        start = text.find(wanted) if wanted and len(text) == len(passage.text) else -1
        while start >= 0:
            yield Span(at, start, start + len(wanted))
            start = text.find(wanted, start + 1)


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans share a character."""
    return one.passage == other.passage and max(one.start, other.start) < min(one.end, other.end)
