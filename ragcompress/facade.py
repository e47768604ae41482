"""`compress`: the one call most programs need. Nothing that goes wrong inside keeps the caller from a context."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any, Literal

from ragcompress import structure
from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.errors import CompressionFailed, InvalidInput, require
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import fit, render, whole
from ragcompress.core.types import Passage
from ragcompress.methods import DEFAULT, default, resolve
from ragcompress.pruners.baselines import truncate
from ragcompress.pruners.extractive import SentencePruner
from ragcompress.results.result import Compressed
from ragcompress.scorers.lexical import LexicalScorer
from ragcompress.telemetry import spanned

__all__ = ["compress", "compress_many", "units"]

Budget = TokenBudget | int | float | None
OnError = Literal["fallback", "raise"]


@spanned
def compress(
    query: str,
    passages: Iterable[str | Passage],
    budget: Budget = None,
    compressor: Compressor | str | None = None,
    timeout_s: float | None = None,
    on_error: OnError = "fallback",
) -> Compressed:
    """Shrink retrieved passages to what the query needs.

    Args:
        query: What is asked.
        passages: Retrieved passages, best first, as str or `Passage`.
        budget: A `TokenBudget`; an int (tokens of the embedded tokenizer); a float in (0, 1], the kept fraction; or
            None: a calibrated threshold decides how much to keep.
        compressor: Any ``(Context, TokenBudget) -> Context``, or a method's name (see ``ragcompress methods``).
        timeout_s: Seconds after which a fast fallback answers instead.
        on_error: ``"fallback"``: a compressor that fails is replaced by word-based selection, with a warning;
            ``"raise"``: it raises `CompressionFailed`.

    Returns:
        The compressed context; no passages give an empty one.

    Raises:
        InvalidInput: Blank query, wrong types, a budget below zero, an unknown method.
        CompressionFailed: Only with ``on_error="raise"``.
    """
    started = perf_counter()
    context = Context.of(query, passages)
    _check(context, timeout_s, on_error)
    method = _method(compressor, dynamic=budget is None)
    limit = _budget(budget, context)
    began = perf_counter()
    outcome = _run(method, context, limit, timeout_s)
    if isinstance(outcome, Exception):
        why = f"{_name(method)} failed: {type(outcome).__name__}: {outcome}"
        if on_error == "raise":
            raise CompressionFailed(why) from outcome
        outcome = _fallback(context, limit, why)
    took = perf_counter() - began
    timings = {"compress": took, "total": perf_counter() - started}
    return _result(outcome, limit, _label(compressor, method), timings)


def compress_many(
    items: Iterable[tuple[str, Iterable[str | Passage]]],
    budget: Budget = None,
    compressor: Compressor | str | None = None,
    progress: bool = False,
    **options: Any,
) -> Iterator[Compressed]:
    """Compress many ``(query, passages)`` pairs lazily and in order; ``options`` as in `compress`.

    Raises:
        MissingExtra: ``progress=True`` without rich.
    """
    method = _method(compressor, dynamic=budget is None)
    if progress:
        track = require("rich.progress", "cli").track
        items = track(items if hasattr(items, "__len__") else list(items), description="compress")
    for query, passages in items:
        out = compress(query, passages, budget, method, **options)
        yield replace(out, method=_label(compressor, method))


def units(text: str) -> list[tuple[int, int]]:
    """How a passage falls into units, as half-open ``str`` offsets that tile it; `ragcompress.structure` has the rest.

    >>> units("Ada wrote it. It rained.")
    [(0, 14), (14, 24)]
    """
    return [(unit.start, unit.end) for unit in structure.units(text)]


def _budget(budget: Budget, context: Context) -> TokenBudget:
    """Whatever the caller gave, as a `TokenBudget`."""
    if isinstance(budget, TokenBudget):
        return budget
    size = whole(context, TokenBudget(0, embedded_count))[1]
    if budget is None:
        return TokenBudget(size, embedded_count)
    if not isinstance(budget, float):
        return TokenBudget(budget, embedded_count)
    if not 0 < budget <= 1:
        raise InvalidInput(f"a float budget is the kept fraction, in (0, 1], not {budget}; tokens are an int")
    return TokenBudget(int(budget * size), embedded_count)


def _check(context: Context, timeout_s: float | None, on_error: str) -> None:
    if not context.query.strip():
        raise InvalidInput("query is empty; compression keeps what answers a question, so ask one")
    if timeout_s is not None and timeout_s <= 0:
        raise InvalidInput(f"timeout_s must be above zero, not {timeout_s}; None waits as long as it takes")
    if on_error not in ("fallback", "raise"):
        raise InvalidInput(f"on_error must be 'fallback' or 'raise', not {on_error!r}")


def _method(compressor: Compressor | str | None, *, dynamic: bool) -> Compressor:
    if compressor is None:
        return default(dynamic=dynamic)
    if isinstance(compressor, str):
        return resolve(compressor, dynamic=dynamic)
    if isinstance(compressor, type) or not callable(compressor):
        raise InvalidInput(
            f"compressor must be (Context, TokenBudget) -> Context or a method's name, not {compressor!r}"
        )
    return compressor


def _run(method: Compressor, context: Context, budget: TokenBudget, timeout_s: float | None) -> Context | Exception:
    """The compressor's answer, checked and within budget, or the exception that took its place."""

    def work() -> Context:
        answer = method(context, budget)
        if not isinstance(answer, Context):
            raise InvalidInput(f"a compressor must return a Context, not {type(answer).__name__}")
        if answer.query != context.query or answer.passages is not context.passages:
            raise InvalidInput("a compressor must leave query and passages as they are")
        return fit(answer, budget)

    return _attempt(work, timeout_s)


def _attempt(work: Callable[[], Context], timeout_s: float | None) -> Context | Exception:
    box: list[Context | Exception] = []

    def fill_box() -> None:
        try:
            box.append(work())
        except Exception as error:  # fail-open is this function's purpose: the caller decides what to do with it
            box.append(error)

    if timeout_s is None:
        fill_box()
        return box[0]
    worker = threading.Thread(target=fill_box, daemon=True, name="ragcompress-compress")
    worker.start()
    worker.join(timeout_s)
    return box[0] if box else TimeoutError(f"no answer within {timeout_s} s")


def _fallback(context: Context, budget: TokenBudget, why: str) -> Context:
    """Selection by words, which needs no model; truncation if even that fails."""
    answer = _attempt(lambda: SentencePruner(LexicalScorer())(context, budget), None)
    if isinstance(answer, Exception):
        return truncate(context, budget).note(f"{why}; truncated instead")
    return answer.note(f"{why}; sentences were selected by words instead")


def _result(context: Context, budget: TokenBudget, method: str, timings: dict[str, float]) -> Compressed:
    text = render(context, budget)
    scores = context.passage_scores or LexicalScorer()(Context.of(context.query, context.passages)).passage_scores
    return Compressed(
        context=context,
        text=text,
        tokens_in=whole(context, budget)[1],
        tokens_out=budget.count(text) if text else 0,
        limit=budget.limit,
        method=method,
        passage_scores=scores,
        timings=timings,
    )


def _label(given: Compressor | str | None, method: Compressor) -> str:
    """What a result calls its method: the name it was chosen by, where it was."""
    return DEFAULT if given is None else given if isinstance(given, str) else _name(method)


def _name(compressor: Compressor) -> str:
    return getattr(compressor, "__name__", None) or repr(compressor)
