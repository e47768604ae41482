"""Kinds of text that must not be lost or invented: numbers, names, negations, quotations, code, tables, headings.

The predicates (``numbers``, ``tables``, …) say whether a text holds such a thing; the finders return them in a form
in which two texts can be compared. They are patterns, not models: quick, alike on every machine, a little generous.
"""

from __future__ import annotations

import re

from ragcompress.core.segment import sanitise

__all__ = [
    "code",
    "find_names",
    "find_negations",
    "find_numbers",
    "find_quotations",
    "headings",
    "is_negation",
    "negations",
    "numbers",
    "quotations",
    "tables",
]

_NUMBER = re.compile(r"\d+(?:[.,:/\u00a0\u202f'’]\d+)*")
_QUOTE = re.compile(r"“([^”]{2,})”|„([^“”]{2,})[“”]|«([^»]{2,})»|「([^」]{2,})」|\"([^\"\n]{2,})\"")
_NAME = re.compile(r"[^\W\d_][\w'’.-]*")
_NEGATING = (  # English; German; French, Spanish, Portuguese, Italian; Russian
    "no not never none nobody nothing neither nor nowhere without cannot hardly unless except "
    "nicht kein keine keinen keinem keiner keines nie niemals ohne "
    "ne pas jamais aucun aucune sans non sin nunca ningún ninguna não nem sem mai senza nessun "
    "не нет ни никогда без"
)
_NEGATIONS = frozenset(_NEGATING.split())
_CODE = re.compile(
    r"```|~~~|`[^`\n]+`|^[ \t]*(?:def|class|import|return|for|if|var|let|const|public|#include)\b.*[:;{(]", re.M
)
_CODE_END = re.compile(r"[;{}]\s*+$|\w\(\S{0,200}\)\s*+[;{]|=>|->|::|</\w+>|^[ \t]*\$ ", re.M)


def find_numbers(text: str) -> frozenset[str]:
    """The numbers of ``text`` without grouping marks, so that 1,843 and 1843 are one.

    >>> sorted(find_numbers("In 1843 it cost 1,250.50 (12:30)."))
    ['1250.50', '12:30', '1843']
    """
    return frozenset(_plain_number(match.group()) for match in _NUMBER.finditer(text))


def find_names(text: str) -> frozenset[str]:
    """Capitalised words that do not just begin a sentence, case folded, possessive endings off.

    >>> sorted(find_names("Then Ada Lovelace's friend met NASA."))
    ['ada', 'lovelace', 'nasa']
    """
    found = set()
    for match in _NAME.finditer(sanitise(text)):
        word = re.sub(r"['’]s?$", "", match.group().rstrip(".'’-"))
        shouted = len(word) > 1 and word[1:] != word[1:].lower()  # NASA, iPhone, McAdam: no sentence begins like that
        if shouted or (word[:1].isupper() and not _begins(text, match.start())):
            found.add(word.casefold())
    return frozenset(found)


def find_negations(text: str) -> frozenset[str]:
    """The negating words of ``text``, all ``n't`` as one."""
    found = (re.sub(r"^.*n['’]t$", "n't", word) for word in re.findall(r"[\w'’]+", text.casefold()))
    return frozenset(word for word in found if is_negation(word))


def find_quotations(text: str) -> frozenset[str]:
    """What stands between quotation marks, white space collapsed."""
    found = (next(part for part in match.groups() if part) for match in _QUOTE.finditer(text))
    return frozenset(" ".join(part.split()) for part in found)


def is_negation(word: str) -> bool:
    """Whether a case-folded word negates."""
    return word in _NEGATIONS or word.endswith(("n't", "n’t"))


def numbers(text: str) -> bool:
    """Holds a number."""
    return bool(_NUMBER.search(text))


def negations(text: str) -> bool:
    """Holds a negating word."""
    return bool(find_negations(text))


def quotations(text: str) -> bool:
    """Holds quoted text."""
    return bool(_QUOTE.search(text))


def code(text: str) -> bool:
    """Looks like program text."""
    return bool(_CODE.search(text) or _CODE_END.search(text))


def tables(text: str) -> bool:
    """Holds a table row: cells parted by bars or tabs."""
    return any(line.count("|") >= 2 or line.count("\t") >= 2 for line in text.splitlines())


def headings(text: str) -> bool:
    """Is a heading: marked with ``#``, or a short line of its own without a full stop."""
    line = text.strip()
    if re.match(r"#{1,6}\s", line):
        return True
    return text.endswith("\n") and "\n" not in line and 0 < len(line) <= 60 and line[-1].isalnum()


def _plain_number(number: str) -> str:
    if re.fullmatch(r"\d{1,3}(?:[,\u00a0\u202f'’]\d{3})+(?:\.\d+)?", number):
        return re.sub(r"[,\u00a0\u202f'’]", "", number)
    return number


def _begins(text: str, at: int) -> bool:
    """Whether a sentence begins at ``at``."""
    before = text[:at].rstrip(" \t\"'“‘«([*_#>-")
    return not before or before[-1] in ".!?:\n…|" or before.endswith(("\r",))
