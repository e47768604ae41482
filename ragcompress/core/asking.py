"""The part of a long question that asks.

A user who pastes a text into a chat sends a question of thousands of words. What it asks is a sentence or two of it,
mostly the last or the first; reading all of it as the question costs time and memory that grow with its square, and
blurs what is wanted.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ragcompress.core.segment import sentences

__all__ = ["MOST", "asking"]

MOST = 600  # characters: about 100 words; hardly any question of a benchmark is longer
FAR = 20_000  # characters looked at from either end

_ASKS = re.compile(r"[?？؟፧\u037e]\W*$")
_ORDERS = re.compile(
    r"""\W*(?:please\b|pls\b|bitte\b|por\ favor\b|s'il\b|question\b|q:|task\b|frage\b|pregunta\b
      | who\b|whom\b|whose\b|what\b|which\b|when\b|where\b|why\b|how\b
      | (?:can|could|would|will|do|does|did|is|are|was|were|has|have|should)\ (?:you|i|we|it|they|the|there|this|that)\b
      | tell\b|list\b|name\b|find\b|give\b|show\b|explain\b|describe\b|summari[sz]e\b|compare\b|translate\b|extract\b
      | answer\b|identify\b|calculate\b|state\b|write\b
      | wer\b|was\b|wann\b|wo\b|warum\b|wie\b|welche[rsmn]?\b|nenne\b|fasse\b|erkläre\b
      | qui\b|que\b|quoi\b|quand\b|où\b|pourquoi\b|comment\b|quel(?:le)?s?\b|combien\b|résume\b
      | qui[eé]n\b|qu[eé]\b|cu[aá]ndo\b|d[oó]nde\b|por\ qu[eé]\b|c[oó]mo\b|cu[aá]l(?:es)?\b|cu[aá]nt[oa]s?\b|resume\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)


def asking(query: str, most: int = MOST) -> str:
    """``query`` where it is short; else the sentences of it that ask, in their order, ``most`` characters at most.

    Sentences that end in a question mark come before those that begin like a question or a request, the last before
    the first; where none asks, the last and the first sentence do. Only the ends of a very long text are looked at.

    >>> asking("Who wrote it?")
    'Who wrote it?'
    >>> asking("It rained. " * 200 + "Who wrote the note? " + "It snowed. " * 200)
    'Who wrote the note?'
    """
    return query if len(query) <= most else _asking(query, most)


@lru_cache(maxsize=64)
def _asking(query: str, most: int) -> str:
    text = query if len(query) <= 2 * FAR else f"{query[:FAR]}\n{query[-FAR:]}"
    pieces = [text[start:end].strip() for start, end in sentences(text)]
    chosen: dict[int, str] = {}
    left = most
    for at in _candidates(pieces):
        if at not in chosen and len(pieces[at]) < left:
            chosen[at] = pieces[at]
            left -= len(pieces[at]) + 1
    if not chosen:  # one endless sentence: its last words, where the verb or the question mark is
        return _tail(text.strip(), most)
    return " ".join(chosen[at] for at in sorted(chosen))


def _candidates(pieces: list[str]) -> list[int]:
    """Numbers of the sentences that ask, most likely first; the last and the first where none does."""
    asked = [at for at, piece in enumerate(pieces) if _ASKS.search(piece[-20:])]
    ordered = [at for at, piece in enumerate(pieces) if _ORDERS.match(piece)]
    found = [*_ends_first(asked), *_ends_first(ordered)]
    return found or [len(pieces) - 1, 0]


def _ends_first(numbers: list[int]) -> list[int]:
    """The last, the first, and the rest from the end."""
    return [*numbers[-1:], *numbers[:1], *numbers[-2:0:-1]]


def _tail(text: str, most: int) -> str:
    piece = text[-most:]
    return piece[piece.find(" ") + 1 :] if " " in piece else piece
