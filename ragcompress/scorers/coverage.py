"""Rows, records and items told apart by the question's own words: what encoders of prose do badly.

Neighbouring rows are alike to an encoder that has read prose ("| 2 | 2021-07-01 |" beside "| 3 | 2022-03-01 |"), yet
one word or number of the question names the right one. So among units that are no prose, keep probability moves to
those whose words, with their frames in view, cover more of the question, and to those that it names: a key or a cell
of which it has every word ("ssh" of "Which port does ssh use?").
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ragcompress.core.closing import links
from ragcompress.core.context import Context
from ragcompress.core.types import Segment
from ragcompress.core.view import frames
from ragcompress.scorers.lexical import terms

__all__ = ["covered", "sharpened"]

PROSE = frozenset({"", "sentence", "clause", "answer", "frame"})
COVERS = 6.0  # how many times e-fold a unit that covers the whole question is likelier than one that covers nothing
NAMED = 8.0  # and one that the question names in full; both chosen on training questions about tables and records
DEFINES = frozenset({"signature", "definition"})
CODE = DEFINES | {"statement", "import"}
LONGEST = 5  # words of a key; a cell of more is a sentence
SHORTEST = 3  # letters of a word that may abbreviate one of the question's: "Sat" for Saturday

_DEFINED = re.compile(
    r"\b(?:class|interface|enum|struct|trait|module|record|object|def|fn|func|fun|function|sub|type)[ \t]+(\w+)"
)
_CALLED = re.compile(r"\b(\w++)[ \t]*+\(")
_WORD = re.compile(r"\w+")
_JOINED = re.compile(r"\b[A-Za-z]+_\w+|\b[a-z]+[A-Z]\w*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_CELL = re.compile(r"[|\t,;:=<>{}\[\]\"]+|\s{2,}")
_EMPTY = frozenset(  # words of an English question that name nothing; rare in a table, they would weigh most
    terms(
        "a an the of in on at to for from by with and or as than not no into about between during "
        "i me my we you your it its they them their he his she her this that these those there "
        "is are was were be been do does did has have had can could will would should may might must "
        "what which who whom whose when where why how much many any please tell show find give"
    )
)


def sharpened(context: Context) -> Context:
    """Keep probabilities of structured units moved to those that the question's words point at; their sum stays."""
    rows = [at for at, segment in enumerate(context.segments) if segment.kind not in PROSE]
    if len(rows) < 2:
        return context
    own = [segment.score or 0.0 for segment in context.segments]
    sight = _Sight(context)
    cover, name = sight.covered(), sight.named()
    moved = [own[at] * math.exp(COVERS * cover[at] + NAMED * name[at]) for at in rows]
    moved = _told_of([context.segments[at].text for at in rows], moved)
    before, after = sum(own[at] for at in rows), sum(moved)
    if after <= 0:
        return context
    result = list(own)
    for at, value in zip(rows, moved, strict=True):
        result[at] = value * before / after
    return context.with_scores(result)


def _told_of(texts: Sequence[str], values: Sequence[float]) -> list[float]:
    """Half of the best unit's value to those whose key it names: a remark tells of PASS_MAX_DAYS, a line sets it."""
    best = max(range(len(values)), key=values.__getitem__)
    keys = set(_JOINED.findall(texts[best]))
    if not keys:
        return list(values)
    told = [at != best and _CELL.split(text.strip(), maxsplit=1)[0] in keys for at, text in enumerate(texts)]
    return [max(value, values[best] / 2) if own else value for own, value in zip(told, values, strict=True)]


def covered(context: Context) -> list[float]:
    """The share of the question's words that each segment has, with its frames in view; rare words weigh more.

    Words that no segment has count for none, nor do words that name nothing ("which", "does"), where there are others.
    A word that none has whole may be abbreviated.

    >>> covered(Context.of("On Saturday?", ["Sat 9:00", "Sun 9:00"]))
    [1.0, 0.0]
    """
    return _Sight(context).covered()


class _Sight:
    """The question's words and where they are in a context."""

    def __init__(self, context: Context) -> None:
        self.segments = context.segments
        self.asked = frozenset(_WORD.findall(context.asked.lower()))
        query = set(terms(context.asked))
        self.query = query - _EMPTY or query
        self.views = _views(context)
        known = set().union(*self.views) if self.views else set()
        self.spelled = {word: {word} if word in known else _abbreviations(word, known) for word in self.query}
        found = Counter(word for view in self.views for word in self.query if view & self.spelled[word])
        self.weight = {word: math.log(1 + len(self.views) / count) for word, count in found.items()}
        self.whole = math.fsum(self.weight.values()) or 1.0

    def covered(self) -> list[float]:
        return [self._share(word for word in self.weight if view & self.spelled[word]) for view in self.views]

    def named(self) -> list[float]:
        return [self._share(self._full(segment)) for segment in self.segments]

    def _share(self, words: Iterable[str]) -> float:
        return math.fsum(self.weight.get(word, 0.0) for word in words) / self.whole

    def _full(self, segment: Segment) -> set[str]:
        """Words that are all of a cell, a key or a defined name of the segment, where the question spells them so."""
        spelled = ((cell, _WORD.findall(cell.lower())) for cell in _names(segment))
        full = (cell for cell, words in spelled if len(words) <= LONGEST and self.asked.issuperset(words))
        return {term for cell in full for term in terms(cell)}


def _names(segment: Segment) -> Sequence[str]:
    """What a question may call a unit by: its cells and keys, of code the name that it defines."""
    if segment.kind not in CODE:
        return _CELL.split(segment.text)
    if segment.kind not in DEFINES:
        return ()
    return (_DEFINED.findall(segment.text) or _CALLED.findall(segment.text))[:1]


def _views(context: Context) -> Sequence[set[str]]:
    """The words of every segment and of the frames that it needs."""
    needed = links(context)
    over: dict[int, set[int]] = {}
    for frame, under in frames(context, needed).items():
        for at in under:
            over.setdefault(at, set()).add(frame)
    own = [_words(segment.text) for segment in context.segments]
    return [words.union(*(own[frame] for frame in over.get(at, ()))) for at, words in enumerate(own)]


def _words(text: str) -> set[str]:
    """Words, and the parts of names that are written as one: "max" and "days" of PASS_MAX_DAYS and of maxDays."""
    parts = (part for name in _JOINED.findall(text) for part in _PART.findall(name))
    return {*terms(text), *terms(" ".join(parts))}


def _abbreviations(word: str, known: set[str]) -> set[str]:
    if not word.isalpha():
        return set()
    return {other for other in known if SHORTEST <= len(other) < len(word) and word.startswith(other)}
