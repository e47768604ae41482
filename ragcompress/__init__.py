"""ragcompress: shorter contexts for retrieval-augmented generation, every kept character traceable.

>>> import ragcompress as rc
>>> out = rc.compress("Who wrote it?", ["Ada wrote it in 1843. It rained that day."], budget=8)
>>> out.text
'Ada wrote it in 1843.'
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import warn

if TYPE_CHECKING:
    from ragcompress.core.budget import TokenBudget, allocate
    from ragcompress.core.compressor import chain
    from ragcompress.core.context import Context
    from ragcompress.core.counters import counter
    from ragcompress.core.errors import InvalidInput, MissingExtra, RagCompressError
    from ragcompress.core.render import Style, fit, marked, numbered, plain, titled
    from ragcompress.core.types import Dropped, Passage, Segment, Span, Unit
    from ragcompress.facade import acompress, compress, compress_many, units
    from ragcompress.generators.answers import answer_each
    from ragcompress.generators.sat import model_sentences
    from ragcompress.models.reader.reader import ExtractiveReader
    from ragcompress.pruners import kinds
    from ragcompress.pruners.abstractive import AbstractivePruner
    from ragcompress.pruners.cascade import Cascade
    from ragcompress.pruners.classifier import ClassifierPruner
    from ragcompress.pruners.cluster import ClusterPruner
    from ragcompress.pruners.companions import KeepWith, keep_antecedents, keep_headings, keep_neighbours
    from ragcompress.pruners.extractive import SentencePruner
    from ragcompress.pruners.instructions import Instructions, drop_instructions
    from ragcompress.pruners.labelling import LabellingPruner
    from ragcompress.pruners.order import Order, order_ends, order_reading, order_relevance
    from ragcompress.pruners.perplexity import PerplexityPruner
    from ragcompress.pruners.protect import Protect, protect
    from ragcompress.pruners.redundancy import Diverse, Redundancy, drop_redundant, mmr
    from ragcompress.pruners.refine import RefinePruner
    from ragcompress.pruners.words import WordPruner
    from ragcompress.results.result import Compressed
    from ragcompress.retriever import DenseRetriever, HybridRetriever
    from ragcompress.retriever.feedback import FeedbackRetriever, HopRetriever
    from ragcompress.retriever.tokens import TokenRetriever
    from ragcompress.scorers import DenseScorer, FusedScorer, LateInteractionScorer, LexicalScorer
    from ragcompress.scorers.cross import CrossEncoderScorer
    from ragcompress.scorers.labels import LabelScorer, rerank
    from ragcompress.scorers.pairs import PairLabelScorer
    from ragcompress.scorers.second_pass import SecondPass
    from ragcompress.training.tuning import tune

__version__ = "0.1.0"

# Where each name lives; modules load on first use, so that ``import ragcompress`` stays light.
_HOMES: dict[str, str] = {
    "AbstractivePruner": "pruners.abstractive",
    "Cascade": "pruners.cascade",
    "ClassifierPruner": "pruners.classifier",
    "ClusterPruner": "pruners.cluster",
    "Compressed": "results.result",
    "Context": "core.context",
    "CrossEncoderScorer": "scorers.cross",
    "DenseRetriever": "retriever",
    "DenseScorer": "scorers",
    "Diverse": "pruners.redundancy",
    "Dropped": "core.types",
    "ExtractiveReader": "models.reader.reader",
    "FeedbackRetriever": "retriever.feedback",
    "FusedScorer": "scorers",
    "HistoryCompressor": "integrations.history",
    "HopRetriever": "retriever.feedback",
    "HybridRetriever": "retriever",
    "Instructions": "pruners.instructions",
    "InvalidInput": "core.errors",
    "KeepWith": "pruners.companions",
    "LabelScorer": "scorers.labels",
    "LabellingPruner": "pruners.labelling",
    "LateInteractionScorer": "scorers",
    "LexicalScorer": "scorers",
    "MissingExtra": "core.errors",
    "Order": "pruners.order",
    "PairLabelScorer": "scorers.pairs",
    "Passage": "core.types",
    "PerplexityPruner": "pruners.perplexity",
    "Protect": "pruners.protect",
    "RagCompressError": "core.errors",
    "Redundancy": "pruners.redundancy",
    "RefinePruner": "pruners.refine",
    "SecondPass": "scorers.second_pass",
    "Segment": "core.types",
    "SentencePruner": "pruners.extractive",
    "Span": "core.types",
    "Style": "core.render",
    "TokenBudget": "core.budget",
    "TokenRetriever": "retriever.tokens",
    "Unit": "core.types",
    "Warning": "core.notes",
    "WordPruner": "pruners.words",
    "acompress": "facade",
    "allocate": "core.budget",
    "answer_each": "generators.answers",
    "chain": "core.compressor",
    "compress": "facade",
    "compress_many": "facade",
    "counter": "core.counters",
    "drop_instructions": "pruners.instructions",
    "drop_redundant": "pruners.redundancy",
    "fit": "core.render",
    "keep_antecedents": "pruners.companions",
    "keep_headings": "pruners.companions",
    "keep_neighbours": "pruners.companions",
    "kinds": "pruners.protect",  # a module; what uses it has it
    "marked": "core.render",
    "mmr": "pruners.redundancy",
    "model_sentences": "generators.sat",
    "numbered": "core.render",
    "order_ends": "pruners.order",
    "order_reading": "pruners.order",
    "order_relevance": "pruners.order",
    "plain": "core.render",
    "protect": "pruners.protect",
    "rerank": "scorers.labels",
    "titled": "core.render",
    "tune": "training.tuning",
    "units": "facade",
}

__all__ = [
    "AbstractivePruner",
    "Cascade",
    "ClassifierPruner",
    "ClusterPruner",
    "Compressed",
    "Context",
    "CrossEncoderScorer",
    "DenseRetriever",
    "DenseScorer",
    "Diverse",
    "Dropped",
    "ExtractiveReader",
    "FeedbackRetriever",
    "FusedScorer",
    "HistoryCompressor",
    "HopRetriever",
    "HybridRetriever",
    "Instructions",
    "InvalidInput",
    "KeepWith",
    "LabelScorer",
    "LabellingPruner",
    "LateInteractionScorer",
    "LexicalScorer",
    "MissingExtra",
    "Order",
    "PairLabelScorer",
    "Passage",
    "PerplexityPruner",
    "Protect",
    "RagCompressError",
    "Redundancy",
    "RefinePruner",
    "SecondPass",
    "Segment",
    "SentencePruner",
    "Span",
    "Style",
    "TokenBudget",
    "TokenRetriever",
    "Unit",
    "Warning",
    "WordPruner",
    "acompress",
    "allocate",
    "answer_each",
    "chain",
    "compress",
    "compress_many",
    "counter",
    "drop_instructions",
    "drop_redundant",
    "fit",
    "keep_antecedents",
    "keep_headings",
    "keep_neighbours",
    "kinds",
    "marked",
    "mmr",
    "model_sentences",
    "numbered",
    "order_ends",
    "order_reading",
    "order_relevance",
    "plain",
    "protect",
    "rerank",
    "titled",
    "tune",
    "units",
]


def _warn_of_a_second_owner() -> None:
    """Another distribution called ``ragcompress`` writes to the same folder: whose files these are is then chance."""
    folder = Path(__file__).parent.parent
    others = [path.name.partition(".dist-info")[0] for path in folder.glob("ragcompress-*.dist-info")]
    if others:
        warn(
            f"{others[0]} and ragcompress-kit are both installed and own the same folder {folder / 'ragcompress'}; "
            "uninstall both, then install only ragcompress-kit",
            RuntimeWarning,
            stacklevel=3,
        )


_warn_of_a_second_owner()


def __getattr__(name: str) -> Any:
    if name == "generators":
        return import_module("ragcompress.generators")
    if name not in _HOMES:
        raise AttributeError(f"module 'ragcompress' has no attribute {name!r}")
    module = import_module(f"ragcompress.{_HOMES[name]}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
