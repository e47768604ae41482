"""Scorers: a context in, the same context with scores out; higher is more relevant."""

from ragcompress.scorers.guard import GuardedScorer
from ragcompress.scorers.lexical import LexicalScorer
from ragcompress.scorers.semantic import DenseScorer, FusedScorer, LateInteractionScorer

__all__ = ["DenseScorer", "FusedScorer", "GuardedScorer", "LateInteractionScorer", "LexicalScorer"]
