"""Prose into sentences, each with the sentences without which it misleads; speech without punctuation into clauses."""

from __future__ import annotations

import re
from itertools import pairwise

from ragcompress.core.segment import sentences
from ragcompress.core.types import Unit
from ragcompress.structure.lines import Span

__all__ = ["prose_units"]

_PRONOUN = re.compile(
    r"(?:(?:but|and|so|thus|then|later|there|here|in (?:\d{4}|this|that)|today|however|moreover|also),? )?"
    r"(he|she|it|they|this|these|those|that|his|her|its|their|such|the former|the latter|both|er|sie|es|dies|dieser|"
    r"diese|dieses|il|elle|ils|elles|ce|cela)\b(?! (?:is|was) (?:likely|possible|clear|known|important|necessary|"
    r"believed|estimated|thought|said|raining|that\b))",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"it (?:rain|snow|is (?:possible|important|necessary|clear|known|said|thought|believed))", re.IGNORECASE
)
_PEOPLE = frozenset({"he", "she", "his", "her"})
_LIMITING = re.compile(
    r"(?:however|but|yet|nevertheless|nonetheless|except|unless|only|at least|that said|on the other hand|"
    r"this does not|this (?:rule|offer|right|obligation) does not|it does not apply|exceptions?|not (?:so|if|when|for)|"
    r"jedoch|allerdings|dies gilt nicht|cependant|toutefois|sin embargo)\b",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|can't|don't|doesn't|isn't|aren't|wasn't|except|unless|"
    r"only|claimed|denied|doubt|wrong|false|untrue|exclud\w+|exempt|prohibit\w*|forbidden|without|nicht|kein\w*|pas|"
    r"aucun\w*|no longer|suspended|withdrawn|revoked)\b",
    re.IGNORECASE,
)
_BACK = re.compile(r"\b(?:it|this|that|these|those|they|them|he|she|such|there|so|es|dies|il|cela)\b", re.IGNORECASE)
_SCOPE = re.compile(
    r"(?:valid (?:from|until|through|for|as of)|effective (?:from|as of|date)|in force (?:from|since|until)|"
    r"applies (?:from|to|until)|this (?:version|document|page|price list|policy|notice|edition) (?:replaces|supersedes|"
    r"applies|is valid|is no longer)|superseded|as (?:of|at) \d|last updated|stand: |gültig (?:ab|bis|von)|"
    r"valable |status: (?:draft|withdrawn|superseded|obsolete|expired)|draft\b|expired\b|prices? (?:valid|as of))",
    re.IGNORECASE,
)
_PERIOD = re.compile(r"[.!?…。！？।؟۔:;]")
_JOINT = re.compile(r" (?=(?:and|but|so|then|okay|ok|now|because|und|aber|dann|et|mais|y|pero) )", re.IGNORECASE)
_SUBJECT = re.compile(r" (?=(?:you|we|i|they|he|she|do|don't|if|when|the) )", re.IGNORECASE)
LONG_SPEECH = 240  # characters without a full stop from which on a text is speech that was written down


def prose_units(text: str, start: int, end: int) -> list[Unit]:
    """The sentences of ``text[start:end]`` as units; offsets are those of ``text``."""
    part = text[start:end]
    if len(part) > LONG_SPEECH and part.count(" ") > 30 and not _PERIOD.search(part[:LONG_SPEECH]):
        tiles = _clauses(part)
        return [Unit(start + a, start + b, (), "clause") for a, b in tiles]
    tiles = list(sentences(part))
    needs = _needs(part, tiles)
    return [
        Unit(start + a, start + b, tuple((start + c, start + d) for c, d in need), "sentence")
        for (a, b), need in zip(tiles, needs, strict=True)
    ]


def _clauses(text: str) -> list[Span]:
    """Stretches of about six to twenty-five words that begin where a new clause does."""
    ends = [0]
    for match in _JOINT.finditer(text):
        if text.count(" ", ends[-1], match.start()) >= 5 and text.count(" ", match.end(), match.end() + 80) >= 4:
            ends = _broken(text, ends, match.end())
    ends = _broken(text, ends, len(text))
    return list(pairwise(ends))


def _broken(text: str, ends: list[int], end: int) -> list[int]:
    """Add an end, and others before it where the stretch is too long."""
    while end - ends[-1] > 200:
        window = text[ends[-1] + 60 : ends[-1] + 180]
        found = list(_SUBJECT.finditer(window))
        cut = found[-1].end() if found else window.rfind(" ") + 1 or len(window)
        ends.append(ends[-1] + 60 + cut)
    return [*ends, end] if end > ends[-1] else ends


def _needs(text: str, tiles: list[Span]) -> list[tuple[Span, ...]]:
    """For every sentence those that it needs: its antecedent, and what follows it and takes it back."""
    needs: list[list[Span]] = [[] for _ in tiles]
    leads = [text[a : a + 120].lstrip() for a, _ in tiles]
    pronouns = [_pronoun(lead) for lead in leads]
    fresh = -1  # the last sentence that does not begin with a pronoun: what pronouns after it stand for
    for at, word in enumerate(pronouns):
        if not word:
            fresh = at
        elif at and fresh >= 0:
            needs[at].append(tiles[fresh if word in _PEOPLE or fresh == at - 1 else at - 1])
        if at and _takes_back(leads[at], text[tiles[at][0] : tiles[at][1]][:400]):
            needs[at - 1].append(tiles[at])
            if tiles[at - 1] not in needs[at]:
                needs[at].append(tiles[at - 1])
    scope = _scope(text, tiles)
    if scope is not None:
        for at in range(len(tiles)):
            if at != scope:
                needs[at].append(tiles[scope])
    return [tuple(sorted(need)) for need in needs]


def _pronoun(lead: str) -> str:
    """The pronoun that a sentence begins with, in small letters, or ""."""
    found = _PRONOUN.match(lead)
    return "" if found is None or _FILLER.match(lead) else found[1].lower()


def _takes_back(lead: str, sentence: str) -> bool:
    """Whether a sentence limits or takes back the one before it."""
    found = _LIMITING.match(lead)
    return bool(found and _NEGATION.search(sentence) and _BACK.search(sentence, found.end())) or bool(
        found and found[0].lower().startswith(("at least", "except", "unless", "this does not", "exception"))
    )


def _scope(text: str, tiles: list[Span]) -> int | None:
    """The number of the first or last sentence where it says when or for what all the others hold."""
    if len(tiles) < 2:
        return None
    for at in (0, len(tiles) - 1):
        start, end = tiles[at]
        if end - start <= 160 and _SCOPE.match(text[start:end].lstrip()):
            return at
    return None
