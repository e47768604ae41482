"""Questions that ask who or what a passage is about, made from statements about it.

"Claudia Wells (born 1966) is an actress. She played Jennifer in Back to the Future." Asked who played Jennifer, the
second sentence holds the evidence and the first one the answer; whoever keeps the second alone sends a reader "she".
Data sets of questions that were written beside a paragraph hardly ever ask so; people do all the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ragcompress.training.labeller.data import Item, PoolPassage

__all__ = ["about_claims", "about_sentences"]

REACH = 800  # characters from the passage's start to the evidence's end: both must fit into one training window
LEAST_WORDS = 3  # that a question needs besides its "who"
MOST_WORDS = 12  # after so many the first comma ends it

_ASIDE = re.compile(r"^ \([^)]*\)")
_PRONOUN = re.compile(r"(He|She|It|They) ")
_PERSON = re.compile(r"\b(he|she|his|her)\b", re.IGNORECASE)
_PAUSE = re.compile(r"[,;] | [,;-] ")
_SPACED = re.compile(r"\s+")


def about_claims(item: Item, pool: Sequence[PoolPassage]) -> Iterator[Item]:
    """The question behind a claim that begins with its passage's title: "Akon is a singer." asks who is a singer."""
    places = [place for group in item.groups for place in group]
    if len(places) != 1:
        return
    number, sentence = places[0]
    name = pool[number].name
    rest = _ASIDE.sub("", item.question[len(name) :])
    if item.question.casefold().startswith(name.casefold()) and rest[:1] in {" ", "'"}:
        yield from _about(rest, number, sentence, pool[number], item.held_out)


def about_sentences(number: int, passage: PoolPassage, *, held_out: bool) -> Iterator[Item]:
    """The question behind each sentence that begins with a pronoun: "She played Jennifer." asks who played Jennifer."""
    for sentence, (start, end) in enumerate(passage.sentences):
        text = passage.text[start:end]
        if found := _PRONOUN.match(text):
            yield from _about(text[found.end() - 1 :], number, sentence, passage, held_out)


def _about(statement: str, number: int, sentence: int, passage: PoolPassage, held_out: bool) -> Iterator[Item]:
    """The question that the passage's name answers, if the statement's sentence lacks it and the first one has it."""
    name = passage.name
    (begin, stop), (start, end) = passage.sentences[0], passage.sentences[sentence]
    head = name.split(" ")[0]
    found = passage.text[begin:stop].casefold().find(head.casefold())
    is_named = head.casefold() in passage.text[start:end].casefold()
    statement = _shortened(_SPACED.sub(" ", statement.strip(" .\n")))
    if sentence == 0 or end > REACH or found < 0 or is_named or len(statement.split()) < LEAST_WORDS:
        return
    groups = (((number, sentence),), ((number, 0),))
    span = (number, begin + found, begin + found + len(head))
    is_person = len(_PERSON.findall(passage.text)) >= 2
    yield Item(_asked(statement, is_person), "subject", groups, (), (name,), (span,), (), held_out)


def _asked(statement: str, is_person: bool) -> str:
    """The statement, which lacks its subject, as a question for it."""
    if statement.startswith("'s "):
        return f"whose{statement[2:]}?"
    return f"{'who' if is_person else 'what'} {statement}?"


def _shortened(statement: str) -> str:
    """The statement up to the first comma or semicolon that leaves enough, where it is long."""
    if len(statement.split()) <= MOST_WORDS:
        return statement
    for found in _PAUSE.finditer(statement):
        if len(statement[: found.start()].split()) > LEAST_WORDS:
            return statement[: found.start()].rstrip()
    return statement
