"""Data sets of the Hugging Face hub by name, where the hub can be reached: ``hub:rajpurkar/squad:validation``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage, Span

from .questions import Question

__all__ = ["from_records", "load_hub"]

PREFIX = "hub:"


def load_hub(name: str, *, limit: int | None = None) -> list[Question]:
    """The questions of ``hub:owner/name[:split]``.

    Raises:
        InvalidInput: The hub can't be reached or has no such data set, or its columns are not understood.
        MissingExtra: The package ``datasets`` is not installed.
    """
    path, _, split = name.removeprefix(PREFIX).partition(":")
    try:
        records = require("datasets", "eval").load_dataset(path, split=split or "validation")
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidInput(f"can't load {name!r} from the hub: {error}; a local file needs no network") from error
    questions = from_records(records, dataset=path.split("/")[-1])
    return questions if limit is None else questions[:limit]


def from_records(records: Iterable[Mapping[str, Any]], *, dataset: str) -> list[Question]:
    """Questions from rows with SQuAD's or HotpotQA's column names.

    Raises:
        InvalidInput: There is no ``question``, or ``context`` has a form that is not known.
    """
    return [_question(record, at, dataset) for at, record in enumerate(records)]


def _question(record: Mapping[str, Any], at: int, dataset: str) -> Question:
    if "question" not in record:
        raise InvalidInput(f"{dataset}: no column 'question' among {sorted(record)}")
    passages = _passages(record, dataset)
    answers = record.get("answers", record.get("answer", ()))
    starts = answers.get("answer_start", ()) if isinstance(answers, Mapping) else ()
    texts = answers.get("text", ()) if isinstance(answers, Mapping) else answers
    texts = (texts,) if isinstance(texts, str) else tuple(texts)
    support = sorted({Span(0, start, start + len(text)) for start, text in zip(starts, texts, strict=False)})
    return Question(
        id=str(record.get("id", at)),
        question=record["question"],
        answers=tuple(dict.fromkeys(texts)),
        passages=passages,
        support=tuple(support),
        support_type="answer" if support else "none",
        gold=(0,) if support else (),
        dataset=dataset,
    )


def _passages(record: Mapping[str, Any], dataset: str) -> tuple[Passage, ...]:
    context = record.get("context", ())
    if isinstance(context, str):
        return (Passage(context, title=str(record.get("title", "")).replace("_", " ")),)
    if isinstance(context, Mapping) and {"title", "sentences"} <= context.keys():
        pairs = zip(context["title"], context["sentences"], strict=True)
        return tuple(Passage("".join(sentences), title=title) for title, sentences in pairs)
    if not context:
        return ()
    raise InvalidInput(f"{dataset}: the column 'context' is neither a text nor titles with sentences")
