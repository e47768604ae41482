"""One labelled question, as every data set gives it."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from ragcompress.core.types import Passage, Span

from .metrics import holds_answer

__all__ = ["Question", "open_text"]


@dataclass(frozen=True)
class Question:
    """One labelled question.

    Attributes:
        id: Unique within its data set.
        question: What is asked.
        answers: All that count as right; empty: these passages do not answer it.
        passages: What a retriever would hand over, in its order.
        support: Gold spans.
        support_type: ``"answer"``: each span is one right answer, any of them will do; ``"sentence"``: the evidence,
            all of it needed; ``"none"``: not marked.
        gold: Numbers of the passages that answer.
        dataset: Name of the data set.
        lang: ISO code.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]
    support: tuple[Span, ...] = ()
    support_type: str = "none"
    gold: tuple[int, ...] = ()
    dataset: str = ""
    lang: str = "en"

    @property
    def answerable(self) -> bool:
        """Whether it has an answer at all."""
        return bool(self.answers)

    @cached_property
    def answer_present(self) -> bool:
        """Whether an answer stands in any passage, verbatim but for case and punctuation."""
        return any(holds_answer(passage.text, self.answers) for passage in self.passages)


def open_text(path: Path) -> IO[str]:
    """A text file, unpacked if it is gzipped."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")
