"""Searching a store: by meaning, by words, or both, deep enough for any filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.retriever.embed import Encoder, embed_queries
from ragcompress.retriever.filters import Filter, predicate
from ragcompress.retriever.inputs import check_queries
from ragcompress.retriever.sidecar import SidecarMaker
from ragcompress.retriever.stores.extras import mark, unpacked
from ragcompress.retriever.stores.facts import needed
from ragcompress.retriever.stores.ranking import Ask, asked_words, enough, fused
from ragcompress.retriever.stores.rows import Found, Table, Wanted

__all__ = ["Search", "Searching", "checked"]

Search = Literal["dense", "lexical", "hybrid"]
DEPTH = 100  # how far down both rankings of a hybrid search are read


class Searching:
    """The half of `StoreRetriever` that reads.

    Attributes:
        encoder: What encodes questions.
        tenant: Whose passages are found.
        search: What ``retrieve`` does unless told otherwise.
    """

    encoder: Encoder
    tenant: str
    search: Search
    _table: Table
    _readers: Sequence[SidecarMaker]  # who can use what was precomputed

    def retrieve(self, query: str, k: int = 10, where: Filter = None, *, search: Search | None = None) -> list[Passage]:
        """The ``k`` best passages, best first, with their scores.

        Args:
            query: What is asked.
            k: How many at most.
            where: Only passages whose metadata match; see `ragcompress.retriever.filters`. Equality and lists are
                looked up in the store; comparisons and negations are checked on what comes back, deeper and deeper
                until there are enough, which in a large table takes long if few passages match.
            search: ``"dense"`` (scores are cosines), ``"lexical"`` (the store's own), ``"hybrid"`` (reciprocal ranks).

        Raises:
            InvalidInput: The query is blank, ``k`` is below 0, or the filter is none.
        """
        return self.retrieve_many([query], k, where, search=search)[0]

    def retrieve_many(
        self, queries: Sequence[str], k: int = 10, where: Filter = None, *, search: Search | None = None
    ) -> list[list[Passage]]:
        """``retrieve`` for many questions, encoded together."""
        check_queries(queries, k)
        how, accept, wanted = checked(search or self.search), predicate(where), Wanted(self.tenant, needed(where))
        if not k or not queries or not all(wanted.groups):
            return [[] for _ in queries]
        passes = None if where is None else accept
        vectors = [None] * len(queries) if how == "lexical" else list(embed_queries(self.encoder, queries))
        out = []
        for query, vector in zip(queries, vectors, strict=True):
            dense: Ask = partial(self._near, vector, wanted)
            lexical: Ask = partial(self._worded, asked_words(query), wanted)
            asks = {"dense": (dense,), "lexical": (lexical,), "hybrid": (dense, lexical)}[how]
            depth = max(DEPTH, k) if how == "hybrid" else k
            out.append(self._recalled(fused([enough(ask, depth, passes) for ask in asks])[:k]))
        return out

    def _near(self, vector: Any, wanted: Wanted, k: int) -> list[Found]:
        return self._table.nearest(vector, k, wanted)

    def _worded(self, text: Sequence[str], wanted: Wanted, k: int) -> list[Found]:
        return self._table.matching(text, k, wanted) if text else []

    def _recalled(self, found: Sequence[Found]) -> list[Passage]:
        """The passages with their scores; what was precomputed for them is put where compression looks."""
        passages = [replace(each.passage, score=float(each.score)) for each in found]
        arrays = [unpacked(each.sidecars) for each in found]
        for maker in self._readers if any(arrays) else ():
            maker.recall(passages, [own.get(mark(maker), np.zeros(0, np.float32)) for own in arrays])
        return passages


def checked(search: Search) -> Search:
    """``search``, if it is one.

    Raises:
        InvalidInput: It is none.
    """
    if search not in ("dense", "lexical", "hybrid"):
        raise InvalidInput(f"search is {search!r}; give 'dense', 'lexical' or 'hybrid'")
    return search
