"""Where a full stop ends no sentence, and where a sentence ends without a space: what the rules of a language miss.

Latin script only. `mended` goes over the pieces that a sentence splitter found; it takes back cuts after
abbreviations, days and numbers of clauses, and makes those that a missing space hid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["mended"]

_MEASURE = frozenset(
    str.split("""
    approx appr max min resp ca circa cca est avg incl excl inkl exkl einschl zzgl abzgl ggf evtl bzw
    sog gem usw vgl cf viz vs tab tabs fig figs abb eq eqs sec sect ch chap kap vol vols bd no nos nr
    num núm pág págs pag art abs ziff lit par para app ref refs ed eds hrsg pp ff al etc env tel ext op
    cit ibid aprox máx mín dept fin ops eng mfg mktg
    """)
)
_NAMING = frozenset(
    str.split("""
    dr prof mr mrs ms mx mme mlle sr sra srta sig dott st ste hr fr frl gen col lt sgt capt cmdr rev hon
    pres gov sen rep fig tab abb vgl cf gem resp bzw nr art vs inkl z.b d.h u.a i.v.m i.d.r e.g i.e
    """)
)
_ORDINAL = re.compile(r"(?:^|[\s(])\d{1,2}\.$")
_MONTH = re.compile(
    r"(?:jan|feb|mar|mär|apr|mai|may|maj|jun|jul|aug|sep|okt|oct|nov|dez|dec)\w{0,7}\b|"
    r"(?:Jahrhundert|Jh|Weltkrieg|Auflage|Klasse|Stock|Platz|Lebensjahr|Geburtstag|Bundesliga)\w{0,3}\b",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"(?:\w\.)+\w")
_NUMBER = re.compile(r"\s*(?:§\s*)?(?:\(?[a-z]\)|\(?[ivx]{1,4}\)|[A-Z]\.|\d{1,3}(?:\.\d{1,3}){0,4}\.?\)?)$")
_TITLED = re.compile(r"\s*(?:§\s*)?\d{1,3}(?:\.\d{1,3}){1,4}\.?\s+(?:[^\s.]+\s+){0,3}[^\s.]+\.$")
_CLOCK = re.compile(r"\s*(?:At|By|Around|About|After|Before|Until|From|Since|On \w+ at) [\d:]+ [ap]\.m\.$")
_SHORT = re.compile(r"(?:^|[\s(])[A-Za-z]{1,5}\.$|[^.!?\"'”’)]$")
_GLUED = re.compile(r"(?<=[a-zà-ÿ)]{3})[.!?](?=[A-Z][a-zà-ÿ]* [a-zà-ÿ])")
_BOLD = re.compile(r"(\*\*|__)[ \t]*")


def mended(text: str, pieces: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sentences of ``text`` from the pieces that a splitter found.

    >>> text = "Take approx. 3 kg on 3. Mai. It helps."
    >>> [text[a:b] for a, b in mended(text, [(0, 13), (13, 23), (23, 29), (29, 38)])]
    ['Take approx. 3 kg on 3. Mai. ', 'It helps.']
    """
    found: list[tuple[int, int]] = []
    for start, end in pieces:
        if found and _joined(text, found[-1], start):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    if "**" in text or "__" in text:
        found = _closed(text, found)
    return [cut for piece in found for cut in _unglued(text, *piece)]


def _joined(text: str, before: tuple[int, int], at: int) -> bool:
    """Whether the piece that begins ``at`` goes on with the sentence before it."""
    last = text[max(before[0], before[1] - 40) : before[1]].rstrip()
    head = text[at : at + 24].lstrip()
    if not last or not head:
        return False
    first, word = head[0], last.rsplit(None, 1)[-1].lstrip("([/").rstrip(".").lower()
    stopped = last[-1] == "."
    if stopped and word[-1:].isdigit():
        if _ORDINAL.search(last) and _MONTH.match(head):
            return True
        return before[1] - before[0] < 24 and bool(_NUMBER.match(text[before[0] : before[1]].rstrip()))
    if first.islower() or first.isdigit() or first in "§&$€£~<>=±([":
        if stopped and (word in _MEASURE or (len(word) < 8 and _DOTTED.fullmatch(word))):
            return True
        opened = text[before[0] : before[0] + 8].lstrip()[:1]
        return first.islower() and not opened.islower() and bool(_SHORT.search(last))
    if stopped and word in _NAMING:
        return True
    whole = text[before[0] : before[1]].rstrip() if before[1] - before[0] < 60 else ""
    return bool(whole) and bool(_TITLED.match(whole) or _CLOCK.match(whole) or _NUMBER.fullmatch(whole))


def _closed(text: str, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Marks that close bold type go with what they close: ``**Scope.** It …``."""
    moved = list(found)
    for at in range(1, len(moved)):
        start, end = moved[at]
        before = moved[at - 1]
        mark = _BOLD.match(text, start, end)
        if mark and mark.end() < end and text.count(mark[1], before[0], before[1]) % 2:
            moved[at - 1], moved[at] = (before[0], mark.end()), (mark.end(), end)
    return moved


def _unglued(text: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    """A piece cut where a sentence ends and the next one follows without a space."""
    for mark in _GLUED.finditer(text, start, end):
        word = text[max(start, mark.start() - 40) : mark.start()].rsplit(None, 1)[-1]
        if not set(word) & set("./@_:\\"):
            yield start, mark.end()
            start = mark.end()
    yield start, end
