"""Latency of compressors, nothing shared between them, and when the time they take pays for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter

import numpy as np

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.render import tokens, whole
from ragcompress.core.types import Passage

from .questions import Question
from .run import Maker

__all__ = ["Prices", "Speed", "Timed", "measure", "stored_states"]


@dataclass(frozen=True, slots=True)
class Prices:
    """What the reader costs.

    Attributes:
        prefill: Tokens a second that the reader takes in.
        per_million: Price of a million input tokens, in any currency.
    """

    prefill: float = 2_000.0
    per_million: float = 0.50


@dataclass(frozen=True, slots=True)
class Timed:
    """What is timed.

    Attributes:
        name: For the table.
        maker: Makes the compressor.
        prepare: Called with a question's passages before the clock starts, as an index is built before it is asked;
            what it returns is called while the clock runs, before the compressor.
    """

    name: str
    maker: Maker
    prepare: Callable[[Sequence[Passage]], Callable[[], object]] = lambda passages: lambda: None


def stored_states() -> Callable[[Sequence[Passage]], Callable[[], object]]:
    """A `Timed.prepare` that computes token states ahead, as ``DenseRetriever.build(..., precompute=True)`` does."""
    from ragcompress.retriever.states import StateMaker
    from ragcompress.training.labeller.store import encoder

    ahead = StateMaker(encoder())  # of its own, so that the timed one finds nothing cached
    timed = StateMaker()
    return lambda passages: partial(timed.recall, passages, ahead(passages))


@dataclass(frozen=True, slots=True)
class Speed:
    """One method's timings over the questions.

    Attributes:
        method: Its name.
        questions: How many were timed.
        median: Milliseconds per question, median.
        slow: Milliseconds per question, 95th percentile.
        tokens_per_second: Input tokens over time.
        saved_tokens: Mean tokens saved a question.
        saved_ms: Mean prefill milliseconds saved a question, at the given prefill speed.
        net_ms: Saved minus spent: above zero, compression makes the answer come sooner.
        saved_money: Saved per thousand questions.
        break_even: The prefill speed, tokens a second, below which it pays in time; inf when it costs none.
    """

    method: str
    questions: int
    median: float
    slow: float
    tokens_per_second: float
    saved_tokens: float
    saved_ms: float
    net_ms: float
    saved_money: float
    break_even: float


def measure(timed: Timed, questions: Sequence[Question], *, budget: float, salt: int, prices: Prices) -> Speed:
    """Time one method.

    Args:
        timed: The method.
        questions: Each is timed once, after a warm-up on the first.
        budget: Fraction of the tokens.
        salt: Another number for every method: that many blanks are put behind each passage, so that what another
            method left in a cache is of no use.
        prices: Of the reader.
    """
    spent, taken, saved = [], [], []
    for at, question in enumerate([questions[0], *questions]):
        passages = [replace(p, text=p.text + " " * (salt * 2 + (at == 0))) for p in question.passages]
        context = Context.of(question.question, passages)
        before = whole(context, TokenBudget(0, embedded_count))[1]
        limit = TokenBudget(int(budget * before), embedded_count)
        compressor, recall = timed.maker(question), timed.prepare(passages)
        began = perf_counter()
        recall()
        kept = compressor(context, limit)
        elapsed = perf_counter() - began
        if at:  # the first is the warm-up
            spent.append(elapsed)
            taken.append(before)
            saved.append(before - tokens(kept, limit))
    mean_ms, mean_saved = 1000 * float(np.mean(spent)), float(np.mean(saved))
    saved_ms = 1000 * mean_saved / prices.prefill
    return Speed(
        method=timed.name,
        questions=len(spent),
        median=1000 * float(np.median(spent)),
        slow=1000 * float(np.percentile(spent, 95)),
        tokens_per_second=sum(taken) / max(sum(spent), 1e-9),
        saved_tokens=mean_saved,
        saved_ms=saved_ms,
        net_ms=saved_ms - mean_ms,
        saved_money=mean_saved * 1000 * prices.per_million / 1e6,
        break_even=1000 * mean_saved / mean_ms if mean_ms else float("inf"),
    )
