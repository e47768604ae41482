"""Word deletion: the words go whose absence changes the meaning least (TCRA-LLM, Liu et al. 2023)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Scorer, Segmenter
from ragcompress.core.types import Segment
from ragcompress.core.view import in_view
from ragcompress.models.encoders import Encoded, OnnxEncoder, TokenEncoder
from ragcompress.pruners.packing import WordWeights, pack
from ragcompress.scorers import FusedScorer, GuardedScorer
from ragcompress.scorers.labels import LabelScorer
from ragcompress.scorers.vectors import alone, hashed_words, unreadable
from ragcompress.structure import units

__all__ = ["WordPruner", "impact_exact", "impact_first_order"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WordPruner:
    """Sentences by relevance, less the words that matter least to their vector.

    Numbers and their units, names, negations, code, tables and the query's own words are never dropped from a kept
    sentence. Every kept stretch is a verbatim segment.

    Attributes:
        share: The most of a sentence's words that may go, in [0, 0.9]; 0.2 to 0.4 stays readable.
        impact: ``"first-order"``: from the token states of the one forward that scoring needs anyway; ``"exact"``: one
            forward per word, about 100 times slower.
        scorer: Judges sentences; the guarded fusion of cosine, late interaction and BM25 by default.
        segmenter: Cuts passages; `ragcompress.structure.units` by default.
        encoder: Gives token states; the embedded MiniLM by default.
        weigh: Weighs words in place of ``impact``; see `labelled`.
    """

    share: float = 0.3
    impact: Literal["first-order", "exact"] = "first-order"
    scorer: Scorer = field(default_factory=lambda: GuardedScorer(FusedScorer()), repr=False)
    segmenter: Segmenter = field(default=units, repr=False)
    encoder: TokenEncoder = field(default_factory=OnnxEncoder.embedded, repr=False)
    weigh: WordWeights | None = field(default=None, repr=False)

    @classmethod
    def labelled(cls, share: float = 0.2, *, scorer: LabelScorer | None = None) -> WordPruner:
        """The labeller's sentences, less the words that it labels least part of an answer.

        Args:
            share: As above.
            scorer: Another labeller of ours, for example a tuned one.
        """
        used = scorer or LabelScorer()
        return cls(share, scorer=GuardedScorer(used), weigh=used.words)

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 0.9:
            raise InvalidInput(f"share must be between 0 and 0.9, not {self.share}; it is the most words that may go")
        if self.impact not in ("first-order", "exact"):
            raise InvalidInput(f"impact must be 'first-order' or 'exact', not {self.impact!r}")

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        scored = in_view(self.scorer(context.split(self.segmenter)))
        return pack(scored, budget, weigh=self._weigh, share=self.share)

    def _weigh(self, words: Context) -> list[float]:
        if unreadable(words):
            table = hashed_words([segment.text for segment in words.segments])  # rare words weigh more
            return [float(row.max()) for row in table]
        if self.weigh:
            return list(self.weigh(words))
        measure = impact_first_order if self.impact == "first-order" else impact_exact
        return measure(words, self.encoder)


def impact_first_order(words: Context, encoder: TokenEncoder) -> list[float]:
    """1 - cosine of each passage's mean state with and without the word's own tokens, nothing encoded anew."""
    used = sorted({segment.support[0].passage for segment in words.segments})
    encoded = dict(zip(used, encoder.passages([words.passages[at] for at in used]), strict=True))
    return [_without_own(encoded[s.support[0].passage], s) for s in words.segments]


def impact_exact(words: Context, encoder: TokenEncoder) -> list[float]:
    """1 - cosine of the kept text of each passage, encoded with and without the word."""
    result: list[float] = []
    for _, group in groupby(words.segments, key=lambda segment: segment.support[0].passage):
        texts = [segment.text for segment in group]
        whole = "".join(texts)
        variants = ["".join(texts[:at] + texts[at + 1 :]) for at in range(len(texts))]
        rows = alone([whole, *variants], encoder)
        result.extend((1 - rows[1:] @ rows[0]).tolist())
    return result


def _without_own(states: Encoded, word: Segment) -> float:
    _, start, end = word.support[0]
    text = states.offsets[:, 0] >= 0
    own = states.inside(start, end)
    if not own.any() or own.sum() == text.sum():
        return 0.0
    total = states.last[text].sum(axis=0)
    rest = total - states.last[own].sum(axis=0)
    length = float(np.linalg.norm(total) * np.linalg.norm(rest))
    return 1 - float(total @ rest) / length if length else 0.0
