"""Bridges: what one passage says of another, naming it by its title, counts for the other too.

"What office did the woman hold who played Corliss Archer?" The first passage answers to the question's words ("… with
Shirley Temple as Corliss Archer"), the second one, "Shirley Temple", to none of them; its title in a good sentence is
what leads there. The second hop of multi-hop retrieval (MDR, Xiong et al., ICLR 2021), without a second reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.context import Context

__all__ = ["BRIDGE", "Mention", "bridged", "mentions"]

Mention = tuple[int, int]  # (segment, passage that it names)
Name = tuple[str, ...]

BRIDGE = (0.6, 5.0)  # weight and reach, see `bridged`
LETTERS = 4  # that a name needs, to mean something
_WORD = re.compile(r"\w+")
# "Kerplunk (album)", "Ada - Youth", "Tremont, Maine"
_ASIDE = re.compile(r"(?<!\s)\s*+\([^()]*\)$|(?<!\s)\s++[-–]\s.*$|,\s.*$", re.DOTALL)


def mentions(context: Context) -> tuple[Mention, ...]:
    """Which segments name which other passages by their titles, as these are spelled.

    What a title says in brackets, after a dash or a comma does not matter; titles that the query itself names, or
    that the segment's own passage bears, lead nowhere new.
    """
    names = [_words(_ASIDE.sub("", passage.title)) for passage in context.passages]
    asked = _words(context.asked.casefold())
    known: dict[Name, list[int]] = {}
    for passage, name in enumerate(names):
        folded = tuple(word.casefold() for word in name)
        if sum(map(len, name)) >= LETTERS and folded not in _runs(asked, {len(folded)}):
            known.setdefault(name, []).append(passage)
    firsts: dict[str, list[Name]] = {}
    for name in known:
        firsts.setdefault(name[0], []).append(name)
    found = []
    for at, segment in enumerate(context.segments):
        own, words = names[segment.support[0].passage], _words(segment.text)
        begun = [(place, word) for place, word in enumerate(words) if word in firsts]
        said = {name for place, word in begun for name in firsts[word] if words[place : place + len(name)] == name}
        found += [(at, passage) for name in said - {own} for passage in known[name]]
    return tuple(sorted(found))


def _words(text: str) -> Name:
    return tuple(_WORD.findall(text))


def _runs(words: Name, lengths: Iterable[int]) -> set[Name]:
    """All runs of words of these lengths."""
    return {words[at : at + length] for length in lengths for at in range(len(words) - length + 1)}


def bridged(
    scores: NDArray[np.float64], owners: NDArray[np.int64], found: Iterable[Mention], bridge: Sequence[float]
) -> NDArray[np.float64]:
    """The scores, those of named passages raised by their best mention.

    Args:
        scores: Of the sentences [n]; NaN for one that could not be read.
        owners: Number of each sentence's passage [n].
        found: From `mentions`.
        bridge: Weight, what each point of the mentioning sentence's score within reach adds to the named passage's
            sentences; and reach, how far below the best sentence's score the mentioning one may lie.
    """
    weight, reach = bridge
    result, lift = scores.copy(), dict[int, float]()
    least = np.nanmax(scores) - reach if len(scores) and not np.isnan(scores).all() else np.nan
    for sentence, passage in found:
        lift[passage] = max(lift.get(passage, 0.0), float(scores[sentence] - least))
    for passage, value in lift.items():
        result[owners == passage] += weight * value
    return result
