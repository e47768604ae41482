"""One compression from its settings to its result, and what is answered in its place."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

from ragcompress.core.budget import TokenBudget, check_count, embedded_count
from ragcompress.core.clock import Clock, OutOfTime, running
from ragcompress.core.context import Context
from ragcompress.core.errors import CompressionFailed, InvalidInput, MissingExtra
from ragcompress.core.notes import Code, Warning
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import COUNTED, fit, render, whole
from ragcompress.core.whole import about_whole
from ragcompress.ladder import below
from ragcompress.methods import by_relevance
from ragcompress.pruners.coverage import cover
from ragcompress.pruners.glance import glance
from ragcompress.pruners.nothing import WhenNothing, settled
from ragcompress.results.result import Compressed
from ragcompress.scorers.lexical import LexicalScorer

__all__ = ["Attempt", "Budget", "Failure", "check_budget"]

Budget = TokenBudget | int | float | None
UNREAD_LIMIT = 2_000  # tokens kept of what there was no time to read, where no budget was given
WHOLE = "the question is about the whole text, not about something in it"
LOG = logging.getLogger("ragcompress")
LOG.addHandler(logging.NullHandler())  # who wants the line asks for it: logging.basicConfig()
SAMPLE = 2_000  # characters at each of three places from which the tokens of the whole are estimated


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, for the warning and the log.

    Attributes:
        who: The method's name.
        why: What happened, with the error's message.
        kind: The error's type; a log gets this alone, since a message may quote what was read.
        code: Of the warning.
    """

    who: str
    why: str
    kind: str
    code: Code

    def __str__(self) -> str:
        return f"{self.who} failed: {self.why}"

    def told(self, by: str, how: str) -> Warning:
        """The warning, after one line in the log that names what answered."""
        LOG.warning("%s failed (%s); %s answered", self.who.partition("(")[0], self.kind, by)
        return Warning(f"{self}; {how}", self.code)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was asked for.

    Attributes:
        context: Query and passages, without segments; they are made where a clock runs.
        method: What compresses.
        name: What the result calls it.
        budget: As the caller gave it.
        when_nothing: As the caller gave it.
    """

    context: Context
    method: Compressor
    name: str
    budget: Budget
    when_nothing: WhenNothing = "best"

    def run(self) -> Compressed:
        """The method's own answer, within the budget.

        Raises:
            Exception: Whatever the method, the counter or the renderer raises.
        """
        limit = _limit(self.budget, self.context)
        if not (about_whole(self.context.query) and by_relevance(self.method)):
            return self._by(self.method, limit)
        if self.budget is None:
            note = f"{WHOLE}; without a budget, all of it was kept"
            return self._by(_everything, limit, Warning(note, "whole-question"))
        note = f"{WHOLE}; units were chosen to cover it, not by relevance"
        return self._by(cover, limit, Warning(note, "whole-question"))

    def instead(self, failure: Failure, *, quick: bool = False) -> Compressed:
        """What the next rung down gives (`ragcompress.ladder`), in the caller's way of counting where that works.

        Args:
            failure: What failed.
            quick: There is no time for a model.

        Raises:
            OutOfTime: A clock runs, and its time is up.
        """
        plain, works = _plain(self.budget), _works(self.budget)
        for budget in (self.budget, plain) if works and plain is not self.budget else (plain,):
            counted = "" if budget is self.budget else "; tokens are those of the embedded tokenizer, rendered plainly"
            for rung in below(self.method, quick=quick, dynamic=budget is None):
                try:
                    found = self._by(rung.build(), _limit(budget, self.context))
                except (OutOfTime, MemoryError):
                    raise
                except Exception:  # this rung is broken as well: the next needs less
                    continue
                return _with(found, failure.told(rung.name, rung.said + counted))
        if self.budget is None:
            found = self._by(_everything, _limit(None, self.context))
            return _with(found, failure.told("everything", "everything was kept instead"))
        return self.glance(failure, embedded=True)

    def glance(self, failure: Failure, *, embedded: bool = False) -> Compressed:
        """What stands around the question's words, found without reading; token counts of the whole are estimates.

        Args:
            failure: What failed.
            embedded: Count with the embedded tokenizer, whatever the budget counts with.
        """
        began = perf_counter()
        given = _plain(self.budget) if embedded else self.budget
        count = given.count if isinstance(given, TokenBudget) else embedded_count
        size = _estimate(self.context, count)
        limit = _limit(given, self.context, size) if given is not None else TokenBudget(min(size, UNREAD_LIMIT), count)
        how = "what stands around the question's words was kept instead, and tokens_in is an estimate"
        counted = "; tokens are those of the embedded tokenizer" if given is not self.budget else ""
        with running(Clock(hurried=True)):
            answer = glance(self.context, limit)
            answer = replace(answer, notes=(failure.told("a search", how + counted), *answer.notes))
            text = render(answer, limit)
        return self._result(answer, limit, text, max(size, count(text) if text else 0), perf_counter() - began)

    def _by(self, method: Compressor, limit: TokenBudget, note: str = "") -> Compressed:
        began = perf_counter()
        answer = method(self.context.opened(), limit)
        _check_answer(answer, self.context)
        answer = fit(answer, limit)
        answer = settled(answer, limit, self.when_nothing, free=self.budget is None)
        answer = replace(answer, notes=(note, *answer.notes)) if note else answer
        text = render(answer, limit)
        characters, size = whole(answer, limit)
        _check_size(size, self.context)
        if characters > COUNTED:
            answer = answer.note(f"tokens_in is an estimate: {characters:,} characters are too many to count", "size")
        return self._result(answer, limit, text, size, perf_counter() - began)

    def _result(self, answer: Context, limit: TokenBudget, text: str, size: int, took: float) -> Compressed:
        return Compressed(
            context=answer,
            text=text,
            tokens_in=size,
            tokens_out=limit.count(text) if text else 0,
            limit=limit.limit,
            method=self.name,
            passage_scores=answer.passage_scores or LexicalScorer()(self.context).passage_scores,
            timings={"compress": took},
        )


def _with(found: Compressed, warning: Warning) -> Compressed:
    return replace(found, context=replace(found.context, notes=(warning, *found.context.notes)))


def check_budget(budget: Budget) -> None:
    """Refuse what can be no budget, before any work.

    Raises:
        InvalidInput: A wrong type or range.
    """
    if isinstance(budget, float) and not 0 < budget <= 1:
        raise InvalidInput(f"a float budget is the kept fraction, in (0, 1], not {budget}; tokens are an int")
    if budget is not None and not isinstance(budget, float | TokenBudget):
        TokenBudget(budget, embedded_count)
    if isinstance(budget, TokenBudget) and budget.count is not embedded_count:
        check_count(budget.count)


def _limit(budget: Budget, context: Context, size: int | None = None) -> TokenBudget:
    """Whatever the caller gave, as a `TokenBudget`; ``size``: tokens of all passages, counted where it is None."""
    if isinstance(budget, TokenBudget):
        return budget
    if budget is not None and not isinstance(budget, float):
        return TokenBudget(budget, embedded_count)
    characters, full = whole(context, TokenBudget(0, embedded_count)) if size is None else (size, size)
    if budget is None:  # no limit; more tokens than characters there can't be, where they are estimated
        return TokenBudget(full if characters <= COUNTED else characters, embedded_count)
    return TokenBudget(int(budget * full), embedded_count)


def _plain(budget: Budget) -> Budget:
    """The same limit, counted with the embedded tokenizer on the plain rendering."""
    given = isinstance(budget, TokenBudget) and (budget.count is not embedded_count or budget.render is not None)
    return TokenBudget(budget.limit, embedded_count) if given and isinstance(budget, TokenBudget) else budget


def _works(budget: Budget) -> bool:
    """Whether the caller's counter and renderer do their work on a sentence: if not, no method gets through."""
    if not isinstance(budget, TokenBudget):
        return True
    try:
        budget.count(render(Context.of("Does it work?", ["It does."]), budget))
    except (OutOfTime, MissingExtra, MemoryError):
        raise
    except Exception:
        return False
    return True


def _everything(context: Context, budget: TokenBudget) -> Context:
    return context


def _estimate(context: Context, count: Callable[[str], int]) -> int:
    """About how many tokens all passages have, from three samples of them."""
    texts = [passage.text for passage in context.passages if passage.text and not passage.text.isspace()]
    size = sum(map(len, texts))
    samples = [text[:SAMPLE] for text in (texts[:1] + texts[len(texts) // 2 :][:1] + texts[-1:])]
    read = sum(map(len, samples))
    return round(sum(map(count, samples)) * size / read) if read else 0


def _check_size(size: int, given: Context) -> None:
    """A counter that gives 0 for much text counts nothing, and its budget would hold anything."""
    read = sum(sum(map(str.isalnum, passage.text[: 2 * _SOME])) for passage in given.passages)
    if not size and read >= _SOME:
        raise InvalidInput(f"count gave 0 tokens for passages with more than {_SOME} letters and digits")


_SOME = 100  # letters and digits of which no tokenizer makes nothing


def _check_answer(answer: object, given: Context) -> None:
    if not isinstance(answer, Context):
        raise CompressionFailed(f"a compressor must return a Context, not {type(answer).__name__}")
    if answer.query != given.query or answer.passages is not given.passages:
        raise CompressionFailed("a compressor must leave query and passages as they are")
