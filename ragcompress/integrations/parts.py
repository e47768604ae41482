"""From passages to the documents that a framework gets back: what all adapters share.

A framework hands each document on by itself, so a result is cut into `Part`s here: one per passage, or one per kept
run of text, each with its spans, its score and its token counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal, TypeAlias

from ragcompress.core.budget import Counter, Renderer, TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import fit, plain, render
from ragcompress.core.types import Passage, Segment
from ragcompress.facade import compress
from ragcompress.methods import METHODS, needs_budget, resolve
from ragcompress.pruners.nothing import WHEN_NOTHING, WhenNothing
from ragcompress.results.result import Compressed

__all__ = ["Budget", "Outcome", "Part", "Parts", "Per"]

Budget: TypeAlias = TokenBudget | int | float | None
Per = Literal["passage", "span"]


@dataclass(frozen=True, slots=True)
class Part:
    """What becomes one document.

    Attributes:
        passage: The number of the passage it comes from.
        text: What was kept; "" when nothing was.
        spans: Half-open ``str`` offsets into the passage that it shows (or, rewritten, rests on).
        score: Relevance; higher is more relevant.
        tokens_in: Tokens of the whole passage.
        tokens_out: Tokens of ``text``.
        verbatim: Whether all of it is the passage's own text.
    """

    passage: int
    text: str
    spans: tuple[tuple[int, int], ...]
    score: float
    tokens_in: int
    tokens_out: int
    verbatim: bool

    def facts(self) -> dict[str, Any]:
        """Plain data for a document's metadata."""
        facts: dict[str, Any] = {
            "spans": [list(span) for span in self.spans],
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
        }
        return facts if self.verbatim else {**facts, "rewritten": True}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The parts in the order to hand on, and the result they were cut from.

    Attributes:
        parts: What to hand on.
        result: What `ragcompress.compress` said; its passages are those that passed ``top_n`` and ``min_score``.
    """

    parts: tuple[Part, ...]
    result: Compressed


@dataclass(frozen=True, slots=True)
class Parts:
    """``(query, passages) -> Outcome``: `ragcompress.compress` for frameworks that carry documents.

    The budget holds for the parts joined with a blank line between them.

    Attributes:
        budget: As for `ragcompress.compress`: int, float (kept fraction), `TokenBudget`, or None (a threshold).
        compressor: A compressor or a method's name; None: the best one installed.
        per: One part per passage, or one per kept run of text.
        keep_empty: Also give parts of passages of which nothing was kept (only ``per="passage"``).
        min_score: Passages of lower relevance go, whatever the budget.
        top_n: At most so many passages, the most relevant ones; they share the whole budget.
        timeout_s: As for `ragcompress.compress`.
        on_error: As for `ragcompress.compress`.
        when_nothing: As for `ragcompress.compress`.
    """

    budget: Budget = None
    compressor: Compressor | str | None = None
    per: Per = "passage"
    keep_empty: bool = False
    min_score: float | None = None
    top_n: int | None = None
    timeout_s: float | None = None
    on_error: Literal["fallback", "raise"] = "fallback"
    when_nothing: WhenNothing = "best"

    def check(self) -> None:
        """Refuse settings that can't be, before there is anything to compress.

        Raises:
            InvalidInput: The budget, the compressor's name, ``per`` or ``top_n``.
        """
        if self.per not in ("passage", "span"):
            raise InvalidInput(f"per must be 'passage' or 'span', not {self.per!r}")
        if self.top_n is not None and (isinstance(self.top_n, bool) or self.top_n < 0):
            raise InvalidInput(f"top_n must be 0 or more, not {self.top_n!r}; None keeps all")
        if self.when_nothing not in WHEN_NOTHING:
            raise InvalidInput(f"when_nothing must be 'best', 'all' or 'empty', not {self.when_nothing!r}")
        self._budget("", ())
        if isinstance(self.compressor, str) and self.compressor not in {method.name for method in METHODS}:
            resolve(self.compressor)  # says which name is near

    def __call__(self, query: str, passages: Sequence[Passage]) -> Outcome:
        """Compress, and cut the result into parts.

        Raises:
            InvalidInput: A blank query, wrong types, a budget that can't be.
            CompressionFailed: Only with ``on_error="raise"``.
        """
        self.check()
        budget = self._budget(query, passages)
        result = self._compress(query, passages, budget)
        scores = result.passage_scores
        chosen = self._chosen(scores)
        if len(chosen) < len(passages):  # again, so that those who stay share the budget of those who go
            same = None if budget is None else TokenBudget(result.limit, self._count(), self._look())
            result = self._compress(query, [passages[at] for at in chosen], same)
        context = self._settled(result)
        result = replace(result, context=context, text=render(context, TokenBudget(0, self._count(), self._look())))
        result = replace(result, tokens_out=self._count()(result.text) if result.text else 0)
        parts = tuple(self._parts(context, chosen, scores))
        return Outcome(parts, result)

    def _compress(self, query: str, passages: Sequence[Passage], budget: TokenBudget | None) -> Compressed:
        return compress(
            query, passages, budget, self.compressor, self.timeout_s, self.on_error, self.when_nothing
        )  # fmt: skip

    def _count(self) -> Counter:
        return self.budget.count if isinstance(self.budget, TokenBudget) else embedded_count

    def _look(self) -> Renderer:
        if isinstance(self.budget, TokenBudget) and self.budget.render is not None:
            return self.budget.render
        return plain if self.per == "passage" else _as_spans

    def _budget(self, query: str, passages: Sequence[Passage]) -> TokenBudget | None:
        given, count, look = self.budget, self._count(), self._look()
        if given is None:
            ranks = self.top_n is not None or self.min_score is not None  # these decide, where the method can't
            if not ranks or not needs_budget(self.compressor):
                return None
            return TokenBudget(count(look(Context.of(query, passages))), count, look)
        if isinstance(given, TokenBudget):
            return TokenBudget(given.limit, count, look)
        if isinstance(given, float):
            if not 0 < given <= 1:
                raise InvalidInput(f"a float budget is the kept fraction, in (0, 1], not {given}; tokens are an int")
            return TokenBudget(int(given * count(look(Context.of(query, passages)))), count, look)
        return TokenBudget(given, count, look)

    def _chosen(self, scores: Sequence[float]) -> list[int]:
        """The numbers of the passages that pass ``min_score`` and ``top_n``, in the order given."""
        ranked = sorted(range(len(scores)), key=lambda at: (-scores[at], at))
        if self.min_score is not None:
            ranked = [at for at in ranked if scores[at] >= self.min_score]
        return sorted(ranked[: self.top_n])

    def _settled(self, result: Compressed) -> Context:
        """Segments of a passage side by side, as the parts have them, and the budget held for that."""
        segments = result.context.segments
        first = {segment.support[0].passage: at for at, segment in reversed(list(enumerate(segments)))}
        order = sorted(range(len(segments)), key=lambda at: (first[segments[at].support[0].passage], at))
        return fit(result.context.reorder(order), TokenBudget(result.limit, self._count(), self._look()))

    def _parts(self, context: Context, chosen: Sequence[int], scores: Sequence[float]) -> Iterator[Part]:
        groups = {at: list(found) for at, found in groupby(context.segments, key=lambda s: s.support[0].passage)}
        if self.keep_empty and self.per == "passage":
            order, missing = list(groups), [at for at in range(len(chosen)) if at not in groups]
            in_reading_order = order == sorted(order)
            groups |= {at: [] for at in missing}
            order = sorted(groups) if in_reading_order else [*order, *missing]
        else:
            order = list(groups)
        for at in order:
            for pieces in [groups[at]] if self.per == "passage" else _runs(context, groups[at]):
                part = self._part(context, at, pieces)
                if part.text or self.keep_empty:
                    score = part.score if self.per == "span" and pieces[0].score is not None else scores[chosen[at]]
                    yield replace(part, passage=chosen[at], score=score)

    def _part(self, context: Context, at: int, pieces: Sequence[Segment]) -> Part:
        text = plain(replace(context, segments=tuple(pieces)))
        count = self._count()
        spans = tuple(span for run in _runs(context, pieces) for span in _shown(context, run))
        verbatim = all(_verbatim(context, segment) for segment in pieces)
        score = max((segment.score for segment in pieces if segment.score is not None), default=0.0)
        whole = context.passages[at].text
        return Part(at, text, spans, score, count(whole) if whole else 0, count(text) if text else 0, verbatim)


def _as_spans(context: Context) -> str:
    """Every kept run of text as a block of its own."""
    blocks: list[str] = []
    for _, group in groupby(context.segments, key=lambda segment: segment.support[0].passage):
        blocks.extend(plain(replace(context, segments=tuple(run))) for run in _runs(context, list(group)))
    return "\n\n".join(block for block in blocks if block)


def _runs(context: Context, segments: Sequence[Segment]) -> list[list[Segment]]:
    """Verbatim segments that follow on one another together; a rewritten one alone."""
    runs: list[list[Segment]] = []
    for segment in segments:
        before = runs[-1][-1] if runs else None
        if (
            before is not None
            and _verbatim(context, before)
            and _verbatim(context, segment)
            and before.support[0].end == segment.support[0].start
        ):
            runs[-1].append(segment)
        else:
            runs.append([segment])
    return runs


def _verbatim(context: Context, segment: Segment) -> bool:
    return len(segment.support) == 1 and segment.text == context.read(segment.support[0])


def _shown(context: Context, run: Sequence[Segment]) -> Iterator[tuple[int, int]]:
    """The offsets a run of segments shows, without blank ends; of rewritten text, what it rests on."""
    if not _verbatim(context, run[0]):
        yield from ((span.start, span.end) for segment in run for span in segment.support)
        return
    source, start, end = run[0].support[0].passage, run[0].support[0].start, run[-1].support[0].end
    text = context.passages[source].text[start:end]
    start += len(text) - len(text.lstrip())
    end -= len(text) - len(text.rstrip())
    if end > start:
        yield start, end
