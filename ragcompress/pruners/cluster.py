"""Clustering: of many passages that say much the same, one voice per opinion (CRAG, Akesson and Santos 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import TokenBudget, costs
from ragcompress.core.closing import keep_closed
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput, ModelError
from ragcompress.core.protocols import Rewriter, Scorer, Segmenter
from ragcompress.core.render import fill, fit, tokens
from ragcompress.core.types import Segment
from ragcompress.core.view import in_view
from ragcompress.models.encoders import OnnxEncoder, TokenEncoder
from ragcompress.pruners.failopen import attempt
from ragcompress.pruners.faithful import invented
from ragcompress.pruners.grouping import Clusterer, kmeans, medoid
from ragcompress.pruners.portions import read_units
from ragcompress.scorers import FusedScorer, GuardedScorer
from ragcompress.scorers.vectors import Vectors, vectors
from ragcompress.structure import units

__all__ = ["ClusterPruner"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ClusterPruner:
    """Groups sentences (or passages) by meaning and lets each group be heard once.

    The clusters are heard in the order of their best member's relevance. With a given ``k`` the result has at most k
    segments however many passages come; otherwise k follows from the budget, and room left over goes to the second
    best member of each cluster, and so on.

    Attributes:
        k: Number of clusters; None: as many as segments of middling length fit into the budget.
        represent: ``"relevant"``: the member most relevant to the query; ``"medoid"``: the one most like the others.
        rewriter: Summarises each cluster instead, given the query; the summary's support is the whole cluster.
        segmenter: Cuts passages; None clusters whole passages, which suits short ones such as reviews.
        cluster: How to group; see `ragcompress.pruners.grouping`.
        scorer: Judges relevance; the guarded fusion of cosine, late interaction and BM25 by default.
        encoder: Gives token states; the embedded MiniLM by default.
    """

    k: int | None = None
    represent: Literal["relevant", "medoid"] = "relevant"
    rewriter: Rewriter | None = None
    segmenter: Segmenter | None = field(default=units, repr=False)
    cluster: Clusterer = field(default=kmeans, repr=False)
    scorer: Scorer = field(default_factory=lambda: GuardedScorer(FusedScorer()), repr=False)
    encoder: TokenEncoder = field(default_factory=OnnxEncoder.embedded, repr=False)

    def __post_init__(self) -> None:
        if self.k is not None and self.k < 1:
            raise InvalidInput(f"k must be at least 1, not {self.k}; None lets the budget decide")
        if self.represent not in ("relevant", "medoid"):
            raise InvalidInput(f"represent must be 'relevant' or 'medoid', not {self.represent!r}")

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        context = read_units(context, self.segmenter, budget) if self.segmenter else context
        present = [at for at, segment in enumerate(context.segments) if segment.text.strip()]
        if not present:
            return fit(context, budget)
        context = in_view(self.scorer(context.keep(present)))
        found = vectors(context, self.encoder)
        k = min(self.k or _affordable(context, budget), len(present))
        groups = self._groups(context, found, k)
        context = context.note(found.note) if found.note else context
        if self.rewriter is not None:
            summary = attempt(partial(_summarised, context, groups, self.rewriter, budget))
            if isinstance(summary, Context):
                return fit(summary, budget)
            context = context.note(f"the rewriter failed ({summary!r}); representatives were kept instead", "failed")
        if self.k is not None:
            order = [group[0] for group in groups]
            return fit(fill(keep_closed(context, order, "spoken for by its cluster"), budget), budget)
        return fit(fill(context, budget, _in_turn(groups)), budget)

    def _groups(self, context: Context, found: Vectors, k: int) -> list[list[int]]:
        """Clusters as segment numbers, representative first, then by relevance; the most relevant cluster first."""
        scores = np.array([segment.score or 0.0 for segment in context.segments])
        labels = self.cluster(found.rows, k)
        groups = []
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            ordered = members[np.argsort(-scores[members], kind="stable")].tolist()
            if self.represent == "medoid":
                first = int(members[medoid(found.rows[members])])
                ordered = [first, *(at for at in ordered if at != first)]
            groups.append(ordered)
        return sorted(groups, key=lambda group: (-scores[group].max(), group[0]))


def _affordable(context: Context, budget: TokenBudget) -> int:
    """How many segments of middling length the budget holds; at least one."""
    typical = max(float(np.median(costs(context, budget))), 1.0)
    return max(1, int(min(budget.limit, tokens(context, budget)) / typical))


def _in_turn(groups: Sequence[Sequence[int]]) -> list[int]:
    """First members first, then second members, and so on."""
    longest = max(map(len, groups))
    return [group[turn] for turn in range(longest) for group in groups if turn < len(group)]


def _summarised(context: Context, groups: Sequence[Sequence[int]], rewriter: Rewriter, budget: TokenBudget) -> Context:
    """Every cluster as its summary, where its most relevant member stood."""
    texts = ["\n".join(context.segments[at].text.strip() for at in sorted(group)) for group in groups]
    share = max(budget.limit // len(groups), 1)
    summaries = rewriter(context.asked, texts, share)
    if len(summaries) != len(groups):
        raise ModelError(f"the rewriter gave {len(summaries)} texts for {len(groups)} clusters; it must give one each")
    replacements: dict[int, Sequence[Segment]] = {}
    for group, text in zip(groups, summaries, strict=True):
        first = context.segments[group[0]]
        support = (*first.support, *(span for at in sorted(group[1:]) for span in context.segments[at].support))
        source = "\n".join(context.segments[at].text for at in group)
        summary = [replace(first, text=text.strip(), support=support)] if text.strip() else []
        if invented(text, source) or budget.count(text) > max(share, budget.count(first.text)):
            summary = [first]  # the model added to its cluster, or went on too long: its best member stands instead
        replacements.update({at: [] for at in group[1:]} | {group[0]: summary})
    return context.rewrite(replacements)
