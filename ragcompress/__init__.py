"""ragcompress: shorter contexts for retrieval-augmented generation, every kept character traceable.

>>> import ragcompress as rc
>>> out = rc.compress("Who wrote it?", ["Ada wrote it in 1843. It rained that day."], budget=8)
>>> out.text
'Ada wrote it in 1843.'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ragcompress.budget import TokenBudget, allocate, counter
    from ragcompress.compressor import chain
    from ragcompress.context import Context
    from ragcompress.errors import InvalidInput, MissingExtra, RagCompressError
    from ragcompress.facade import compress, compress_many
    from ragcompress.pruners.extractive import SentencePruner
    from ragcompress.render import Style, fit, marked, numbered, plain, titled
    from ragcompress.result import Compressed
    from ragcompress.retriever import DenseRetriever, HybridRetriever
    from ragcompress.scorers import DenseScorer, FusedScorer, LateInteractionScorer, LexicalScorer
    from ragcompress.types import Dropped, Passage, Segment, Span

__version__ = "0.1.0"

# Where each name lives; modules load on first use, so that ``import ragcompress`` stays light.
_HOMES: dict[str, str] = {
    "Compressed": "result",
    "Context": "context",
    "DenseRetriever": "retriever",
    "DenseScorer": "scorers",
    "Dropped": "types",
    "FusedScorer": "scorers",
    "HybridRetriever": "retriever",
    "InvalidInput": "errors",
    "LateInteractionScorer": "scorers",
    "LexicalScorer": "scorers",
    "MissingExtra": "errors",
    "Passage": "types",
    "RagCompressError": "errors",
    "Segment": "types",
    "SentencePruner": "pruners.extractive",
    "Span": "types",
    "Style": "render",
    "TokenBudget": "budget",
    "allocate": "budget",
    "chain": "compressor",
    "compress": "facade",
    "compress_many": "facade",
    "counter": "budget",
    "fit": "render",
    "marked": "render",
    "numbered": "render",
    "plain": "render",
    "titled": "render",
}

__all__ = [
    "Compressed",
    "Context",
    "DenseRetriever",
    "DenseScorer",
    "Dropped",
    "FusedScorer",
    "HybridRetriever",
    "InvalidInput",
    "LateInteractionScorer",
    "LexicalScorer",
    "MissingExtra",
    "Passage",
    "RagCompressError",
    "Segment",
    "SentencePruner",
    "Span",
    "Style",
    "TokenBudget",
    "allocate",
    "chain",
    "compress",
    "compress_many",
    "counter",
    "fit",
    "marked",
    "numbered",
    "plain",
    "titled",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ragcompress' has no attribute {name!r}")
    module = import_module(f"ragcompress.{_HOMES[name]}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
