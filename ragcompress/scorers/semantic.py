"""Scores from the encoder: dense, late interaction, and their fusion with words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.models.encoders import OnnxEncoder, TokenEncoder
from ragcompress.models.multilingual import twin
from ragcompress.scorers.features import Features, features
from ragcompress.scorers.lexical import LexicalScorer

__all__ = ["DenseScorer", "FusedScorer", "LateInteractionScorer"]

Floats = NDArray[np.float32]

# Of the multilingual encoder, whose cosines all lie between 0.7 and 0.9: as `FusedScorer.weights`.
ABROAD = (1.7, 47.6, 14.3, 8.4)


@dataclass(frozen=True, slots=True)
class DenseScorer:
    """Cosine of the query with the contextual segment vector, mixed with that of its passage.

    Attributes:
        encoder: Gives token states; the embedded MiniLM by default.
        passage_share: How much of the score is the passage's cosine, 0 to 1.
    """

    encoder: TokenEncoder = field(default_factory=OnnxEncoder.embedded)
    passage_share: float = 0.35

    def __post_init__(self) -> None:
        check_encoder(self.encoder)

    def abroad(self) -> DenseScorer | None:
        """The same for other languages than English, where the encoder is the embedded English one."""
        encoder = twin(self.encoder)
        return None if encoder is None else replace(self, encoder=encoder)

    def __call__(self, context: Context) -> Context:
        """Scores in [-1, 1]."""
        cosine, whole = _stored(context, self.encoder) or itemgetter(1, 0)(features(context, self.encoder))
        mixed = (1 - self.passage_share) * cosine + self.passage_share * whole
        return context.with_scores(mixed.tolist(), per_passage(context, whole))


def _stored(context: Context, encoder: TokenEncoder) -> tuple[Floats, Floats] | None:
    """Cosines of segments and of their passages from vectors stored with an index; None where they don't serve."""
    if not isinstance(encoder, OnnxEncoder) or not context.segments:
        return None
    spans = [segment.support[0] for segment in context.segments if len(segment.support) == 1]
    used = [number for number, _ in groupby(spans, key=itemgetter(0))]
    known = [units for number in used if (units := encoder.units_of(context.passages[number])) is not None]
    if len(spans) < len(context.segments) or len(known) < len(used):
        return None
    wanted = np.array(spans, dtype=np.int64)
    if not np.array_equal(np.concatenate([units.spans for units in known]), wanted[:, 1:]):
        return None
    query = encoder.query(context.query).vector
    rows, sizes = np.concatenate([units.rows for units in known]), [len(units.rows) for units in known]
    empty = ~rows.any(axis=1)
    whole = np.repeat(np.stack([units.vector for units in known]) @ query, sizes)
    return np.where(empty, -1, rows @ query).astype(np.float32), np.where(empty, -1, whole).astype(np.float32)


@dataclass(frozen=True, slots=True)
class LateInteractionScorer:
    """Mean over query tokens of the best cosine to a token of the segment (ColBERT, Khattab and Zaharia 2020).

    Attributes:
        encoder: Gives token states; the embedded MiniLM by default.
        passage_share: How much of the score is late interaction with the whole passage, 0 to 1.
    """

    encoder: TokenEncoder = field(default_factory=OnnxEncoder.embedded)
    passage_share: float = 0.35

    def __post_init__(self) -> None:
        check_encoder(self.encoder)

    def abroad(self) -> LateInteractionScorer | None:
        """The same for other languages than English, where the encoder is the embedded English one."""
        encoder = twin(self.encoder)
        return None if encoder is None else replace(self, encoder=encoder)

    def __call__(self, context: Context) -> Context:
        """Scores in [-1, 1]."""
        found = features(context, self.encoder)
        mixed = (1 - self.passage_share) * found.late + self.passage_share * found.passage_late
        return context.with_scores(mixed.tolist(), per_passage(context, found.passage_late))


@dataclass(frozen=True, slots=True)
class FusedScorer:
    """The weighted sum of the four one-forward relevances and BM25.

    The neural weights were learned on SQuAD (see the evaluation); words add what a small encoder forgets: names,
    numbers, codes. BM25 is unbounded, so it enters through its share of the best score in the context.

    Attributes:
        encoder: Gives token states; the embedded MiniLM by default.
        weights: Of passage cosine, segment cosine, late interaction, passage late interaction.
        words: Weight of the segment's BM25, and of the passage's.
    """

    encoder: TokenEncoder = field(default_factory=OnnxEncoder.embedded)
    weights: tuple[float, float, float, float] = (5.7, 10.3, 14.2, 8.8)
    words: tuple[float, float] = (1.0, 0.5)

    def __post_init__(self) -> None:
        check_encoder(self.encoder)

    def abroad(self) -> FusedScorer | None:
        """The same for other languages than English, with the weights that fit that encoder's closer cosines."""
        encoder = twin(self.encoder)
        return None if encoder is None else replace(self, encoder=encoder, weights=ABROAD)

    def __call__(self, context: Context) -> Context:
        """Scores of any sign; only their order and distances mean something."""
        found = features(context, self.encoder)
        own, whole = (_share(np.array(scores, dtype=np.float32)) for scores in LexicalScorer().weigh(context))
        of = [segment.support[0].passage for segment in context.segments]
        by_words = self.words[0] * own + self.words[1] * whole[of] if of else own
        fused = self._sum(found) + by_words
        w = self.weights
        relevance = per_passage(context, w[0] * found.passage_cosine + w[3] * found.passage_late)
        passages = [r + self.words[1] * float(s) for r, s in zip(relevance, whole, strict=True)]
        return context.with_scores(fused.tolist(), passages)

    def _sum(self, found: Features) -> Floats:
        total: Floats = np.tensordot(np.array(self.weights, dtype=np.float32), np.array(found), axes=1)
        return total


def check_encoder(encoder: object) -> None:
    """Refuse what gives no token states, before it is asked for them.

    Raises:
        InvalidInput: It is a name, or lacks a method of `ragcompress.models.encoders.TokenEncoder`.
    """
    if not all(callable(getattr(encoder, name, None)) for name in ("query", "passages")):
        raise InvalidInput(
            f"encoder must give token states (ragcompress.models.encoders.TokenEncoder), not {encoder!r}; the one in "
            "the package reads English, and its multilingual twin the other languages, without being named"
        )


def per_passage(context: Context, values: Floats) -> list[float]:
    """Per-segment values that are equal within a passage, one per passage; -1 where no segment is left."""
    result = [-1.0] * len(context.passages)
    for segment, value in zip(context.segments, values, strict=True):
        result[segment.support[0].passage] = float(value)
    return result


def _share(scores: Floats) -> Floats:
    best = float(scores.max()) if len(scores) else 0.0
    shared: Floats = scores / best if best > 0 else scores
    return shared
