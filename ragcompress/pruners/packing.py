"""From sentences with scores and words with weights to a context that fills its budget, all of it verbatim.

The word-level pruners differ only in how they weigh words. Sentences are chosen for a budget that is wider by what
word deletion will save; then the lightest words go, from all of them together, until the rest fits. Where that is not
enough the weakest sentence goes whole: half a sentence more is worth less than the words that make the others readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.render import fill, fit, tokens
from ragcompress.core.segment import words
from ragcompress.core.types import Segment
from ragcompress.pruners import kinds
from ragcompress.scorers.lexical import terms

__all__ = ["WordWeights", "pack", "shielded"]

WordWeights = Callable[[Context], Sequence[float]]
"""A context whose segments are words -> one weight each; the lightest go first."""


def pack(context: Context, budget: TokenBudget, *, weigh: WordWeights, share: float, shield: bool = True) -> Context:
    """Fill the budget with sentences less their lightest words.

    Args:
        context: Sentences with scores.
        budget: Its limit bounds the rendered result.
        weigh: Gives every word its weight.
        share: The most of a sentence's words that may go, in [0, 1]; 0 keeps sentences whole.
        shield: Never drop numbers and their units, names, negations, code, or the query's own words.
    """
    wide = replace(budget, limit=int(budget.limit / (1 - min(share, 0.9))))
    chosen = fill(context, wide)
    if share <= 0 or tokens(chosen, budget) <= budget.limit:
        return fit(fill(chosen, budget), budget)
    return fit(_reduced(chosen, budget, _Words(chosen, weigh, share, shield)), budget)


def shielded(context: Context) -> list[bool]:
    """Which segments of a context of words must stay when their sentence stays; True: must."""
    asked = set(terms(context.asked))
    result: list[bool] = []
    after_number = False
    for at, segment in enumerate(context.segments):
        source, start, _ = segment.support[0]
        number = kinds.numbers(segment.text)
        result.append(
            number
            or (after_number and len(segment.text.strip()) <= 4)  # a unit: "330 m", "5 kg", "12 %"
            or any(kinds.is_negation(word) for word in re.findall(r"[\w'’]+", segment.text.casefold()))
            or _is_name(context.passages[source].text, start, segment.text)
            or not asked.isdisjoint(terms(segment.text))
            or not context.is_verbatim(at)
        )
        after_number = number
    return result


class _Words:
    """The words of a context, each with its sentence and its turn to go."""

    def __init__(self, sentences: Context, weigh: WordWeights, share: float, shield: bool) -> None:
        self.sentences = sentences
        pieces = sentences.split(words)
        self.owner = _owners(sentences, pieces)
        weights = weigh(pieces)
        stays = shielded(pieces) if shield else [False] * len(weights)
        structured = {
            at for at, s in enumerate(sentences.segments) if shield and (kinds.code(s.text) or kinds.tables(s.text))
        }
        left = {at: int(share * self.owner.count(at)) for at in set(self.owner)}
        self.turn: list[int] = []  # the words that may go, lightest first
        for at in sorted(range(len(weights)), key=lambda at: (weights[at], at)):
            owner = self.owner[at]
            if not stays[at] and owner not in structured and left[owner] > 0:
                left[owner] -= 1
                self.turn.append(at)

    def without(self, gone_words: int, gone_sentences: set[int]) -> Context:
        gone = set(self.turn[:gone_words])
        whole = [at for at, owner in enumerate(self.owner) if owner not in gone_sentences]
        stay = set(range(len(self.sentences.segments))) - gone_sentences
        context = self.sentences.keep(stay, "over budget").split(words)
        left = [place for place, at in enumerate(whole) if at not in gone]
        return _runs(context.keep(left, "light word"), [self.owner[whole[place]] for place in left])


def _reduced(sentences: Context, budget: TokenBudget, found: _Words) -> Context:
    order = sorted(range(len(sentences.segments)), key=lambda at: (_low(sentences.segments[at]), -at))

    def fits(gone_words: int, gone_sentences: int) -> bool:
        return tokens(found.without(gone_words, set(order[:gone_sentences])), budget) <= budget.limit

    fewest = _first(lambda number: fits(len(found.turn), number), len(order))
    lightest = _first(lambda number: fits(number, fewest), len(found.turn))
    return found.without(lightest, set(order[:fewest]))


def _first(holds: Callable[[int], bool], size: int) -> int:
    """The smallest number up to ``size`` for which ``holds``, which is taken to stay true once it is."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _runs(context: Context, owners: Sequence[int]) -> Context:
    """Neighbouring words of one sentence as one segment."""
    result: list[Segment] = []
    last = -1
    for segment, owner in zip(context.segments, owners, strict=True):
        before = result[-1].support[0] if result else None
        span = segment.support[0]
        if (
            before
            and owner == last
            and (before.passage, before.end) == (span.passage, span.start)
            and len(segment.support) == 1
        ):
            joined = before._replace(end=span.end)
            result[-1] = replace(segment, text=context.read(joined), support=(joined,))
        else:
            result.append(segment)
        last = owner
    return replace(context, segments=tuple(replace(segment, lossy=True) for segment in result))


def _owners(sentences: Context, pieces: Context) -> list[int]:
    """The sentence number of every word; both are in the same order."""
    owners: list[int] = []
    for at, sentence in enumerate(sentences.segments):
        end = sentence.support[-1].end
        while len(owners) < len(pieces.segments):
            piece = pieces.segments[len(owners)].support
            owners.append(at)
            if piece[-1].end == end or not sentences.is_verbatim(at):
                break
    return owners


def _is_name(text: str, start: int, word: str) -> bool:
    found = kinds.find_names(text[max(start - 4, 0) : start] + word) if start else kinds.find_names(word)
    return bool(found & kinds.find_names(f"x {word}"))


def _low(segment: Segment) -> float:
    return float("-inf") if segment.score is None else segment.score
