"""Tokenisers that never look beyond white space, asked once per word.

WordPiece behind BERT's normaliser cuts at white space before anything else, so the tokens of a text are those of its
words, one after the other. Language repeats its words: a word is tokenised when it is first met, and every later text
is looked up, for its count or for its pieces, at a fraction of the tokeniser's own cost and with the same result.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from ragcompress.core.clock import ticking

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["REMEMBERED", "WORD", "Wordwise", "is_wordwise"]

T = TypeVar("T")
Piece = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]  # ids, and where they begin and end in their word

REMEMBERED = 50_000  # words, in about 20 MB
TOGETHER = 4_000  # words that one call of the tokeniser reads: no other thread runs before it is done
LONGEST = 60  # characters of a word that is remembered; longer ones are links and encoded data
WORD = re.compile(r"[^ \t\n\r]+")  # what such a tokeniser takes for one
# Python's split knows these as white space; BERT's normaliser deletes them, which joins what is around them.
_JOINS = re.compile("[\x0b\x0c\x1c-\x1f\x85]")
_APART = re.compile("[A-Za-z0-9]+|[^A-Za-z0-9 ]")  # of plain ASCII, what BERT's rules cut apart before anything else


def is_wordwise(tokenizer: Any) -> bool:
    """Whether a ``tokenizers.Tokenizer`` is WordPiece as BERT uses it, without tokens that reach beyond a word."""
    parts = (tokenizer.model, tokenizer.normalizer, tokenizer.pre_tokenizer)
    if tuple(type(part).__name__ for part in parts) != ("WordPiece", "BertNormalizer", "BertPreTokenizer"):
        return False
    if not tokenizer.normalizer.clean_text:
        return False
    added = tokenizer.get_added_tokens_decoder().values()
    return not any(token.lstrip or token.rstrip or len(token.content.split()) != 1 for token in added)


class Wordwise:
    """A word-wise tokeniser with its memory; threads may share it.

    Args:
        tokenizer: One for which `is_wordwise` holds, without truncation or padding.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, Piece] = {}
        self._sizes: dict[str, int] = {}  # how many pieces words have, those above and others that were only counted
        self._apart: dict[str, int] = {}  # the same of runs of letters and digits, and of signs
        self._special = tuple(token.content.lower() for token in tokenizer.get_added_tokens_decoder().values())

    def learn(self, texts: Iterable[str]) -> None:
        """Tokenise all words of ``texts`` that are new, in one call."""
        self._read([word for text in texts for word in WORD.findall(text)])

    def count(self, text: str) -> int:
        """How many tokens ``text`` has, special ones excluded."""
        words = _words(text)
        try:
            return sum(map(self._sizes.__getitem__, words))
        except KeyError:  # one of them is new
            parts = self._parts(words)
        if parts is None:
            return sum([len(ids) for ids, _, _ in self._read(words)])
        return sum(map(self._known_apart(parts).__getitem__, parts))

    def measure(self, texts: Iterable[str]) -> None:
        """Get to know what counting ``texts`` takes, in one call of the tokeniser, or two."""
        new = {word: None for text in texts for word in _words(text) if word not in self._sizes}
        plain = {word: parts for word in new if (parts := self._parts((word,))) is not None}
        known = self._known_apart(part for parts in plain.values() for part in parts)
        self._read([word for word in new if word not in plain])
        if len(self._sizes) + len(plain) > 4 * REMEMBERED:
            self._sizes = {}
        self._sizes.update((word, sum(map(known.__getitem__, plain[word]))) for word in plain if len(word) <= LONGEST)

    def _parts(self, words: Sequence[str]) -> list[str] | None:
        """What the rules cut words into before the vocabulary comes in; None where that is not plain to see.

        Numbers, dates and paths are new words all the time, made of the same few parts.
        """
        text = " ".join(words)
        if not (text.isascii() and text.isprintable()):
            return None
        if "[" in text and any(token in text.lower() for token in self._special):
            return None
        return _APART.findall(text)

    def _known_apart(self, parts: Iterable[str]) -> dict[str, int]:
        """How many pieces each part has; new ones are tokenised together."""
        known, wanted = self._apart, set(parts)
        new = sorted(wanted - known.keys())
        if not new:
            return known
        found = dict(zip(new, self._asked(_sizes, new), strict=True))
        if len(known) + len(found) > 4 * REMEMBERED:
            known = {part: known[part] for part in wanted if part in known}
            self._apart = known  # others may still read the old ones
        known.update((part, size) for part, size in found.items() if len(part) <= LONGEST)
        return known if max(map(len, new)) <= LONGEST else known | found

    def _asked(self, ask: Callable[[Any, Sequence[str]], Sequence[T]], new: Sequence[str]) -> list[T]:
        """What the tokeniser says of new words: thousands in one call, and between two calls a look at the clock."""
        runs = ticking(range(0, len(new), TOGETHER))
        return [told for at in runs for told in ask(self._tokenizer, new[at : at + TOGETHER])]

    def numbers(self, word: str) -> tuple[int, ...]:
        """The vocabulary numbers of one word, which has no white space in it."""
        return self._read([word])[0][0]

    def pieces(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Vocabulary numbers [tokens] and half-open character offsets [tokens, 2], special tokens excluded."""
        import numpy as np

        spans = [match.span() for match in WORD.finditer(text)]
        found = self._read([text[start:end] for start, end in spans])
        own = [len(ids) for ids, _, _ in found]
        starts = np.repeat(np.array([start for start, _ in spans], dtype=np.int64), own)
        ids, firsts, lasts = (_flat(column) for column in zip(*found, strict=True)) if found else (starts,) * 3
        return ids, np.stack([starts + firsts, starts + lasts], axis=1)

    def _read(self, words: Sequence[str]) -> list[Piece]:
        """The pieces of each word; new ones are tokenised together."""
        known = self._known
        new = sorted(word for word in set(words) if word not in known)
        if new:
            found = dict(zip(new, self._asked(_encoded, new), strict=True))
            lasting = {word: value for word, value in found.items() if len(word) <= LONGEST}
            if len(known) + len(lasting) > REMEMBERED:
                known = {word: known[word] for word in words if word in known}
                self._known = known  # others may still read the old ones
            known.update(lasting)
            self._sizes.update((word, len(piece[0])) for word, piece in lasting.items())
            if len(lasting) < len(found):
                known = {word: known[word] for word in words if word in known} | found
        return [known[word] for word in words]


def _words(text: str) -> list[str]:
    return WORD.findall(text) if _JOINS.search(text) else text.split()


def _sizes(tokenizer: Any, parts: Sequence[str]) -> list[int]:
    """How many pieces each part has that the rules cut no further, read as one text."""
    sizes = Counter(tokenizer.encode(" ".join(parts), add_special_tokens=False).word_ids)
    return [sizes[at] for at in range(len(parts))]


def _encoded(tokenizer: Any, words: Sequence[str]) -> list[Piece]:
    """The pieces of words, read as one text, which starts no threads."""
    found: list[tuple[list[int], list[int], list[int]]] = [([], [], []) for _ in words]
    encoding = tokenizer.encode(" ".join(words), add_special_tokens=False)
    at, start, end = -1, 0, -1
    for number, (first, last) in zip(encoding.ids, encoding.offsets, strict=True):
        while first >= end:  # the next word begins one blank further on
            at += 1
            start = end + 1
            end = start + len(words[at])
        for column, value in zip(found[at], (number, first - start, last - start), strict=True):
            column.append(value)
    return [(tuple(ids), tuple(firsts), tuple(lasts)) for ids, firsts, lasts in found]


def _flat(column: Iterable[tuple[int, ...]]) -> NDArray[np.int64]:
    import numpy as np

    return np.fromiter(chain.from_iterable(column), dtype=np.int64)
