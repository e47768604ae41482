"""Did the model invent something, and which source sentences does a new sentence rest on? Patterns, no model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragcompress.pruners import kinds
from ragcompress.scorers.lexical import terms

__all__ = ["invented", "rests_on"]


def invented(text: str, source: str) -> list[str]:
    """Numbers, names and quotations of ``text`` that ``source`` does not hold.

    >>> invented("Ada Byron wrote 3 programs in 1843.", "In 1843 Ada Byron wrote a program.")
    ['3']
    """
    known = _folded(source)
    numbers = sorted(kinds.find_numbers(text) - kinds.find_numbers(source))
    words = set(re.findall(r"\w+", known))
    names = sorted(name for name in kinds.find_names(text) if not set(re.findall(r"\w+", name)) <= words)
    quotes = sorted(quote for quote in kinds.find_quotations(text) if _folded(quote).strip(" .,;") not in known)
    return [*numbers, *names, *(f"“{quote}”" for quote in quotes)]


def rests_on(sentence: str, sources: Sequence[str], *, most: int = 3) -> list[int]:
    """The source sentences that hold most of a new sentence's words, in source order; empty when none shares any.

    Source after source is taken as long as each brings at least a fifth of the sentence's words anew.
    """
    missing = set(terms(sentence))
    total = len(missing)
    held = [set(terms(source)) for source in sources]
    chosen: list[int] = []
    while missing and len(chosen) < most and sources:
        best = max(range(len(held)), key=lambda at: (len(missing & held[at]), -len(held[at]), -at))
        gain = len(missing & held[best])
        if not gain or (chosen and gain < 0.2 * total):
            break
        chosen.append(best)
        missing -= held[best]
    return sorted(chosen)


def _folded(text: str) -> str:
    plain = re.sub("[‘’]", "'", text.casefold())
    return " ".join(plain.split())
