"""BM25 over the context's own segments: no model, any script."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from ragcompress.core.clock import ticking
from ragcompress.core.context import Context
from ragcompress.core.segment import chunks, sanitise
from ragcompress.core.types import Passage

__all__ = ["LexicalScorer", "terms"]

# Scripts that write no spaces: neighbouring characters pair up, so that two-character words are found anywhere.
_DENSE = "\u0e00-\u0e7f\u0e80-\u0eff\u1780-\u17ff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TERM = re.compile(f"[{_DENSE}]+|[^\\W{_DENSE}]+(?:['’][^\\W{_DENSE}]+)?")
_ASCII = re.compile(r"\w+(?:'\w+)?", re.ASCII)
_IS_DENSE = re.compile(f"[{_DENSE}]")


def terms(text: str) -> list[str]:
    """Lower-cased words without plural and possessive endings; character pairs where words are not spaced.

    >>> terms("The cats' owner: 東京都")
    ['the', 'cat', 'owner', '東京', '京都']
    """
    if text.isascii():
        return list(map(_stem, _ASCII.findall(text.lower())))
    folded = sanitise(text).casefold()
    if not _IS_DENSE.search(folded):
        return list(map(_stem, _TERM.findall(folded)))
    return [part for term in _TERM.findall(folded) for part in _parts(term)]


def _parts(term: str) -> list[str]:
    if not _IS_DENSE.match(term):
        return [_stem(term)]
    return [term] if len(term) == 1 else [term[at : at + 2] for at in range(len(term) - 1)]


def _forms(asked: str) -> frozenset[str]:
    """All words of ASCII that have one of the query's terms: what `_stem` takes off, put on again."""
    stems = {term for term in terms(asked) if term.isascii()}
    plain = {f"{stem}{end}" for stem in stems for end in ("", "s", "es")} | {f"{stem[:-1]}ies" for stem in stems}
    return frozenset(word for one in plain for word in (one, f"{one}'s") if _stem(word) in stems)


def _asked_terms(text: str, query: Counter[str], forms: frozenset[str]) -> tuple[Iterable[str], int]:
    """The query's terms among those of ``text``, each as often as it stands there, and how many terms there are."""
    if text.isascii():  # stemming every word would take longer than finding them
        words = _ASCII.findall(text.lower())
        return map(_stem, filter(forms.__contains__, words)), len(words)
    found = terms(text)
    return filter(query.__contains__, found), len(found)


def _passage_parts(passage: Passage) -> Iterator[str]:
    """Title and text in parts, with looks at the clock in a long one."""
    yield passage.title
    for start, end in ticking(chunks(passage.text)):
        yield passage.text[start:end]


@lru_cache(maxsize=50_000)
def _stem(term: str) -> str:
    """Take off the endings that English adds most often; crude on purpose, harmless elsewhere."""
    if "'" in term or "’" in term:
        term = re.sub("['’]s?$", "", term)
    for ending, rest in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if term.endswith(ending) and len(term) - len(ending) >= 3 and not term.endswith(("ss", "us", "is")):
            return term[: -len(ending)] + rest
    return term


@dataclass(frozen=True, slots=True)
class LexicalScorer:
    """BM25 (Robertson and Zaragoza, 2009) of every segment, mixed with that of its passage.

    The collection is the context itself: what is rare among its segments weighs most.

    Attributes:
        k1: Term frequency saturation.
        b: Length normalisation, 0 (none) to 1 (full).
        passage_share: How much of the score comes from the whole passage, 0 to 1.
    """

    k1: float = 1.2
    b: float = 0.5
    passage_share: float = 0.3

    def __call__(self, context: Context) -> Context:
        """Scores from 0 (no term in common) upwards."""
        own, whole = self.weigh(context)
        mixed = [
            (1 - self.passage_share) * score + self.passage_share * whole[segment.support[0].passage]
            for score, segment in zip(own, context.segments, strict=True)
        ]
        return context.with_scores(mixed, whole)

    def weigh(self, context: Context) -> tuple[list[float], list[float]]:
        """BM25 of every segment and of every passage, unmixed."""
        own = self.of_texts(context.asked, ([segment.text] for segment in ticking(context.segments)))
        return own, self.of_texts(context.asked, (_passage_parts(passage) for passage in ticking(context.passages)))

    def of_texts(self, asked: str, documents: Iterable[Iterable[str]]) -> list[float]:
        """BM25 of documents, each in parts: of a long text only the query's words are held at a time."""
        query, forms = Counter(terms(asked)), _forms(asked)
        counts, lengths = list[dict[str, int]](), list[int]()
        for parts in documents:
            count, length = dict[str, int](), 0
            for part in parts:
                found_here, size = _asked_terms(part, query, forms)
                for term in found_here:
                    count[term] = count.get(term, 0) + 1
                length += size
            counts.append(count)
            lengths.append(length)
        mean = max(sum(lengths) / len(lengths), 1.0) if lengths else 1.0
        found = Counter(term for count in counts for term in count)
        weight = {term: math.log(1 + (len(counts) - n + 0.5) / (n + 0.5)) for term, n in found.items()}
        scores = []
        for count, length in zip(counts, lengths, strict=True):
            damping = self.k1 * (1 - self.b + self.b * length / mean)
            shares = (query[term] * weight[term] * n * (self.k1 + 1) / (n + damping) for term, n in count.items())
            scores.append(math.fsum(shares))
        return scores
