"""``cut="marked"``: a sentence that does not fit may be kept up to a clause border, with "…" where the rest went.

Cutting anywhere turns "denied that he was in the shop" into "he was in the shop". So only an ending goes, at the border
of a clause, and only one that limits nothing (`ragcompress.core.limiters`): the subject, the verb and whatever stands
before it stay. What the labels of tokens (sequence labelling as in LLMLingua-2, Pan et al. 2024) take for the answer
must stand in the beginning that is kept.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.closing import links
from ragcompress.core.context import Context
from ragcompress.core.limiters import limits
from ragcompress.core.render import OVER_BUDGET, fill
from ragcompress.core.segment import words
from ragcompress.core.select import best_first, worth
from ragcompress.core.types import Segment, Span
from ragcompress.pruners.packing import WordWeights

__all__ = ["cut_best", "fill_marked"]

LIKELY = 0.5  # share of a sentence's answer that its kept beginning must hold
TRIES = 50  # sentences that are looked at; the later ones are worth next to nothing
PROSE = frozenset({"", "sentence", "clause"})

_BORDER = re.compile(r"[,;:](?=\s)|[，；、]|\s(?=[(\[–—])|(?<=[)\]–—])(?=\s)")


def fill_marked(context: Context, budget: TokenBudget, weigh: WordWeights) -> Context:
    """Keep the best units that fit; one that does not is offered up to a clause border as well.

    Args:
        context: Units, their scores being keep probabilities.
        budget: Its limit bounds the rendered result.
        weigh: Gives the words of a unit their labels, as logits.

    Returns:
        The kept segments in their present order, within the budget; a cut one names its unit in ``part_of``.
    """
    chances = [segment.score or 0.0 for segment in context.segments]
    whole = fill(context, budget, values=chances)
    kept = {segment.support for segment in whole.segments}
    values = worth(chances, [embedded_count(segment.text) for segment in context.segments])
    least = min((values[at] for at, s in enumerate(context.segments) if s.support in kept), default=0.0)
    missing = [at for at in best_first(values) if context.segments[at].support not in kept and values[at] > least]
    needed = {need for own in links(context) for need in own}
    cuts = {at: cut for at in missing[:TRIES] if at not in needed and (cut := _beginning(context, at, weigh))}
    if not cuts:
        return whole
    offered = _offered(context, cuts)
    return fill(offered, budget, values=[segment.score or 0.0 for segment in offered.segments])


def cut_best(context: Context, at: int, weigh: WordWeights) -> Context:
    """``context`` with the beginning of segment ``at`` in its place, where it has one that may stand alone."""
    cut = _beginning(context, at, weigh)
    return context if cut is None else _offered(context, {at: cut})


def _beginning(context: Context, at: int, weigh: WordWeights) -> Segment | None:
    """The shortest beginning that holds the answer and leaves no limiter out; its score is its share of the chance."""
    segment = context.segments[at]
    if segment.kind not in PROSE or not context.is_verbatim(at):
        return None
    source, start, _ = segment.support[0]
    pieces = replace(context, segments=(segment,)).split(words)
    logits = np.array(weigh(pieces), dtype=np.float64)
    if not np.isfinite(logits).any():
        return None
    powers = np.exp(logits - logits.max())
    shares = powers / powers.sum()
    starts = np.array([piece.support[0].start for piece in pieces.segments])
    for border in _BORDER.finditer(segment.text):
        cut = start + border.end()
        share = float(shares[starts < cut].sum())
        rest = segment.text[border.end() :]
        if share >= LIKELY and rest.strip() and not limits(rest):
            span = Span(source, start, cut)
            chance = (segment.score or 0.0) * share
            return replace(segment, text=context.read(span), support=(span,), part_of=segment.support[0], score=chance)
    return None


def _offered(context: Context, cuts: dict[int, Segment]) -> Context:
    """The context with beginnings in place of the sentences they are from; the endings are dropped."""
    pieces: list[Segment] = []
    endings = set[int]()
    for at, segment in enumerate(context.segments):
        pieces.append(cuts.get(at, segment))
        if at in cuts:
            rest = segment.support[0]._replace(start=cuts[at].support[0].end)
            endings.add(len(pieces))
            pieces.append(replace(segment, text=context.read(rest), support=(rest,), part_of=segment.support[0]))
    parted = replace(context, segments=tuple(pieces))
    return parted.keep([at for at in range(len(pieces)) if at not in endings], OVER_BUDGET)
