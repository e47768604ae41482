"""The work on labelled questions: the evaluation's rows, as the checkout's ``eval`` makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from ragcompress.bulk.source import Rows
from ragcompress.bulk.work import named, passage_of, surroundings
from ragcompress.core.errors import InvalidInput, MissingExtra
from ragcompress.core.types import Span
from ragcompress.methods import DEFAULT

__all__ = ["Evaluate"]


@dataclass(frozen=True)
class Evaluate:
    """Labelled questions to rows of metrics.

    Attributes:
        methods: Names as listed by ``ragcompress methods``; the default one if none.
        budgets: Kept fractions.
    """

    methods: Sequence[str] = ()
    budgets: Sequence[float] = (0.2,)

    numbers, chunk = True, 64
    columns = {  # noqa: RUF012 - of the class
        "id": "text", "dataset": "text", "compressor": "text", "budget": "number", "tokens_in": "whole",
        "tokens_out": "whole", "chars_in": "whole", "chars_out": "whole", "answerable": "truth",
        "answer_present": "truth", "answer_recall": "number", "support_recall": "number", "support_precision": "number",
        "seconds": "number", "error": "text",
    }  # fmt: skip

    def about(self) -> dict[str, Any]:
        """See `Work`."""
        names = [named(name) for name in self._names()]
        return {"task": "evaluate", "methods": names, "budgets": list(self.budgets), **surroundings()}

    def __call__(self, rows: Rows) -> Rows:
        """See `Work`; as many rows per question as there are methods and budgets."""
        return [out for row in rows for out in self._of(row)]

    def _of(self, row: dict[str, Any]) -> Rows:
        if row.get("error"):
            return [{"id": str(row["id"]), "error": str(row["error"])}]
        harness = _harness()
        try:
            question = _question(row)
            plan = _plan(tuple(self._names()), tuple(self.budgets))
            made = [asdict(each) for each in harness.evaluate(question, plan, plan.keys(question))]
        except Exception as error:  # a row that fails is a result; the job goes on
            return [{"id": str(row["id"]), "error": f"{type(error).__name__}: {error}"}]
        return [{name: each.get(name) for name in self.columns} for each in made]

    def _names(self) -> Sequence[str]:
        return self.methods or (DEFAULT,)


def _harness() -> Any:
    try:
        return import_module("eval.run")
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "the evaluation is part of the checkout and not of the installed package; run this from the checkout's "
            "folder, or put it on PYTHONPATH"
        ) from error


@lru_cache(maxsize=4)
def _plan(names: tuple[str, ...], budgets: tuple[float, ...]) -> Any:
    return _harness().Plan.named(names, budgets, bounds=False)


def _question(row: dict[str, Any]) -> Any:
    asked, given = row.get("question", row.get("query")), row.get("passages")
    if not isinstance(asked, str) or not isinstance(given, list):
        raise InvalidInput("a labelled question has a str 'question', 'answers' and a list of 'passages'")
    meta = row.get("meta") or {}
    marks = [each.get("support") if isinstance(each, dict) else None for each in given]
    own = [{k: v for k, v in each.items() if k != "support"} if isinstance(each, dict) else each for each in given]
    return import_module("eval.questions").Question(
        id=str(row["id"]),
        question=asked,
        answers=tuple(row.get("answers") or ()),
        passages=tuple(passage_of(each) for each in own),
        support=tuple(Span(at, start, end) for at, spans in enumerate(marks) for start, end in spans or ()),
        support_type=meta.get("support_type", "none"),
        dataset=meta.get("dataset", ""),
        lang=meta.get("lang", "en"),
    )
