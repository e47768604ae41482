"""Never nothing in silence: what stands in where a method kept nothing, and what is said where its best does not fit.

Empty on purpose is RECOMP's selective augmentation (Xu et al. 2023): better no context than a wrong one. It is for the
caller to choose, because a question whose answer was in the passages gets an empty context then as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from ragcompress.core.budget import TokenBudget
from ragcompress.core.clock import ticking
from ragcompress.core.closing import keep_closed
from ragcompress.core.context import Context
from ragcompress.core.render import OVER_BUDGET, fill, fit, tokens
from ragcompress.core.select import best_first
from ragcompress.core.types import Segment, Span
from ragcompress.pruners.pages import UNREAD
from ragcompress.scorers.lexical import LexicalScorer
from ragcompress.structure import units

__all__ = ["WHEN_NOTHING", "WhenNothing", "settled"]

WhenNothing = Literal["best", "all", "empty"]
WHEN_NOTHING = ("best", "all", "empty")
FEW = 3  # units that stand in


def settled(answer: Context, budget: TokenBudget, when: WhenNothing, *, free: bool = False) -> Context:
    """A method's answer, with something in place of nothing, and a note where its best unit does not fit.

    Args:
        answer: Within the budget.
        budget: As the method had it.
        when: ``"best"``: a few best units stand in for nothing; ``"all"``: as much as the budget holds;
            ``"empty"``: nothing does.
        free: There is no budget: the method alone decided.

    Returns:
        A context within the budget; whatever was changed or is missing is in its notes.
    """
    if _says_something(answer.segments):
        return answer if free else _with_size_of_best(answer, budget)
    if not any(passage.text.strip() for passage in answer.passages):
        return answer
    if when == "empty":
        said = "nothing was kept: no unit was relevant enough, or none fits"
        return answer if answer.notes else answer.note(said, "nothing-relevant")
    ranked = _ranked(answer)
    order = _from_each(ranked, best_first([segment.score for segment in ranked.segments]))
    if when == "all":
        kept = fit(ranked, budget) if free else fill(ranked, budget)
        said = "nothing was relevant enough; all that the budget holds was kept, as when_nothing='all' says"
        return kept.note(said, "nothing-relevant")
    chosen = keep_closed(ranked, order[:FEW]) if free else fill(ranked, budget, order[:FEW])
    chosen = fit(chosen, budget)
    if not _says_something(chosen.segments):
        chosen = fit(fill(ranked, budget), budget)
    if not _says_something(chosen.segments):
        return _with_size_of_best(chosen, budget, "nothing fits: ")
    kept = chosen if free else _with_size_of_best(chosen, budget)
    said = "nothing was relevant enough; a few best units were kept instead (when_nothing='empty': none)"
    return kept.note(said, "nothing-relevant")


def _from_each(ranked: Context, order: Sequence[int]) -> list[int]:
    """The best of every passage first: where nothing stands out, three of one passage are a poor guess."""
    firsts: dict[int, int] = {}
    for at in order:
        firsts.setdefault(ranked.segments[at].support[0].passage, at)
    chosen = set(firsts.values())
    return [*firsts.values(), *(at for at in order if at not in chosen)]


def _says_something(segments: tuple[Segment, ...]) -> bool:
    return any(segment.text.strip() for segment in segments)


def _ranked(answer: Context) -> Context:
    """All units of the passages, with the scores that the method gave to what it kept or let go, else by words."""
    fresh = Context.of(answer.query, answer.passages).split(units)
    fresh = replace(fresh, notes=answer.notes, passage_scores=answer.passage_scores)
    judged: dict[int, list[Segment]] = {}
    for segment in _judged(answer):
        judged.setdefault(segment.support[0].passage, []).append(segment)
    if not judged:
        return LexicalScorer()(fresh)
    for own in judged.values():
        own.sort(key=lambda segment: segment.support[0], reverse=True)
    scores = [_best_under(segment.support[0], judged) for segment in ticking(fresh.segments)]
    lowest = min((score for score in scores if score is not None), default=0.0)
    return fresh.with_scores([lowest - 1 if score is None else score for score in scores])


def _judged(answer: Context) -> Iterator[Segment]:
    """What the method gave a score, kept or not; not the pages that it did not read."""
    yield from (segment for segment in answer.segments if segment.score is not None)
    yield from (gone.segment for gone in answer.dropped if gone.segment.score is not None and gone.reason != UNREAD)


def _best_under(unit: Span, judged: dict[int, list[Segment]]) -> float | None:
    """The best score of what lies under a unit; units are asked for in reading order."""
    ahead = judged.get(unit.passage, [])
    found: float | None = None
    while ahead and ahead[-1].support[0].start < unit.end:
        segment = ahead[-1]
        if segment.support[0].end > unit.start and segment.score is not None:
            found = segment.score if found is None else max(found, segment.score)
        if segment.support[0].end > unit.end:
            break  # it reaches into the next unit
        ahead.pop()
    return found


def _with_size_of_best(answer: Context, budget: TokenBudget, lead: str = "") -> Context:
    """A note where the best unit is longer than the budget: its size, and the least budget that would do."""
    gone = [one.segment for one in answer.dropped if one.reason == OVER_BUDGET and one.segment.score is not None]
    best = max(gone, key=lambda segment: segment.score or 0.0, default=None)
    kept = [segment.score for segment in answer.segments if segment.score is not None]
    if best is None or best.score is None or (kept and max(kept) >= best.score) or not best.text.strip():
        return answer
    ranked = _ranked(answer)
    under = [at for at, segment in enumerate(ranked.segments) if _holds(segment.support[0], best.support[0])]
    bundle = keep_closed(ranked, under[:1])
    size = tokens(bundle, budget)
    if not under or size <= budget.limit:
        return answer
    own = budget.count(ranked.segments[under[0]].text.strip())
    rest = f", {size - own} of them for what it can't be understood without" if len(bundle.segments) > 1 else ""
    return answer.note(
        f"{lead}the most relevant unit needs {size} tokens{rest}; the budget is {budget.limit}. "
        f"The smallest budget that holds it is {size}",
        "does-not-fit",
    )


def _holds(outer: Span, inner: Span) -> bool:
    return outer.passage == inner.passage and outer.start <= inner.start < outer.end
