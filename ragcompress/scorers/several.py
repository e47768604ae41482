"""Questions that ask several things: each part gets a unit before one part gets a second."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from ragcompress.core.context import Context
from ragcompress.scorers.coverage import covered

__all__ = ["asked_parts", "one_each"]

WEIGHT = 6.0  # as for rows: how many times e-fold likelier a unit is that covers all of a part

_ASKS = (
    r"who|whom|whose|what|which|when|where|why|how|"
    r"wer|was|wann|wo|warum|wie|welche[rsmn]?|qui|quoi|quand|où|pourquoi|comment|combien|quel(?:le)?s?|"
    r"quién|qué|cuándo|dónde|cómo|cuánt[oa]s?|cuál(?:es)?"
)
_BORDER = re.compile(
    rf"[?？]\s*+(?=\S)|(?:[,;]\s*+|(?<!\s)\s++)(?:and|und|et|y|sowie)(?:\s+also)?\s+"
    rf"(?=(?:in |at |by |for |with |from |to )?(?:{_ASKS})\b)",
    re.IGNORECASE,
)


def asked_parts(query: str) -> list[str]:
    """What a question asks, part by part; one part where it asks one thing.

    >>> asked_parts("Who built it, and when was it finished?")
    ['Who built it', 'when was it finished?']
    >>> asked_parts("Who and what?"), asked_parts("Were Ada and Bob poets?")
    (['Who and what?'], ['Were Ada and Bob poets?'])
    """
    parts = [part.strip() for part in _BORDER.split(query)]
    return [part for part in parts if part] if all(len(part.split()) > 1 for part in parts if part) else [query]


def one_each(context: Context) -> Context:
    """Scores, probabilities that is, with the best unit of every part of the question lifted above all others."""
    parts = asked_parts(context.query)
    if len(parts) < 2 or not context.segments:
        return context
    scores = [segment.score or 0.0 for segment in context.segments]
    first = set[int]()
    for part in parts:
        cover = covered(replace(context, query=part))
        if max(cover) > 0:
            values = [score * math.exp(WEIGHT * share) for score, share in zip(scores, cover, strict=True)]
            first.add(max((at for at in range(len(values)) if at not in first), key=values.__getitem__, default=0))
    return context.with_scores([score + (1.0 if at in first else 0.0) for at, score in enumerate(scores)])
