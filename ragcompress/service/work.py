"""What the service computes, in threads: a request's body to plain data. Nothing here knows of HTTP."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ragcompress.core import render as looks
from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.errors import CompressionFailed, InvalidInput
from ragcompress.core.notes import Warning
from ragcompress.core.protocols import Compressor, Scorer
from ragcompress.facade import compress
from ragcompress.methods import DEFAULT, METHODS, resolve
from ragcompress.pruners.extractive import SentencePruner
from ragcompress.results.result import Compressed
from ragcompress.scorers import GuardedScorer, LexicalScorer
from ragcompress.scorers.labels import LabelScorer
from ragcompress.service.bodies import LOOKS, CompressBody
from ragcompress.service.settings import Settings
from ragcompress.structure import units

__all__ = ["METHOD_NAMES", "Ranked", "Work", "logit", "order"]

METHOD_NAMES = tuple(method.name for method in METHODS if method.build and method.offline)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Documents scored for a query.

    Attributes:
        scores: One per document, in [0, 1]; higher is more relevant.
        pruned: What was kept of each, "" for nothing; empty where that was not asked for.
        warnings: Fallbacks and their reasons.
    """

    scores: tuple[float, ...]
    pruned: tuple[str, ...]
    warnings: tuple[Warning, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """The service's calls into the library.

    Attributes:
        settings: The server's.
        scorer: Ranks documents; the guarded embedded labeller by default.
    """

    settings: Settings
    scorer: Scorer = field(default_factory=lambda: GuardedScorer(LabelScorer()))

    def compress(self, asked: CompressBody, waited: float) -> Compressed:
        """A compressed context; the time that the request waited is taken from its deadline.

        Raises:
            InvalidInput: An unknown method or tokenizer.
        """
        name = asked.method or DEFAULT
        if name not in METHOD_NAMES:
            raise InvalidInput(f"no method of this service is called {name!r}; there are: {', '.join(METHOD_NAMES)}")
        left = self._left(asked.timeout_ms, waited)
        options: dict[str, Any] = {"when_nothing": asked.when_nothing} if asked.when_nothing else {}
        if left <= 0:
            budget, _ = self._how(asked, name)
            return _late(compress(asked.query, asked.given(), budget, by_words, **options), waited)
        out = compress(asked.query, asked.given(), *self._how(asked, name), timeout_s=left, **options)
        return replace(out, method=name)

    def rescue(self, asked: CompressBody, error: BaseException) -> Compressed:
        """What is answered where the work itself went wrong."""
        budget, _ = self._how(asked, asked.method or DEFAULT)
        out = compress(asked.query, asked.given(), budget, by_words)
        note = f"the work ended in {type(error).__name__}; words alone decided"
        return replace(out, context=out.context.note(note, "failed"), method="lexical")

    def _how(self, asked: CompressBody, name: str) -> tuple[TokenBudget | int | float | None, Compressor | str]:
        """Budget and compressor; a rendering and a tokenizer of the request's own need a `TokenBudget`."""
        given = asked.budget
        amount = None if given is None else given.tokens if given.tokens is not None else given.fraction
        tokenizer = given.tokenizer if given else "embedded"
        count = self.settings.tokenizers.get(tokenizer)
        if count is None:
            known = ", ".join(self.settings.tokenizers)
            raise InvalidInput(f"no tokenizer of this server is called {tokenizer!r}; there are: {known}")
        if count is embedded_count and asked.render is None:
            return amount, name
        look = LOOKS[asked.render or "plain"]
        limit = amount if isinstance(amount, int) else looks.whole(
            Context.of(asked.query, asked.given()), TokenBudget(0, count, look)
        )[1]  # fmt: skip
        limit = int(limit * amount) if isinstance(amount, float) else limit
        return TokenBudget(limit, count, look), resolve(name, dynamic=amount is None)

    def whole(self, asked: CompressBody, out: Compressed) -> Compressed:
        """What a server in shadow mode hands back: everything, with a result's scores and account."""
        context = replace(
            Context.of(asked.query, out.context.passages), passage_scores=out.passage_scores, notes=out.warnings
        ).note(
            f"shadow mode: nothing was taken out; {out.tokens_out} of {out.tokens_in} tokens would be left", "shadow"
        )
        text = LOOKS[asked.render or "plain"](context)
        return replace(out, context=context, text=text, tokens_out=out.tokens_in)

    def shorten(self, question: str, text: str, waited: float) -> tuple[str, float]:
        """A tool's text with what its question needs, and the probability that its best unit answers it.

        Raises:
            TimeoutError: There was no time; a guess by words is no answer to be pinned for good.
            CompressionFailed: It could not be done.
        """
        left = self.settings.timeout_s - waited
        if left <= 0:
            raise TimeoutError
        try:
            out = compress(question, [text], timeout_s=left, on_error="raise", when_nothing="empty")
        except CompressionFailed as error:
            if isinstance(error.__cause__, TimeoutError):
                raise TimeoutError from error
            raise
        judged = [*out.context.segments, *(gone.segment for gone in out.dropped)]
        return out.text, max((segment.score or 0.0 for segment in judged), default=0.0)

    def rank(self, query: str, texts: Sequence[str], waited: float, *, pruned: bool = False) -> Ranked:
        """Relevance of each text, and on request what compression keeps of it."""
        left = self._left(None, waited)
        method: Compressor | None = by_words if left <= 0 else None if pruned else self._scored
        out = compress(query, list(texts), compressor=method, timeout_s=left if left > 0 else None)
        kept = _kept(out) if pruned and left > 0 else tuple(texts) if pruned else ()
        return Ranked(_unit(out.passage_scores), kept, out.warnings)

    def warm(self) -> None:
        """Load the model and read a sentence with it.

        Raises:
            CompressionFailed: It can't be used.
        """
        compress("Does it run?", ["It runs. It rains."], on_error="raise")

    def _scored(self, context: Context, budget: TokenBudget) -> Context:
        """A compressor that scores and takes nothing out."""
        return self.scorer(context.split(units))

    def _left(self, timeout_ms: int | None, waited: float) -> float:
        return (timeout_ms / 1000 if timeout_ms else self.settings.timeout_s) - waited


def by_words(context: Context, budget: TokenBudget) -> Context:
    """What needs no model: the best sentences by BM25 where a budget asks for a choice, else everything, scored."""
    if budget.limit < looks.whole(context, budget)[1]:
        return SentencePruner(LexicalScorer())(context, budget)
    return LexicalScorer()(context.split(units))


def order(scores: Sequence[float]) -> list[int]:
    """Numbers of documents, best first; ties by position."""
    return sorted(range(len(scores)), key=lambda at: (-scores[at], at))


def logit(score: float) -> float:
    """Log odds of a score in [0, 1], bounded."""
    bounded = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _late(out: Compressed, waited: float) -> Compressed:
    note = f"the request waited {waited:.1f} s, longer than its deadline; words alone decided"
    return replace(out, context=out.context.note(note, "queue"), method="lexical")


def _unit(scores: Sequence[float]) -> tuple[float, ...]:
    """Scores in [0, 1]; those of words alone know no bound, and keep their order below 1."""
    finite = [score if math.isfinite(score) else 0.0 for score in scores]
    if max(finite, default=0.0) <= 1:
        return tuple(max(score, 0.0) for score in finite)
    return tuple(max(score, 0.0) / (1 + max(score, 0.0)) for score in finite)


def _kept(result: Compressed) -> tuple[str, ...]:
    """What was kept of each passage; "" where nothing was."""
    kept: dict[int, list[int]] = {}
    for at, segment in enumerate(result.context.segments):
        kept.setdefault(segment.support[0].passage, []).append(at)
    return tuple(looks.plain(result.context.keep(kept.get(at, []))) for at in range(len(result.passage_scores)))
