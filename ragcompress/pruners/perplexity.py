"""Perplexity pruning: what a causal language model can guess goes first, what the question makes likely stays.

Selective Context (Li et al. 2023) drops what carries little self-information; LLMLingua (Jiang et al. 2023) goes
window by window, each after what was kept of those before; LongLLMLingua (Jiang et al. 2023) ranks passages by how
well they predict the question, and words by how much the question helps to predict them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Segmenter
from ragcompress.core.render import fit
from ragcompress.core.types import Span
from ragcompress.generators.causal import CausalModel
from ragcompress.pruners.failopen import or_extract
from ragcompress.pruners.packing import pack
from ragcompress.scorers.lexical import LexicalScorer
from ragcompress.structure import units

__all__ = ["PerplexityPruner"]

Floats = NDArray[np.float32]
LIKELY = "\n\nWe can get the answer to this question in the given documents: "
ASKED = "Question: {query}\nPassage: "


@dataclass(frozen=True, slots=True)
class PerplexityPruner:
    """Keeps the sentences and words that tell a causal language model most about the question.

    Attributes:
        model: A name or folder on this machine, a pair (model, fast tokenizer), or a `CausalModel`.
        by: ``"contrast"``: how much likelier the question makes a word, passages ranked by how well they predict the
            question (LongLLMLingua); ``"information"``: how surprising a word is, whatever the question (Selective
            Context).
        share: The most of a sentence's words that may go, in [0, 0.9]; 0 keeps sentences whole.
        keep: Below 1, each window is read after that most surprising share of those before (LLMLingua).
        strict: Raise `ModelError` where the model fails, instead of extracting by words.
        segmenter: Cuts passages; `ragcompress.structure.units` by default.
    """

    model: Any
    by: Literal["contrast", "information"] = "contrast"
    share: float = 0.5
    keep: float = 1.0
    strict: bool = False
    segmenter: Segmenter = field(default=units, repr=False)
    _causal: CausalModel = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.by not in ("contrast", "information"):
            raise InvalidInput(f"by must be 'contrast' or 'information', not {self.by!r}")
        if not 0 <= self.share <= 0.9 or not 0 < self.keep <= 1:
            raise InvalidInput(f"share must be in [0, 0.9] and keep in (0, 1], not {self.share} and {self.keep}")
        causal = self.model if isinstance(self.model, CausalModel) else CausalModel(self.model)
        object.__setattr__(self, "_causal", causal)

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        split = context.split(self.segmenter)
        if not split.segments or not budget.limit:
            return fit(split, budget)
        fallback = LexicalScorer()(split)
        return or_extract(
            lambda: self._pruned(split, budget), fallback, budget, name=repr(self._causal), strict=self.strict
        )

    def _pruned(self, split: Context, budget: TokenBudget) -> Context:
        used = sorted({segment.support[0].passage for segment in split.segments})
        tokens = {at: self._tokens(split, at) for at in used}
        passages = {at: self._predicts(split, at) for at in used} if self.by == "contrast" else dict.fromkeys(used, 0.0)
        told = [_mean(tokens, segment.support) for segment in split.segments]
        rank = _standard([passages[segment.support[0].passage] for segment in split.segments])
        scores = rank + _standard(told)
        lowest = min(passages.values())
        scored = split.with_scores(scores.tolist(), [passages.get(at, lowest) for at in range(len(split.passages))])

        def weigh(words: Context) -> Sequence[float]:
            return [_mean(tokens, segment.support) for segment in words.segments]

        return pack(scored, budget, weigh=weigh, share=self.share)

    def _tokens(self, context: Context, at: int) -> _Told:
        """What each token of a passage tells; higher is kept first."""
        text = context.passages[at].text
        alone = self._causal.surprise(text, keep=self.keep)
        if self.by == "information":
            return _Told(-alone.logprobs, alone.offsets)
        asked = self._causal.surprise(text, prefix=ASKED.format(query=context.asked), keep=self.keep)
        return _Told(asked.logprobs - alone.logprobs, alone.offsets)

    def _predicts(self, context: Context, at: int) -> float:
        """Mean log-probability of the question after the passage; higher is more relevant."""
        passage = context.passages[at]
        head = f"{passage.title}\n" if passage.title else ""
        return self._causal.surprise(context.asked, prefix=f"{head}{passage.text}{LIKELY}").mean


@dataclass(frozen=True, slots=True)
class _Told:
    """One value per token with its character offsets."""

    values: Floats
    offsets: NDArray[np.int64]

    def mean(self, start: int, end: int) -> float:
        inside = (self.offsets[:, 0] < end) & (self.offsets[:, 1] > start)
        return float(self.values[inside].mean()) if inside.any() else 0.0


def _mean(tokens: dict[int, _Told], support: Sequence[Span]) -> float:
    return float(np.mean([tokens[span.passage].mean(span.start, span.end) for span in support]))


def _standard(values: Sequence[float]) -> NDArray[np.float64]:
    """Mean 0, deviation 1; all zeros when they are equal."""
    array = np.array(values, dtype=np.float64)
    spread = float(array.std())
    result: NDArray[np.float64] = (array - array.mean()) / spread if spread > 0 else np.zeros(len(array))
    return result
