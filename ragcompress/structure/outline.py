"""Headings, lists, legal clauses, questions with answers: what stands over something else."""

from __future__ import annotations

import re

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines, Span
from ragcompress.structure.pairs import is_hours, is_pair
from ragcompress.structure.prose import prose_units

__all__ = ["LABEL_ALONE", "LABEL_OVER", "read_faq", "read_heading", "read_list"]

LABEL_ALONE = 7  # levels of headings without marks: a short line between blank lines,
LABEL_OVER = 8  # and one right above a block
CENTRED = 10  # blanks before a short line alone that is set in the middle of the page
MOST_ITEM = 300  # characters of an item that stays whole
MOST_BOUND = 12  # items of "all of the following" that are needed together

_HASH = re.compile(r" {0,3}(#{1,6})[ \t]+\S")
_REMARK = re.compile(r" {0,3}#(?:[> \t]|$)")
_UNDER = re.compile(r" {0,3}(=+|-{3,}|~{3,}|\^{3,}|\*{3,})$")
_NUMBERED = re.compile(
    r"(?:(?:chapter|section|part|article|annex|appendix|§)[ \t]*)?"
    r"([\dIVX]{1,4}(?:\.\d{1,3}){0,5})\.?[ \t)]+[A-Z\u00c0-\u00de][^.!?]{0,70}$",
    re.IGNORECASE,
)
_CAPITAL = re.compile(  # IV. DEFINITION.   A. PURPOSE   6. MISCELLANEOUS:   ARTICLE 5 - LIABILITY   Article 5: Scope.
    r"[ \t]*(?:(?:ARTICLE|SECTION|CLAUSE|CHAPTER|ANNEX|SCHEDULE|PART)[ \t]+)?([IVXLC]{1,6}|\d{1,2}|[A-Z])[.):]?"
    r"(?:[ \t]*+[-\u2013\u2014:])?[ \t]++[A-Z\u00c0-\u00de][A-Z\u00c0-\u00de\d ,;&/'\u2019()-]{2,80}[.:]?$|"
    r"[ \t]*(?:Article|Section|Clause|Annex|Schedule|Part|Chapter|Artikel|Artículo|Articolo|Artigo|Kapitel|Abschnitt)"
    r"[ \t]+([IVXLC]{1,6}|\d{1,3})[.):]?(?:[ \t]*+[-\u2013\u2014:])?[ \t]++[A-Z\u00c0-\u00de][^.!?:;]{1,70}[.:]?$"
)
_SHORT = re.compile(r"[ \t]*(\d{1,2})\.[ \t]+[A-Z\u00c0-\u00de][^.!?:;,]{2,70}[.:]?$")
_CLAUSE = re.compile(
    r"[ \t]*(§[ \t]*\d+[a-z]?(?:\.\d+){0,4}|\d{1,3}(?:\.\d{1,3}){1,4}\.?|"
    r"Article \d+\.?|Section \d+(?:\.\d+)*\.?)[ \t]+\S"
)
_TITLE = re.compile(
    r"[ \t]*(?:§|article|section|chapter|annex|"
    r"part)[ \t]*(\d+[a-z]?(?:\.\d+)*)\.?[ \t]+[^.!?:;,]{1,70}$",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"([ \t]*)([-*+\u2022\u2023\u25e6\u2013\u2014\u00b7\u25aa\u25cf]|"
    r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})\)|\d{1,3}\.|[a-z]\.|\[[ xX]?\]|"
    r"(?:[IVX]{1,5}|[A-H])\.(?=[ \t]+[A-Z]{3,}[ .]))[ \t]+(?=\S)"
)
_ALL = re.compile(
    r"\b(?:all|each|every|both) (?:of )?(?:the |these )?(?:following|conditions|requirements)|"
    r"\ball of\b.*:$|\bcumulative",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"[ \t]*(?:\*\*)?(?:Q(?:uestion)?|F(?:rage)?|P(?:regunta)?)(?:[ \t]?\d{1,3})?[.:)](?:\*\*)?[ \t]*\S"
)
_ANSWER = re.compile(
    r"[ \t]*(?:\*\*)?(?:A(?:nswer|ntwort)?|R(?:[ée]ponse|espuesta)?)(?:[ \t]?\d{1,3})?[.:)](?:\*\*)?[ \t]*\S"
)
_RUN_ON = re.compile(r"[.;:] (?:\d{1,2}(?:\.\d{1,2}){1,3}\.?|§ ?\d[\d.]*) +[A-Z]")  # the next clause on one line
_TAIL = re.compile(
    r"[,;:-]$|\b(?:that|the|an?|of|to|and|or|by|from|with|for|in|on|at|is|are|was|were|yields|be|as|than|we|which|die|der|das|und|"
    r"de|la|le|et)$|\b(?:we|I|he|she|they|it|is|are|was|were|has|had) ",
)
_END = re.compile(r"[.!?;,…。！？]['\")\]]?$")


def read_heading(lines: Lines, at: int) -> Block | None:
    """A heading by its marks, its underline, its number, or as a short line alone or right above a block."""
    line = lines[at]
    level, stop = _marked(lines, at)
    level = level or _titled(lines, at)
    if not level and len(line) <= 80 and not _END.search(line) and not _ITEM.match(line):
        level, stop = _unmarked(lines, at), at + 1
    if not level:
        return None
    return Block(stop, [Unit(*lines.span(at, stop), (), "heading")], level)


def _marked(lines: Lines, at: int) -> tuple[int, int]:
    line = lines[at]
    hashes = _HASH.match(line)
    if hashes and not (hashes[1] == "#" and _remarks(lines, at)):
        return len(hashes[1]), at + 1
    under = _UNDER.match(lines[at + 1])
    alone = not lines[at - 1]
    if (
        under
        and alone
        and 0 < len(line) <= 100
        and len(under[1]) * 2 >= min(len(line), 6)
        and line[0] not in "|-*+<>{["
    ):
        return {"=": 1, "-": 2}.get(under[1][0], 3), at + 2
    return 0, at + 1


def _remarks(lines: Lines, at: int) -> bool:
    """Whether a line that begins with "#" stands among others that do: a comment of several lines, no title."""
    around = (lines[at - 1], lines[at + 1])
    return any(_REMARK.match(line) for line in around)


def _titled(lines: Lines, at: int) -> int:
    """The level of a numbered title, in capitals or right above its clauses, even with a full stop; 0: it is none."""
    line = lines[at]
    if len(line) > 110:
        return 0
    below = lines[lines.after_blank(at + 1)]
    titled = _TITLE.match(line.rstrip("."))
    if titled and _ITEM.match(below) and len(line.split()) <= 8:
        return 2 + titled[1].count(".")
    capital = _CAPITAL.match(line)
    if capital and below and not _CAPITAL.match(below):
        letter = capital[1] is not None and capital[1].strip("IVXLC0123456789") != ""
        return 3 if letter else 2
    named = _SHORT.match(line) and ((len(line) <= 50 and len(line.split()) <= 5) or _stands_alone(lines, at))
    if named and len(below) > 50 and below.lstrip("\"'\u201c\u2018 \t")[:1].isupper() and not _starts(below):
        return 2
    return 0


def _stands_alone(lines: Lines, at: int) -> bool:
    """Whether a line between blank ones is written like a title: "6. Conveying Non-Source Forms."."""
    words = [word for word in lines[at].split()[1:] if len(word) > 3]
    blank = not lines[at - 1] and not lines[at + 1]
    return blank and bool(words) and sum(word[0].isupper() for word in words) * 3 >= 2 * len(words)


def _unmarked(lines: Lines, at: int) -> int:
    """The level of a short line that is a heading by its place; 0: it is none."""
    line, below = lines[at].strip(), lines[at + 1]
    titled = _TITLE.match(line)
    if titled and (not below or _CLAUSE.match(below) or _ITEM.match(below)):
        return 2 + titled[1].count(".")
    above_blank = not lines[at - 1]
    number = _NUMBERED.match(line)
    if number and above_blank and (below == "" or len(below) > len(line)):
        return 2 + number[1].count(".")
    if len(line) > 60 or not line[:1].isalnum() or "|" in line or "\t" in line or "  " in line:
        return 0
    if above_blank and not below and lines.after_blank(at + 1) < len(lines) and line[0].isupper() and ": " not in line:
        return (
            (1 if lines.indent(at) >= CENTRED else LABEL_ALONE)
            if len(line.split()) <= 9 and not _TAIL.search(line) and _prose_or_block(lines, lines.after_blank(at + 1))
            else 0
        )
    if above_blank and _titles(line, below):
        return LABEL_ALONE
    return LABEL_OVER if above_blank and below and _over(line, below) else 0


def _titles(line: str, below: str) -> bool:
    """Whether a short line stands right above a paragraph whose lines are much longer."""
    words = line.split()
    return (
        len(below) > 100
        and len(line) * 2 < len(below)
        and below[0].isupper()
        and 1 < len(words) < 10
        and line[0].isupper()
        and not _TAIL.search(line)
        and ": " not in line
    )


def _prose_or_block(lines: Lines, at: int) -> bool:
    """Whether something longer than another label follows."""
    return len(lines[at]) > 40 or bool(lines[at + 1]) or bool(_END.search(lines[at])) or bool(_ITEM.match(lines[at]))


def _over(line: str, below: str) -> bool:
    """Whether a short line stands right above a list, pairs or short lines, not in the middle of a paragraph."""
    if is_pair(line) and not line.endswith(":"):
        return False
    block = _ITEM.match(below) or is_pair(below) or is_hours(below) or below.lstrip().startswith("|")
    return bool(block) and line.count(",") < 2 and len(line.split()) <= 8


def read_list(lines: Lines, at: int) -> Block | None:
    """Items, nested or not, and clauses of a contract; an item needs the items that it stands under."""
    if not _starts(lines[at]):
        return None
    units: list[Unit] = []
    above: list[tuple[int, Span]] = []  # (depth, first unit) of the items that the next one may stand under
    number = at
    clause = _CLAUSE.match(lines[at])
    while number < len(lines) and (number == at or _goes_on(lines, number, bool(clause))):
        depth = _depth(lines, number)
        stop = _item_end(lines, number)
        while above and above[-1][0] >= depth:
            above.pop()
        needs = tuple(span for _, span in above[-6:])
        item = _item(lines, number, stop, needs)
        units += item
        above.append((depth, item[0][:2]))
        number = stop
        following = lines.after_blank(stop)
        if following - stop <= 1 and following < len(lines) and _starts(lines[following]):
            number = following
    under = 2 + clause[1].rstrip(".").count(".") if clause else 0
    return Block(number, _bound(lines.text, units, lines[at - 1] or lines[at - 2]), lead=True, under=under)


def _goes_on(lines: Lines, at: int, clauses: bool) -> bool:
    """Whether a further item of the same list begins at a line: no title, and no clause after what is below clauses."""
    line = lines[at]
    return _starts(line) and not _titled(lines, at) and (clauses or not _CLAUSE.match(line))


def _starts(line: str) -> bool:
    return bool(_ITEM.match(line) or (_CLAUSE.match(line) and not _TITLE.match(line)))


def _depth(lines: Lines, at: int) -> int:
    """How far in an item stands: § before numbers before letters before roman numbers, then by white space."""
    line = lines[at].lstrip()
    clause = _CLAUSE.match(line)
    if clause:
        return -10 + clause[1].count(".")
    mark = line.split(None, 1)[0].strip("().")
    order = 2 if len(mark) > 1 and set(mark.lower()) <= set("ivx") else 1 if mark.isalpha() and len(mark) == 1 else 0
    return lines.indent(at) * 4 + order


def _item_end(lines: Lines, at: int) -> int:
    """The line after an item: wrapped or indented lines continue it."""
    stop = at + 1
    indent = lines.indent(at)
    while stop < len(lines) and lines[stop] and not _starts(lines[stop]):
        if lines.indent(stop) <= indent and (
            _END.search(lines[stop - 1]) or len(lines[stop - 1]) < 50 or not lines[stop].lstrip()[:1].islower()
        ):
            break
        stop += 1
    return stop


def _item(lines: Lines, start: int, stop: int, needs: tuple[Span, ...]) -> list[Unit]:
    """One unit, or for a long item its sentences."""
    span = lines.span(start, stop)
    most = 600 if _CLAUSE.match(lines[start]) else MOST_ITEM
    if span[1] - span[0] <= most and not _RUN_ON.search(lines.text, *span):
        return [Unit(*span, needs, "item")]
    return [unit._replace(needs=(*needs, *unit.needs), kind="item") for unit in prose_units(lines.text, *span)]


def _bound(text: str, units: list[Unit], above: str) -> list[Unit]:
    """Items under "all of the following" are needed together, whether that stands in the first or ``above`` them."""
    led = bool(_ALL.search(above))
    if len(units) > MOST_BOUND + 1 or not (led or _ALL.search(text[units[0].start : units[0].end])):
        return units
    spans = [unit[:2] for unit in units if led or unit[:2] != units[0][:2]]
    return [unit._replace(needs=(*unit.needs, *(s for s in spans if s != unit[:2]))) for unit in units]


def read_faq(lines: Lines, at: int) -> Block | None:
    """``Q:`` and ``A:``: the answer needs its question."""
    if not _QUESTION.match(lines[at]):
        return None
    answer = at + 1
    while answer < min(at + 6, len(lines)) and not _ANSWER.match(lines[answer]):
        answer += 1
    if not _ANSWER.match(lines[answer]):
        return None
    question = lines.span(at, answer)
    stop = answer + 1
    while stop < len(lines) and not _QUESTION.match(lines[stop]) and (lines[stop] or _continues(lines, stop)):
        stop += 1
    start, end = lines.span(answer, stop)
    whole = end - start <= 500
    parts = [Unit(start, end, (), "answer")] if whole else prose_units(lines.text, start, end)
    answers = [unit._replace(needs=(question, *unit.needs), kind="answer") for unit in parts]
    return Block(stop, [Unit(*question, (), "question"), *answers])


def _continues(lines: Lines, at: int) -> bool:
    """Whether after a blank line an indented paragraph goes on with the answer."""
    following = lines.after_blank(at)
    return following < len(lines) and lines.indent(following) >= 2
