"""What several pruners share: scoring what has no scores yet, and putting dropped text back in its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.protocols import Scorer
from ragcompress.core.render import fill, fit
from ragcompress.core.segment import Segmenter, bounds
from ragcompress.core.types import Dropped, Segment, Span
from ragcompress.core.view import in_view
from ragcompress.pruners.company import LONE
from ragcompress.scorers.lexical import LexicalScorer

__all__ = ["FLOORED", "RESTORABLE", "finish", "is_scored", "overlap", "ranked", "relevance", "restore", "split_dropped"]

# A pruner's judgement, which another link may overrule; a near-duplicate stays out, whoever asks.
FLOORED = "below the floor"
RESTORABLE = frozenset({"over budget", "not selected", "below threshold", FLOORED, LONE})


def is_scored(context: Context) -> bool:
    """Whether any segment has a score."""
    return any(segment.score is not None for segment in context.segments)


def overlap(one: Span, two: Span) -> bool:
    """Whether two spans have text in common."""
    return one.passage == two.passage and one.start < two.end and two.start < one.end


def ranked(context: Context, scorer: Scorer | None = None) -> Context:
    """``context`` with scores: its own where it has any, else those of ``scorer`` (BM25 when None)."""
    if is_scored(context) or not context.segments:
        return context
    return in_view((scorer or LexicalScorer())(context))


def finish(context: Context, budget: TokenBudget) -> Context:
    """The best segments that fit, by their scores or, without any, by BM25."""
    return fit(fill(ranked(context), budget), budget)


def relevance(context: Context) -> list[float]:
    """One relevance per passage from the best source there is; higher is more relevant.

    In this order: the scorer's passage scores, the best segment score, the retriever's score, the given order.
    """
    size = len(context.passages)
    if len(context.passage_scores) == size and size:
        return list(context.passage_scores)
    best = [float("-inf")] * size
    for segment in context.segments:
        at = segment.support[0].passage
        best[at] = max(best[at], float("-inf") if segment.score is None else segment.score)
    if any(value > float("-inf") for value in best):
        return best
    given = [passage.score for passage in context.passages]
    if any(score is not None for score in given):
        return [float("-inf") if score is None else score for score in given]
    return [-float(at) for at in range(size)]


def restore(context: Context, segments: Iterable[Segment]) -> Context:
    """Put ``segments`` back among those of their passage, each after what it followed; not in ``dropped`` any more.

    Passages keep their present order; those that had no segment left come last, in reading order.
    """
    back = sorted(segments, key=lambda segment: segment.support[0])
    result = list(context.segments)
    for segment in back:
        result.insert(_place(result, segment), segment)
    spans = {segment.support for segment in back}
    gone = tuple(one for one in context.dropped if one.segment.support not in spans)
    return replace(context, segments=tuple(result), dropped=gone)


def split_dropped(context: Context, segmenter: Segmenter) -> Context:
    """Cut what was dropped, and may come back, as `Context.split` cuts what was kept."""
    result: list[Dropped] = []
    for gone in context.dropped:
        segment = gone.segment
        source, offset, _ = segment.support[0]
        if gone.reason not in RESTORABLE or segment.text != context.read(segment.support[0]):
            result.append(gone)
            continue
        spans = (Span(source, offset + start, offset + end) for start, end in bounds(segmenter(segment.text)))
        whole = replace(segment, needs=())  # what was lossy, or a part of something, stays so in its pieces
        result.extend(Dropped(replace(whole, text=context.read(span), support=(span,)), gone.reason) for span in spans)
    return replace(context, dropped=tuple(result))


def _place(segments: Sequence[Segment], new: Segment) -> int:
    source, start, _ = new.support[0]
    mates = [at for at, segment in enumerate(segments) if segment.support[0].passage == source]
    if not mates:
        later = (at for at, s in enumerate(segments) if s.support[0].passage > source)
        in_order = all(a.support[0] <= b.support[0] for a, b in pairwise(segments))
        return next(later, len(segments)) if in_order else len(segments)
    before = [at for at in mates if segments[at].support[0].start <= start]
    return before[-1] + 1 if before else mates[0]
