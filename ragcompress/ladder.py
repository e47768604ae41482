"""What answers in place of a method that failed: the next rung down that stands.

    labeller (the default) → student → dense → lexical → lead

Each rung needs less than the one above: the student no joint graph, dense no fitted weights, lexical no model, lead
no scores. A method that is no rung, or a caller's own function, falls to words at once: nothing is known of why it
failed, and words need nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ragcompress.core.protocols import Compressor
from ragcompress.methods import METHODS, resolve
from ragcompress.pruners.baselines import lead
from ragcompress.pruners.cascade import Cascade
from ragcompress.pruners.extractive import SentencePruner
from ragcompress.pruners.labelling import LabellingPruner
from ragcompress.scorers import LexicalScorer
from ragcompress.scorers.labels import LabelScorer

__all__ = ["Rung", "below"]


class Rung(NamedTuple):
    """A method to fall back on.

    Attributes:
        name: As listed in `METHODS`.
        build: Makes it.
        said: What the warning says of it.
    """

    name: str
    build: Callable[[], Compressor]
    said: str


_RUNGS = {
    "student": "the quicker model that reads question and passages apart answered instead",
    "dense": "sentences were selected by their vectors instead",
    "lexical": "sentences were selected by words instead",
    "lead": "the first sentences were kept instead",
}
_DECIDING = "student"  # the one rung that needs no budget


def below(method: Compressor, *, quick: bool = False, dynamic: bool = False) -> Iterator[Rung]:
    """The rungs under a method, nearest first.

    Args:
        method: What failed.
        quick: Only those that need no model.
        dynamic: There is no budget: only what decides by itself how much to keep.
    """
    names = list(_RUNGS)
    for name in names[max(_rung(method), names.index("lexical") if quick else 0) :]:
        if not dynamic:
            yield Rung(name, _builder(name), _RUNGS[name])
        elif name == _DECIDING:
            yield Rung(name, lambda: resolve(_DECIDING, dynamic=True), _RUNGS[name])


def _builder(name: str) -> Callable[[], Compressor]:
    return next(method.build for method in METHODS if method.name == name and method.build)


def _rung(method: Compressor) -> int:
    """The number of the first rung that may answer for a method."""
    if isinstance(method, LabellingPruner):
        inner = getattr(method.scorer, "scorer", method.scorer)
        return 1 if isinstance(inner, LabelScorer) and not inner.model.reads else 0
    if isinstance(method, Cascade):
        return 0
    plain = isinstance(method, SentencePruner) and isinstance(method.scorer, LexicalScorer)
    return 3 if plain or method is lead else 2
