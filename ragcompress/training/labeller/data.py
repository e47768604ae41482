"""What training is about, as values: passages, labelled questions, and how a question may be varied."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

__all__ = ["STOP_WORDS", "Example", "Item", "Place", "PoolPassage", "keywords", "merge", "named", "thinned"]

Place = tuple[int, int]  # (pool passage, sentence)
_BRACKET = re.compile(r" \([^()]*\)$")


@dataclass(frozen=True, slots=True)
class PoolPassage:
    """A passage of the training pool with its sentences."""

    title: str
    text: str
    source: str
    sentences: tuple[tuple[int, int], ...]

    @property
    def name(self) -> str:
        """The title without what it says in brackets at its end."""
        return _BRACKET.sub("", self.title)


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled question.

    Attributes:
        question: As written.
        source: ``"squad"``, ``"shifts"``, ``"fever"``, ``"2wiki"`` or ``"subject"``.
        groups: Each group is a set of places of which one is needed; all groups are needed.
        masked: Places that take no part in the loss.
        answers: Answer strings, ``()`` where the support is whole sentences.
        spans: Answer spans ``(passage, start, end)`` for the token loss.
        own: The question's own distractors, where its data set brings them.
        held_out: Kept for choosing the checkpoint.
    """

    question: str
    source: str
    groups: tuple[tuple[Place, ...], ...]
    masked: tuple[Place, ...]
    answers: tuple[str, ...]
    spans: tuple[tuple[int, int, int], ...]
    own: tuple[int, ...]
    held_out: bool


@dataclass(frozen=True, slots=True)
class Example:
    """An `Item` as one draw shows it: with its passages chosen."""

    question: str
    passages: tuple[int, ...]
    groups: tuple[tuple[Place, ...], ...]
    masked: frozenset[Place] = frozenset()
    spans: tuple[tuple[int, int, int], ...] = field(default=())
    titled: bool = True


_STOP_WORDS = """
    a about an and are as at be been being by can could did do does for from had has have he her his how in into is it
    its many may might much of on or shall she should than that the their then there these they this those to was were
    what when where which who whom whose why will with would
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
P_GONE = 0.5  # that a thinned question loses a word which it shares with its evidence
LEAST_LEFT = 2  # words with a meaning of its own that a thinned question needs
_WORD = re.compile(r"\w+")
_PRONOUNS = {"he": "{}", "she": "{}", "his": "{}'s", "its": "{}'s"}  # "her" and "it" stand for too many things


def keywords(question: str) -> str:
    """The question without stop words and end mark; unchanged when little would be left."""
    kept = [word for word in question.rstrip("?. ").split() if word.lower() not in STOP_WORDS]
    return " ".join(kept) if len(kept) >= 2 else question


def thinned(question: str, evidence: str, title: str, rng: random.Random) -> str:
    """The question without some of the words that it has from its evidence.

    Who writes a question beside a paragraph repeats its words; who asks before having seen one can't. A word goes by
    chance if it stands in the evidence but not in the title, which says what is asked about.
    """
    said, titled = (frozenset(_WORD.findall(text.casefold())) for text in (evidence, title))
    shared = said - titled - STOP_WORDS
    kept = [word for word in question.split() if not (_bare(word) in shared and rng.random() < P_GONE)]
    left = [word for word in kept if _bare(word) not in STOP_WORDS]
    return " ".join(kept) if len(left) >= LEAST_LEFT else question


def named(question: str, name: str, rng: random.Random) -> str:
    """The question with its subject said, if it says no word of it.

    Who asks about the article at hand leaves its subject out; who searches a collection can't. It takes a pronoun's
    place, or stands in front or behind, as people type it.
    """
    words = question.split()
    if {_bare(word) for word in words} & (frozenset(_WORD.findall(name.casefold())) - STOP_WORDS):
        return question
    for at, word in enumerate(words):
        if word.lower() in _PRONOUNS:
            return " ".join([*words[:at], _PRONOUNS[word.lower()].format(name), *words[at + 1 :]])
    bare = question.rstrip("? ")
    return rng.choice((f"{name} {bare}", f"{bare} in {name}?", f"{bare} of {name}?", f"{bare} {name}?"))


def _bare(word: str) -> str:
    return "".join(_WORD.findall(word.casefold()))


def merge(first: Example, second: Example, rng: random.Random) -> Example:
    """Two questions as one that needs the passages of both: a plain imitation of multi-hop."""
    passages = list(dict.fromkeys(first.passages + second.passages))
    rng.shuffle(passages)
    return Example(
        f"{first.question.rstrip('? ')} and {second.question}",
        tuple(passages),
        first.groups + second.groups,
        first.masked | second.masked,
        first.spans + second.spans,
        first.titled,
    )
