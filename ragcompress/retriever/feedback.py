"""Retrieval with what a first retrieval found: Rocchio over vectors, and a second hop. Both wrap, both are optional."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Retriever, Scorer
from ragcompress.core.types import Passage
from ragcompress.retriever.dense import DenseRetriever
from ragcompress.retriever.embed import embed_queries, normalise
from ragcompress.retriever.inputs import check_queries
from ragcompress.scorers.guard import GuardedScorer
from ragcompress.scorers.semantic import FusedScorer

__all__ = ["FeedbackRetriever", "HopRetriever"]


@dataclass(frozen=True, slots=True)
class FeedbackRetriever:
    """Pseudo-relevance feedback: the question's vector moved towards its first hits' (Rocchio 1971; Li et al. 2021).

    Helps short, vague questions; drifts where the first hits are wrong. That is why nothing here uses it by default.

    Attributes:
        dense: Where to search.
        passages: How many first hits are taken to be relevant.
        weight: What their mean counts against the question's own vector.
    """

    dense: DenseRetriever
    passages: int = 3
    weight: float = 0.4

    def __post_init__(self) -> None:
        if self.passages < 1 or self.weight < 0:
            raise InvalidInput(f"passages is {self.passages} and weight {self.weight}; give at least 1 and at least 0")

    def retrieve(self, query: str, k: int = 10) -> list[Passage]:
        """The ``k`` passages nearest to the moved vector, best first, the cosine with it as their score."""
        check_queries([query], k)
        if not len(self.dense) or not k:
            return []
        own = embed_queries(self.dense.encoder, [query])
        with self.dense.reading():
            ((rows, _),) = self.dense.search_vectors(own, self.passages)
            vectors = self.dense.vectors()[np.searchsorted(self.dense.live_rows(), rows)]
            moved = normalise(own + self.weight * vectors.mean(axis=0, keepdims=True)) if len(rows) else own
            (hits,) = self.dense.search_vectors(moved, k)
            return self.dense.passages_at(hits)


@dataclass(frozen=True, slots=True)
class HopRetriever:
    """A second hop: retrieves again with the question and the best sentence of each first hit (MDR, Xiong et al. 2021).

    The first hits keep their places; passages that a hop alone finds are woven in by reciprocal rank.

    Attributes:
        retriever: Any retriever.
        evidence: How many first hits lend their best sentence, one more retrieval each.
        scorer: Finds the best sentences.
    """

    retriever: Retriever
    evidence: int = 2
    scorer: Scorer = field(default_factory=lambda: GuardedScorer(FusedScorer()), repr=False)

    def __post_init__(self) -> None:
        if self.evidence < 1:
            raise InvalidInput(f"evidence must be at least 1 passage, not {self.evidence}")

    def retrieve(self, query: str, k: int = 10) -> list[Passage]:
        """The ``k`` best of all hops, best first; the score is the sum of reciprocal ranks."""
        first = self.retriever.retrieve(query, k)
        if not first or not k:
            return first
        rankings = [first, *(self.retriever.retrieve(asked, k) for asked in self._asked(query, first))]
        return _fused(rankings, k, key=lambda passage: passage.id or passage.text)

    def _asked(self, query: str, first: list[Passage]) -> list[str]:
        lending = first[: self.evidence]
        scored = self.scorer(Context.of(query, lending).split())
        asked = []
        for at, passage in enumerate(lending):
            own = [segment for segment in scored.segments if segment.support[0].passage == at]
            if own:
                best = max(own, key=lambda segment: segment.score or 0.0)
                asked.append(" ".join(part for part in (query, passage.title, best.text.strip()) if part))
        return asked


def _fused(rankings: list[list[Passage]], k: int, *, key: Callable[[Passage], str]) -> list[Passage]:
    """Reciprocal-rank fusion in which the first ranking counts as much as all others together."""
    total: dict[str, float] = {}
    seen: dict[str, Passage] = {}
    for number, ranking in enumerate(rankings):
        weight = 1.0 if number == 0 else 1.0 / (len(rankings) - 1)
        for place, passage in enumerate(ranking):
            name = key(passage)
            seen.setdefault(name, passage)
            total[name] = total.get(name, 0.0) + weight / (60 + place + 1)
    order = sorted(total, key=lambda name: -total[name])  # stable: ties as first seen
    return [replace(seen[name], score=total[name]) for name in order[:k]]
