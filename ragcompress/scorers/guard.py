"""Who reads a text: the English model, the multilingual one for every other language, words where neither can."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple

from ragcompress.core.budget import embedded_tokenizer, embedded_words
from ragcompress.core.context import Context
from ragcompress.core.notes import Code
from ragcompress.core.protocols import Scorer
from ragcompress.core.segment import sanitise
from ragcompress.core.wordwise import REMEMBERED, WORD
from ragcompress.scorers.lexical import LexicalScorer

__all__ = ["LITTLE", "MAX_CHARS", "GuardedScorer", "asks_abroad", "is_foreign", "reads_english", "unreadable_share"]

MAX_CHARS = 1_000_000
UNREADABLE = 0.35  # English and its relatives stay below 0.15, scripts outside the vocabulary lie above 0.6
SAMPLE, SAMPLED = 200, 50  # characters of a passage that are looked at, and of how many passages
# English prose: 0.1 of its pieces continue a word; German 0.55, French 0.43, other scripts above 0.8. Where names or
# chemistry make English look so, its little words tell (a third of English prose, at most 0.14 of German: "in", "was").
FOREIGN, ENGLISH = 0.42, 0.12  # of a passage; one English table of names in twenty looks foreign too
ASKED = 0.15  # of a question, which in English hardly ever does without little words
MIXED = 0.15  # share of passages in other languages from which the multilingual model reads them all
LEAST = 4  # pieces below which nothing is said of a text

_WORD = re.compile(r"[^\W\d_]+")
LITTLE = frozenset(
    """the of and to in is was for on that by with as it at from are were be this which his or an had not have but has
    their its who what when where how why does did do he she they you your we all one after other can there been more
    also may if will would than into""".split()  # noqa: SIM905 - a list would fill the page
)


def unreadable_share(text: str) -> float:
    """The share of pieces that are unknown to the embedded tokenizer or single letters: 0 reads well, 1 not at all.

    >>> unreadable_share("How tall is the tower?") < 0.1 < 0.6 < unreadable_share("東京タワーの高さは")
    True
    """
    told = _told(text)
    return told.unreadable / max(told.pieces, 1)


def is_foreign(text: str) -> bool:
    """Whether a passage is in another language than English; False where there is too little to say.

    >>> [is_foreign(text) for text in ("Kule 1958 yılında inşa edilmiştir.", "塔有多高", "x = 3")]
    [True, True, False]
    """
    broken, little = _shares(text)
    return broken >= FOREIGN and little <= ENGLISH


def asks_abroad(question: str) -> bool:
    """Whether a question is in another language than English: hardly any English one does without little words.

    >>> [asks_abroad(text) for text in ("Quelle est sa hauteur ?", "How tall is it?", "Wer war das?", "Tower height")]
    [True, False, True, False]
    """
    broken, little = _shares(question)
    return broken >= ASKED + 2 * little


def _shares(text: str) -> tuple[float, float]:
    """Which share of a text's pieces is no word of English, and which share of its words English cannot do without."""
    told = _told(text)
    if 2 * told.alien > told.pieces:  # another script, however short
        return 1.0, 0.0
    if told.pieces < LEAST:
        return 0.0, 0.0
    return told.broken / told.pieces, told.little / max(told.words, 1)


class _Told(NamedTuple):
    """What the embedded tokenizer's pieces say of a text; numbers and marks are nobody's language, and not counted.

    Attributes:
        pieces: All of them.
        alien: Those that are unknown or of another script.
        broken: Those that are unknown, continue a word or are a single letter.
        unreadable: Those that are unknown or a single letter, wherever it stands.
        words: Of letters.
        little: Those of them that English cannot do without.
    """

    pieces: int
    alien: int
    broken: int
    unreadable: int
    words: int
    little: int


def _told(text: str) -> _Told:
    words = WORD.findall(clean := sanitise(text))
    embedded_words().learn([clean])
    return _Told(*map(sum, zip(*map(_told_by, words), strict=True))) if words else _Told(0, 0, 0, 0, 0, 0)


@lru_cache(maxsize=REMEMBERED)
def _told_by(word: str) -> _Told:
    """Of one word, which has no white space in it: language repeats its words."""
    pieces = [piece for number in embedded_words().numbers(word) if (piece := _word_piece(number))]
    known = [piece for piece in pieces if piece != "[UNK]"]
    unknown, parts = len(pieces) - len(known), _WORD.findall(word.casefold())
    return _Told(
        len(pieces),
        unknown + sum([not piece.isascii() for piece in known]),
        unknown + sum([piece.startswith("##") or _is_letter(piece) for piece in known]),
        unknown + sum([_is_letter(piece.removeprefix("##")) for piece in known]),
        len(parts),
        sum([part in LITTLE for part in parts]),
    )


def _is_letter(piece: str) -> bool:
    return len(piece) == 1 and piece not in "aio"


def reads_english(context: Context) -> bool:
    """Whether the English model is the one to read this: question and passages, or nearly all of them, are English."""
    return _reads_english(context.asked, tuple(passage.text[:SAMPLE] for passage in context.passages[:SAMPLED]))


@lru_cache(maxsize=16)
def _reads_english(query: str, samples: Sequence[str]) -> bool:
    embedded_words().learn(map(sanitise, (query, *samples)))  # in one call
    return not asks_abroad(query) and sum(map(is_foreign, samples)) <= MIXED * len(samples)


@cache
def _word_piece(number: int) -> str:
    """A piece of a word by its number; "" for other pieces."""
    piece = str(embedded_tokenizer().id_to_token(number))
    return piece if piece == "[UNK]" or piece.removeprefix("##").isalpha() else ""


@dataclass(frozen=True, slots=True)
class GuardedScorer:
    """A neural scorer where it can read, its multilingual twin in other languages, BM25 where neither can.

    Attributes:
        scorer: Used for English of a bearable length. Has it a method ``abroad``, then what this gives is used for
            other languages; a scorer without one reads all that the embedded tokenizer has pieces for.
        fallback: Used otherwise, with a note on the context.
        max_chars: Passage characters beyond which an encoder would take minutes.
    """

    scorer: Scorer
    fallback: Scorer = field(default_factory=LexicalScorer)
    max_chars: int = MAX_CHARS

    def __call__(self, context: Context) -> Context:
        """Score with the one that can, and say so when it is the fallback."""
        reason = self._reason(context)
        return self.fallback(context).note(*reason) if reason else self.reader(context)(context)

    def reader(self, context: Context) -> Scorer:
        """Who scores a context that is not too long: ``scorer``, or its twin for other languages."""
        abroad = getattr(self.scorer, "abroad", lambda: None)()
        return self.scorer if abroad is None or reads_english(context) else abroad

    def _reason(self, context: Context) -> tuple[str, Code] | None:
        size = sum(len(passage.text) for passage in context.passages)
        if size > self.max_chars:
            said = f"{size:,} characters are too many for the encoder ({self.max_chars:,}); scored by words alone"
            return said, "size"
        if not size or self.reader(context) is not self.scorer:
            return None
        sample = " ".join(passage.text[:SAMPLE] for passage in context.passages[:SAMPLED])
        asked = "" if context.asked.isascii() else context.asked  # "q" is no other script
        share = max(unreadable_share(asked), unreadable_share(sample))
        if share > UNREADABLE:
            return (
                f"the embedded model can't read this language ({share:.0%} unknown pieces); scored by words alone: "
                "pass a multilingual encoder for better results"
            ), "language"
        return None
