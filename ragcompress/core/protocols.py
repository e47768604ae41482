"""Every socket of the package on one page. A plain function that fits a socket is enough; no base classes.

passages → Context.of → split (Segmenter) → Scorer → keep (select) → reorder → fit → Renderer → str
           └───────────────────────── a Compressor ─────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from ragcompress.core.budget import Counter, Renderer, TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.segment import Segmenter
from ragcompress.core.types import Passage

__all__ = [
    "Compressor",
    "Counter",
    "Generator",
    "Renderer",
    "Retriever",
    "Rewriter",
    "Scorer",
    "Segmenter",
]

Compressor = Callable[[Context, TokenBudget], Context]
"""Shrinks a context under a budget. The laws in `ragcompress.testing.check_compressor` say what it must never do."""

Scorer = Callable[[Context], Context]
"""Gives every segment a score (`Context.with_scores`), higher meaning more relevant to the query. It takes the whole
context because a sentence can't be judged without its passage; it changes scores, passage scores and notes only."""

Rewriter = Callable[[str, Sequence[str], int], Sequence[str]]
"""``(query, texts, tokens) -> texts``: for every text a shorter one of about ``tokens`` tokens; "" when nothing in it
is relevant."""

Generator = Callable[[str], str]
"""A prompt to its completion: the reader, as seen from here."""


@runtime_checkable
class Retriever(Protocol):
    """Finds passages for a query."""

    def retrieve(self, query: str, k: int = 10) -> list[Passage]:
        """The ``k`` best passages, best first, with their scores."""
        ...
