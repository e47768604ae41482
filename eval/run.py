"""The run: every question under every compressor and budget, one row each.

The loop goes question by question, so that the encoder's cache serves all methods and budgets of a question. What
fails is a row too, and counts as zero.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

from ragcompress import methods
from ragcompress.core.budget import Renderer, TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.errors import CompressionFailed
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import render, whole
from ragcompress.core.types import Span

from .bounds import Oracle, full
from .meaning import critical_recall, limiter_recall, whole_units
from .metrics import exact_match, f1, holds_answer, support_precision, support_recall
from .questions import Question
from .rows import Key, Row, RowWriter, read_rows

__all__ = ["BOUNDS", "FULL", "Plan", "Read", "Reader", "evaluate", "run", "versions"]

FULL = "full"
BOUNDS = ("full", "oracle", "truncate", "passages")  # beside every row
Maker = Callable[[Question], Compressor]


@dataclass(frozen=True, slots=True)
class Read:
    """A reader's best answer, its confidence from 0 to 1, and whether it would rather abstain."""

    text: str
    score: float
    abstained: bool


Reader = Callable[[str, Context], Read]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does.

    Attributes:
        methods: Name -> what makes the compressor for a question.
        budgets: Fractions of the tokens of the full rendered context.
        reader: Answers from a context; None: only recall and precision are measured.
        render: How contexts become strings; None means the plain rendering.
    """

    methods: Mapping[str, Maker]
    budgets: tuple[float, ...]
    reader: Reader | None = None
    render: Renderer | None = None

    @classmethod
    def named(
        cls,
        names: Sequence[str],
        budgets: Sequence[float],
        *,
        reader: Reader | None = None,
        bounds: bool = True,
    ) -> Plan:
        """A plan from methods' names (`ragcompress.methods`, and ``full`` and ``oracle``).

        Raises:
            InvalidInput: A method is unknown.
        """
        wanted = dict.fromkeys([*(BOUNDS if bounds else ()), *names])
        return cls({name: _maker(name) for name in wanted}, tuple(budgets), reader)

    def keys(self, question: Question) -> list[Key]:
        """The rows that a question gets."""
        pairs = [(name, budget) for name in self.methods for budget in ((1.0,) if name == FULL else self.budgets)]
        return [(question.dataset, question.id, name, budget) for name, budget in pairs]


def run(questions: Sequence[Question], plan: Plan, folder: Path, *, progress: Any = None) -> int:
    """Evaluate what ``folder`` does not hold yet.

    Args:
        questions: What to ask.
        plan: How.
        folder: Where ``rows.jsonl`` is; rows that are there are not computed again.
        progress: Called after every question with the number of questions, for a progress bar.

    Returns:
        The number of new rows.
    """
    done = {row.key for row in read_rows(folder)}
    written = 0
    with RowWriter(folder) as writer:
        for question in questions:
            missing = [key for key in plan.keys(question) if key not in done]
            if missing:
                rows = list(evaluate(question, plan, missing))
                writer.write(rows)
                written += len(rows)
            if progress is not None:
                progress(1)
    return written


def evaluate(question: Question, plan: Plan, keys: Sequence[Key]) -> Iterator[Row]:
    """The rows ``keys`` of one question."""
    context = Context.of(question.question, question.passages)
    chars, tokens = whole(context, TokenBudget(0, embedded_count, plan.render))
    readings: dict[tuple[Span, ...], Read] = {}
    for _, _, name, fraction in keys:
        base: dict[str, Any] = {
            "dataset": question.dataset,
            "id": question.id,
            "compressor": name,
            "budget": fraction,
            "tokens_in": tokens,
            "chars_in": chars,
            "answerable": question.answerable,
            "answer_present": question.answer_present,
        }
        budget = TokenBudget(int(fraction * tokens + 1e-9), embedded_count, plan.render)
        try:
            began = perf_counter()
            kept = plan.methods[name](question)(context, budget)
            base["seconds"] = round(perf_counter() - began, 5)
            yield Row(**base | _measure(question, kept, budget) | _read(question, kept, plan.reader, readings))
        except Exception as error:  # a failure is a result: it is recorded and counts as zero
            yield Row(**base | _failed(question, plan) | {"error": f"{type(error).__name__}: {error}"})


def versions() -> dict[str, str]:
    """What the numbers depend on beside the data."""
    names = ("ragcompress-kit", "numpy", "onnxruntime", "tokenizers", "sentencex", "torch", "transformers")
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _maker(name: str) -> Maker:
    if name == "oracle":
        return Oracle.of
    compressor = full if name == FULL else methods.resolve(name)
    return lambda question: compressor


def _measure(question: Question, kept: Context, budget: TokenBudget) -> dict[str, Any]:
    text = render(kept, budget)
    size = budget.count(text) if text else 0
    if size > budget.limit:
        raise CompressionFailed(f"kept {size} tokens, {budget.limit} allowed")
    spans = tuple(span for segment in kept.segments for span in segment.support)
    alternatives = question.support_type == "answer"
    return {
        "tokens_out": size,
        "chars_out": len(text),
        "answer_recall": float(holds_answer(text, question.answers)),
        "support_recall": support_recall(spans, question.support, alternatives=alternatives),
        "support_precision": support_precision(spans, question.support),
        "whole_units": whole_units(kept),
        "limiter_recall": limiter_recall(kept),
        "critical_recall": critical_recall(kept, question.support),
        "kept": spans,
    }


def _read(
    question: Question, kept: Context, reader: Reader | None, seen: dict[tuple[Span, ...], Read]
) -> dict[str, Any]:
    if reader is None:
        return {}
    spans = tuple(span for segment in kept.segments for span in segment.support)
    read = seen.get(spans) or reader(question.question, kept)
    if all(kept.is_verbatim(at) for at in range(len(kept.segments))):
        seen[spans] = read
    answer = read.text if question.answerable or not read.abstained else ""
    return {
        "prediction": read.text,
        "confidence": round(read.score, 4),
        "abstained": read.abstained,
        "em": exact_match(answer, question.answers),
        "f1": f1(answer, question.answers),
    }


def _failed(question: Question, plan: Plan) -> dict[str, Any]:
    marked = 0.0 if question.support else None
    read = {} if plan.reader is None else {"prediction": "", "confidence": 0.0, "em": 0.0, "f1": 0.0}
    return {"support_recall": marked, "support_precision": marked} | read
