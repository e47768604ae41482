"""Saying things once: near-duplicates dropped, and maximal marginal relevance."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import TokenBudget
from ragcompress.core.closing import keep_closed
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.render import fill, fit
from ragcompress.core.segment import Segmenter
from ragcompress.core.select import best_first, spread
from ragcompress.models.encoders import OnnxEncoder, TokenEncoder
from ragcompress.pruners.common import finish, is_scored
from ragcompress.pruners.kinds import find_names, find_negations, find_numbers
from ragcompress.pruners.portions import read_units
from ragcompress.pruners.shingles import signatures
from ragcompress.scorers.vectors import alone, hashed_words, unreadable, vectors
from ragcompress.structure import units

__all__ = ["Diverse", "Redundancy", "drop_redundant", "mmr"]

SHARED_WORDS = 0.5  # cosine of word counts below which two segments are not compared further
MOST = 4000  # segments whose mutual likeness is compared: 64 MB
_WORDS = re.compile(r"[^\W\d_][\w-]*")

Floats = NDArray[np.float32]
Alike = Callable[[int, Sequence[int]], NDArray[np.floating]]
"""``(segment, others) -> likeness with each``, 1 meaning the same."""


@dataclass(frozen=True, slots=True)
class Redundancy:
    """Drops what another, better segment already says.

    A segment is never dropped for one that lacks a number or name of it, or that negates differently, however alike
    they look to a model. The higher-scored of two stays, without scores the earlier.

    Attributes:
        threshold: Likeness at which a segment is a duplicate, in (0, 1]; 1 means the same; None takes what suits
            ``by``: 0.9 for the cosine, 0.75 for words.
        by: ``"cosine"``: of segments encoded by themselves (as LangChain's EmbeddingsRedundantFilter compares
            chunks); only those are encoded that share half their words with another. ``"words"``: MinHash over word
            triples (Broder 1997): no model, any language, blind to one word changed in a short sentence.
        segmenter: Cuts what is still whole; `ragcompress.structure.units` by default.
        encoder: Gives token states; the embedded MiniLM by default.
    """

    threshold: float | None = None
    by: Literal["cosine", "words"] = "cosine"
    segmenter: Segmenter = field(default=units, repr=False)
    encoder: TokenEncoder = field(default_factory=OnnxEncoder.embedded, repr=False)

    def __post_init__(self) -> None:
        if self.by not in ("cosine", "words"):
            raise InvalidInput(f"by must be 'cosine' or 'words', not {self.by!r}")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise InvalidInput(f"threshold must be in (0, 1], not {self.threshold}; 1 drops only what is the same")

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Drop near-duplicates, then keep the best of the rest that fits (by BM25 when nothing is scored)."""
        return finish(self.step(context, budget), budget)

    def step(self, context: Context, budget: TokenBudget) -> Context:
        """Drop near-duplicates alone, as a link of a chain; ``budget`` is not read."""
        context = context.split(self.segmenter)
        if len(context.segments) < 2:
            return context
        alike, note = self._likeness(context)
        order = best_first([segment.score for segment in context.segments]) if is_scored(context) else None
        kept = _firsts(context, order or list(range(len(context.segments))), alike, self._threshold)
        result = keep_closed(context, kept, "near-duplicate")
        return result.note(note) if note else result

    @property
    def _threshold(self) -> float:
        if self.threshold is not None:
            return self.threshold
        return 0.9 if self.by == "cosine" else 0.75

    def _likeness(self, context: Context) -> tuple[Alike, str]:
        if self.by == "words":
            marks = signatures([segment.text for segment in context.segments])
            return (lambda at, others: (marks[others] == marks[at]).mean(axis=1)), ""
        bags = hashed_words([segment.text for segment in context.segments], rare=False)
        note = unreadable(context)
        if note:
            return (lambda at, others: bags[others] @ bags[at]), note
        rows = self._encoded(context, bags)
        return (lambda at, others: (rows[others] @ rows[at]) * (bags[others] @ bags[at] >= SHARED_WORDS)), ""

    def _encoded(self, context: Context, bags: Floats) -> Floats:
        """Vectors of the segments that share enough words with another; zeros for the others."""
        near = [at for at, bag in enumerate(bags) if int((bags @ bag >= SHARED_WORDS).sum()) > 1]
        rows = np.zeros((len(bags), 1), dtype=np.float32)
        if near:
            found = alone([context.segments[at].text for at in near], self.encoder)
            rows = np.zeros((len(bags), found.shape[1]), dtype=np.float32)
            rows[near] = found
        return rows


@dataclass(frozen=True, slots=True)
class Diverse:
    """Maximal marginal relevance (Carbonell and Goldstein 1998): relevant, and unlike what is already kept.

    Attributes:
        trade: 1 means relevance alone, 0 means unlikeness alone.
        segmenter: Cuts passages; `ragcompress.structure.units` by default.
        encoder: Gives token states; the embedded MiniLM by default.
    """

    trade: float = 0.7
    segmenter: Segmenter = field(default=units, repr=False)
    encoder: TokenEncoder = field(default_factory=OnnxEncoder.embedded, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.trade <= 1:
            raise InvalidInput(f"trade must be between 0 (unlikeness alone) and 1 (relevance alone), not {self.trade}")

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context``; its scores are the relevance where it has any, else the cosine with the query."""
        context = read_units(context, self.segmenter, budget)
        if not context.segments:
            return context
        found = vectors(context, self.encoder)
        context = context.note(found.note) if found.note else context
        if not is_scored(context):
            context = context.with_scores(found.relevance.tolist())
        best = np.array(best_first([s.score for s in context.segments])[:MOST])
        gain = _shares([context.segments[at].score for at in best])
        chosen = spread(gain, found.rows[best] @ found.rows[best].T, trade=self.trade)
        return fit(fill(context, budget, best[chosen].tolist()), budget)


def _shares(scores: Sequence[float | None]) -> Floats:
    """Scores moved to [0, 1], so that they can be weighed against likeness."""
    values = np.array([np.nan if score is None else score for score in scores], dtype=np.float32)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    shared: Floats = np.nan_to_num((values - low) / (high - low if high > low else 1.0), nan=0.0)
    return shared


def _firsts(context: Context, order: Sequence[int], alike: Alike, threshold: float) -> list[int]:
    """The segments of ``order`` that no earlier kept one duplicates."""
    facts = [(find_numbers(s.text) | find_names(s.text), find_negations(s.text)) for s in context.segments]
    said = [find_numbers(s.text) | set(_WORDS.findall(s.text.casefold())) for s in context.segments]
    kept: list[int] = []
    for at in order:
        likeness = alike(at, kept) if kept else np.zeros(0)
        close = (kept[place] for place in np.flatnonzero(likeness >= threshold - 1e-6))
        if not any(facts[at][0] <= said[other] and facts[at][1] == facts[other][1] for other in close):
            kept.append(at)
    return kept


drop_redundant = Redundancy()
mmr = Diverse()
