"""What can be kept of any amount of text in a few milliseconds: what stands around the question's words.

Used where there is no time to read. Plain search finds the places, and only what stands around the best of them is
read into units; the limit on characters looked at by search is time alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import monotonic, thread_time
from typing import NamedTuple

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.render import fill, fit
from ragcompress.core.segment import sentences, words
from ragcompress.core.types import Segment, Span
from ragcompress.scorers.guard import LITTLE
from ragcompress.scorers.lexical import LexicalScorer, terms
from ragcompress.structure import units

__all__ = ["glance"]

SECONDS = 0.03  # that the search may take
MOST = 20_000_000  # characters that may be searched in it
PART = 100_000  # characters searched at a time
WORDS = 8  # of the question that are looked for
HITS = 40  # of one word in one part; a word that stands everywhere says little
WINDOW = 700  # characters read before and after a place
READ = 16_000  # characters read in all


class _Place(NamedTuple):
    passage: int
    at: int
    word: str


def glance(context: Context, budget: TokenBudget, *, seconds: float = SECONDS) -> Context:
    """The units around the question's words that fit the budget; the beginnings of passages where no word stands.

    Args:
        context: As it was given, of any size.
        budget: Its limit bounds the rendered result.
        seconds: How long places may be looked for, of the processor's time; what was not searched by then is in
            the notes.
    """
    places, searched = _places(context, seconds)
    weights = {word: 1 / (1 + n) ** 0.5 for word, n in Counter(place.word for place in places).items()}
    windows = _best_windows(context, places, weights) or _beginnings(context)
    narrow = replace(context, segments=tuple(Segment(context.read(span), (span,)) for span in windows))
    alone = LexicalScorer(passage_share=0)(Context.of(context.asked, [s.text for s in narrow.segments]).split(units))
    relevance = [0.0] * len(context.passages)
    for place in places:
        relevance[place.passage] += weights[place.word]
    scored = narrow.split(units).with_scores([segment.score or 0.0 for segment in alone.segments], relevance)
    kept = fit(fill(scored, budget), budget)
    if not kept.segments:  # a unit that was torn out of its page is longer than the budget: its sentences, its words
        kept = fit(fill(scored.split(sentences), budget), budget)
    if not kept.segments:
        kept = fit(scored.split(words), budget)
    if searched < 1:
        kept = kept.note(f"there was time for {searched:.0%} of the search for the question's words", "size")
    return kept


def _places(context: Context, seconds: float) -> tuple[list[_Place], float]:
    """Where the question's words stand, the longest searched for first, and the share of the search that was done."""
    began, until = thread_time(), monotonic() + 3 * seconds
    wanted, (text, starts, share) = _words(context.asked), _one_text(context)
    parts, found = list[str](), list[tuple[int, str]]()
    for turn, word in enumerate(wanted):
        for start in range(0, len(text), PART):
            done = turn * len(text) + start
            if done and (thread_time() - began > seconds or monotonic() > until):
                return _placed(found, starts), min(share * done / (len(wanted) * len(text)), 0.99)
            if len(parts) * PART == start:
                parts.append(_lower(text[start : start + PART]))
            found.extend((start + at, word) for at in _hits(parts[start // PART], word))
    return _placed(found, starts), share


def _one_text(context: Context) -> tuple[str, list[int], float]:
    """All passages as one text, which is searched many times as fast; where each begins; what share of all it is."""
    texts, starts, size = list[str](), list[int](), 0
    for passage in context.passages:
        if size > MOST:
            break
        texts.append(passage.text if len(passage.text) < MOST else passage.text[:MOST])
        starts.append(size)
        size += len(texts[-1]) + 1
    whole = sum([len(passage.text) for passage in context.passages])
    text = "\n".join(texts)
    return text, starts, min((len(text) - len(texts) + 1) / max(whole, 1), 1.0)


def _placed(found: Sequence[tuple[int, str]], starts: Sequence[int]) -> list[_Place]:
    """From places in the one text to places in passages."""
    numbers = [bisect_right(starts, at) - 1 for at, _ in found]
    return [_Place(number, at - starts[number], word) for number, (at, word) in zip(numbers, found, strict=True)]


def _hits(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    for _ in range(HITS):
        if at < 0:
            return
        yield at
        at = text.find(word, at + 1)


def _lower(text: str) -> str:
    low = text.lower()
    return low if len(low) == len(text) else text  # a few letters change their length: better to miss capitals


def _words(question: str) -> list[str]:
    """The question's longest words, which are its rarest; little ones, which stand everywhere, only for want of any."""
    found = dict.fromkeys(term for term in terms(question) if len(term) > 2 or not term.isascii() or term.isdigit())
    telling = [term for term in found if term not in LITTLE]
    return sorted(telling or found, key=lambda word: -len(word))[:WORDS]


def _best_windows(context: Context, places: Sequence[_Place], weights: dict[str, float]) -> list[Span]:
    """Stretches around the places where most of the rare words stand together, in reading order."""
    bins: dict[tuple[int, int], set[str]] = {}
    first: dict[tuple[int, int], int] = {}
    for place in places:
        key = (place.passage, place.at // WINDOW)
        bins.setdefault(key, set()).add(place.word)
        first[key] = min(first.get(key, place.at), place.at)
    ranked = sorted(bins, key=lambda key: (-sum(weights[word] for word in bins[key]), key))
    windows, left = list[Span](), READ
    for key in ranked:
        span = _window(context, key[0], first[key])
        if span.end - span.start > left:
            break
        windows.append(span)
        left -= span.end - span.start
    return _joined(sorted(windows))


def _window(context: Context, passage: int, at: int) -> Span:
    """From the beginning of a line or sentence before a place to the end of one after it, where there are any."""
    text = context.passages[passage].text
    low, high = max(at - WINDOW, 0), min(at + 2 * WINDOW, len(text))
    before, after = text[low:at], text[at:high]
    cut = max(before.find("\n") + 1, 0) or before.find(". ") + 2 if low else 0
    start = low + (cut if cut > 1 else 0)
    end = after.rfind("\n") + 1 or after.rfind(". ") + 2
    return Span(passage, start, at + end if high < len(text) and end > 1 else high)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The same text in spans that do not overlap."""
    result: list[Span] = []
    for span in spans:
        if result and result[-1].passage == span.passage and span.start <= result[-1].end:
            result[-1] = result[-1]._replace(end=max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def _beginnings(context: Context) -> list[Span]:
    """The first lines of the first passages."""
    share = max(READ // max(len(context.passages), 1), WINDOW)
    return [
        Span(number, 0, len(passage.text) if len(passage.text) <= share else _window(context, number, 0).end)
        for number, passage in enumerate(context.passages[: READ // share])
    ]
