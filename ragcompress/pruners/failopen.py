"""When a model raises, hangs or talks rubbish: extraction instead, with a note, or a named error on request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ragcompress.core.budget import TokenBudget
from ragcompress.core.clock import OutOfTime
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput, MissingExtra, ModelError
from ragcompress.core.notes import Code
from ragcompress.core.render import fill, fit

__all__ = ["attempt", "or_extract"]

Answer = TypeVar("Answer")


def attempt(work: Callable[[], Answer], timeout_s: float | None = None) -> Answer | Exception:
    """What ``work`` returns, or the exception it raised; a `TimeoutError` when it takes too long.

    Raises:
        MissingExtra, InvalidInput: A package is missing or the set-up is wrong; no fallback should hide that.
        OutOfTime: The whole call has no more time.
    """
    box: list[Answer | BaseException] = []

    def run() -> None:
        try:
            box.append(work())
        except BaseException as error:  # the caller decides; a model behind a network may raise anything
            box.append(error)

    if timeout_s is None:
        run()
    else:
        worker = threading.Thread(target=run, daemon=True, name="ragcompress-model")
        worker.start()
        worker.join(timeout_s)
    answer = box[0] if box else TimeoutError(f"no answer within {timeout_s} s")
    if isinstance(answer, MissingExtra | InvalidInput | OutOfTime | MemoryError):
        raise answer
    if isinstance(answer, BaseException) and not isinstance(answer, Exception):
        raise answer  # an interrupt is nobody's failure
    return answer


def or_extract(
    work: Callable[[], Context], scored: Context, budget: TokenBudget, *, name: str, strict: bool
) -> Context:
    """``work()``; where it fails, the best sentences of ``scored`` with a note.

    Raises:
        ModelError: ``work`` failed and ``strict`` is set.
    """
    answer = attempt(work)
    if isinstance(answer, Context):
        return fit(answer, budget)
    why = f"{type(answer).__name__}: {answer}"
    if strict:
        raise ModelError(f"{name} failed: {why}") from answer
    code: Code = "out-of-time" if isinstance(answer, TimeoutError) else "failed"
    return fit(fill(scored, budget), budget).note(f"{name} failed ({why}); sentences were extracted instead", code)
