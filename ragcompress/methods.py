"""Every method by name: what the command line, the evaluation and ``compress(compressor="…")`` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from ragcompress.errors import InvalidInput
from ragcompress.protocols import Compressor
from ragcompress.pruners import baselines
from ragcompress.pruners.extractive import SentencePruner
from ragcompress.scorers import DenseScorer, FusedScorer, GuardedScorer, LateInteractionScorer, LexicalScorer

__all__ = ["METHODS", "Method", "default", "resolve"]


@dataclass(frozen=True, slots=True)
class Method:
    """One row of ``ragcompress methods``.

    Attributes:
        name: What to write.
        summary: What it does, in a line.
        paper: Where it comes from.
        needs: Extras or models beyond the bare package; "" for none.
        offline: Whether it runs without network as installed.
        build: Makes the compressor.
    """

    name: str
    summary: str
    paper: str
    needs: str
    offline: bool
    build: Callable[[], Compressor]


METHODS: tuple[Method, ...] = (
    Method("truncate", "the first tokens", "baseline", "", True, lambda: baselines.truncate),
    Method("passages", "whole passages, best first", "baseline", "", True, lambda: baselines.top_passages),
    Method("lead", "first sentences of every passage", "baseline", "", True, lambda: baselines.lead),
    Method("random", "random sentences", "baseline", "", True, lambda: baselines.random),
    Method(
        "lexical", "sentences by BM25, any language", "Robertson and Zaragoza 2009", "", True,
        lambda: SentencePruner(LexicalScorer()),
    ),
    Method(
        "dense", "sentences by contextual cosine", "RECOMP, Xu et al. 2023", "", True,
        lambda: SentencePruner(GuardedScorer(DenseScorer())),
    ),
    Method(
        "late", "sentences by late interaction", "ColBERT, Khattab and Zaharia 2020", "", True,
        lambda: SentencePruner(GuardedScorer(LateInteractionScorer())),
    ),
    Method(
        "fused", "sentences by cosine, late interaction and BM25 together", "ragcompress", "", True,
        lambda: SentencePruner(GuardedScorer(FusedScorer())),
    ),
)  # fmt: skip


def resolve(name: str, *, dynamic: bool = False) -> Compressor:
    """The compressor called ``name``.

    Raises:
        InvalidInput: There is none; the message names the nearest.
        MissingExtra: It needs a package that is not installed.
    """
    for method in METHODS:
        if method.name == name:
            return method.build()
    names = [method.name for method in METHODS]
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
    raise InvalidInput(f"no method is called {name!r}; {hint}")


def default(*, dynamic: bool = False) -> Compressor:
    """The best compressor that runs on what is installed; ``dynamic`` lets a threshold decide how much to keep."""
    return resolve("fused", dynamic=dynamic)
