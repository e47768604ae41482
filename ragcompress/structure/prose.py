"""Prose into sentences, each with the sentences without which it misleads."""

from __future__ import annotations

import re
from bisect import bisect_right

from ragcompress.core.segment import sentences
from ragcompress.core.types import Unit
from ragcompress.structure.lines import Span
from ragcompress.structure.speech import clauses

__all__ = ["prose_units"]

MOST_CHAIN = 3  # antecedents of antecedents
_PRONOUN = re.compile(
    r"(?:(?:but|and|so|thus|then|later|there|here|in (?:\d{4}|this|that)|today|however|moreover|also),? )?"
    r"(he|she|it|they|this|these|those|that|his|her|its|their|such|the former|the latter|both|er|sie|es|dies|dieser|"
    r"diese|dieses|il|elle|ils|elles|ce|cela)\b(?! (?:is|was) (?:likely|possible|clear|known|important|necessary|"
    r"believed|estimated|thought|said|raining|that\b))",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"it (?:rain|snow|(?:is|was|has been|can be|should be|must be|may be|seems|appears) (?:also |often |now |"
    r"widely |well )?"
    r"(?:possible|important|necessary|clear|known|said|thought|believed|assumed|estimated|likely|unlikely|noted|seen|"
    r"shown|reported|observed|suggested|argued|expected|recommended|that\b))|es (?:gibt|gab|ist möglich|regnet|"
    r"war einmal)|"
    r"il (?:y a|faut|existe|est possible)|both \w+ and |that (?:is|said),|er (?:was|war) nicht",
    re.IGNORECASE,
)
_OWN = re.compile(  # "this policy" is the text itself
    r"(?:this|these|those|dieser?|dieses|ce) (?:privacy |user |cookie |licen[cs]e )?(?:polic|agreement|document|page|"
    r"section|article|act\b|notice|website|site\b|app\b|service|statement|book|chapter|paper|study|report|"
    r"review|version|"
    r"contract|terms|guide|manual|list|table|figure|vertrag|richtlinie|seite)",
    re.IGNORECASE,
)
_PEOPLE = frozenset({"he", "she", "his", "her"})
_LIMITING = re.compile(
    r"(?:however|but|yet|nevertheless|nonetheless|except|unless|only|at least|that said|on the other hand|"
    r"this does not|this (?:rule|offer|right|obligation) does not|it does not apply|exceptions?|not (?:so|if|"
    r"when|for)|"
    r"jedoch|allerdings|dies gilt nicht|cependant|toutefois|sin embargo)\b",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:not(?! until| only)|no|never|none|nobody|nothing|neither|nor|cannot|can't|don't|doesn't|isn't|aren't|"
    r"wasn't|"
    r"except|unless|claimed|denied|doubt|wrong|false|untrue|exclud\w+|exempt|prohibit\w*|forbidden|without|nicht|"
    r"kein\w*|pas|aucun\w*|no longer|suspended|withdrawn|revoked)\b",
    re.IGNORECASE,
)
_BACK = re.compile(r"\b(?:it|this|that|these|those|they|them|he|she|such|there|so|es|dies|il|cela)\b", re.IGNORECASE)
_SCOPE = re.compile(
    r"(?:valid (?:from|until|through|for|as of)|effective (?:from|as of|date)|in force (?:from|since|until)|"
    r"applies (?:from|to|until)|this (?:version|document|page|price list|policy|notice|edition) (?:replaces|"
    r"supersedes|"
    r"applies|is valid|is no longer)|superseded|last updated|stand: |gültig (?:ab|bis|von)|"
    r"valable |status: (?:draft|withdrawn|superseded|obsolete|expired)|draft\W+(?:of|version|\d|for|not)|"
    r"expired (?:on|in|\d)|(?:all )?prices? (?:valid|as of))",
    re.IGNORECASE,
)
_RUN_IN = re.compile(
    r"\s*(?:(?:\*\*[^*\n]{1,60}\*\*|__[^_\n]{1,60}__)[.:]?|"
    r"(?:[IVXLC]{1,6}|\d{1,2}|[A-Z])\.[ \t]+[A-Z]{3}[A-Z ,;&/'-]{0,60}[.:])[ \t]+(?=\S)"  # IV. DEFINITION. It is …
)
_FORMULA = re.compile(
    r"\$\$.{1,2000}?\$\$|\\\[.{1,2000}?\\\]|\\begin\{(\w+\*?)\}.{1,4000}?\\end\{\1\}|\$[^$\n]{1,200}\$", re.DOTALL
)


def prose_units(text: str, start: int, end: int) -> list[Unit]:
    """The sentences of ``text[start:end]`` as units; offsets are those of ``text``."""
    part = text[start:end]
    run_in = _RUN_IN.match(part)
    lead = run_in.end() if run_in else 0
    rest = part[lead:]
    tiles = [(lead + a, lead + b) for a, b in sentences(rest)]
    if "$" in rest or "\\" in rest:
        tiles = _with_formulas(part, tiles)
    pieces = clauses(part, tiles)
    needs = _needs(part, [(a, b) for a, b, _ in pieces])
    above = ((start, start + lead),) if lead else ()
    units = [Unit(*above[0], (), "heading")] if above else []
    for (a, b, spoken), need in zip(pieces, needs, strict=True):
        spans = above + tuple((start + c, start + d) for c, d in need)
        units.append(Unit(start + a, start + b, spans, "clause" if spoken else "sentence"))
    return units


def _with_formulas(text: str, tiles: list[Span]) -> list[Span]:
    """Tiles of which none ends inside a formula."""
    inside = [match.span() for match in _FORMULA.finditer(text)]
    starts = [start for start, _ in inside]
    joined: list[Span] = []
    for start, end in tiles:
        at = bisect_right(starts, start) - 1
        if joined and at >= 0 and inside[at][0] < start < inside[at][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _needs(text: str, tiles: list[Span]) -> list[tuple[Span, ...]]:
    """For every sentence those that it needs: its antecedent, and what follows it and takes it back."""
    needs: list[list[Span]] = [[] for _ in tiles]
    leads = [text[a : a + 120].lstrip() for a, _ in tiles]
    pronouns = [_pronoun(lead) for lead in leads]
    fresh = -1  # the last sentence that does not begin with a pronoun: what pronouns after it stand for
    steps = [0] * len(tiles)  # how many sentences back the chain of antecedents goes
    limited = -1  # the last sentence that takes back the one before it
    for at, word in enumerate(pronouns):
        if not word:
            fresh = at
        elif at and fresh >= 0:
            target = _antecedent(pronouns, at, fresh)
            target = target if steps[target] < MOST_CHAIN else fresh
            steps[at] = steps[target] + 1
            needs[at].append(tiles[target])
        if at and at - 1 != limited and _takes_back(leads[at], text[tiles[at][0] : tiles[at][1]][:400]):
            limited = at
            needs[at - 1].append(tiles[at])
            if tiles[at - 1] not in needs[at]:
                needs[at].append(tiles[at - 1])
    scope = _scope(text, tiles)
    if scope is not None:
        for at in range(len(tiles)):
            if at != scope:
                needs[at].append(tiles[scope])
    return [tuple(sorted(need)) for need in needs]


def _antecedent(pronouns: list[str], at: int, fresh: int) -> int:
    """The sentence that says what a pronoun stands for: across a run of the same pronoun the one before the run."""
    word = pronouns[at]
    if word in _PEOPLE or fresh == at - 1:
        return fresh
    run = word in ("it", "its", "they", "their") and at - fresh < 12 and set(pronouns[fresh + 1 : at]) <= _same(word)
    return fresh if run else at - 1


def _same(word: str) -> set[str]:
    return {"it", "its"} if word.startswith("it") else {"they", "their"}


def _pronoun(lead: str) -> str:
    """The pronoun that a sentence begins with, in small letters, or ""."""
    found = _PRONOUN.match(lead)
    return "" if found is None or _FILLER.match(lead) or _OWN.match(lead) else found[1].lower()


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
