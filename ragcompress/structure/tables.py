"""Tables of text: bars, tabs, comma-separated values, columns lined up with blanks. Rows need their header."""

from __future__ import annotations

import re
from itertools import pairwise

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines

__all__ = ["read_aligned", "read_bars", "read_separated"]

_RULE = re.compile(r"[ \t]*+(?:[|+][ \t]*+)?:?[-=]{2,}:?[ \t]*(?:[|+][ \t]*:?[-=]+:?[ \t]*)*[|+]?$")
_DASHES = re.compile(r"[ \t]*[-=_+|]{2,}(?:[ \t]+[-=_+|]{2,})*$")
# Two blanks after a sentence, as typists put them, are no gap between columns.
_TYPED = r"""(?:(?<=[.!?])|(?<=[.!?]["')]))  (?=[A-Z"'(])"""
_GAP = re.compile(rf"(?!{_TYPED})(?<=\S)(?: {{2,}}|\t+ *)(?=\S)")
_NUMBER = re.compile(r"[-+]?[$€£]?\d[\d.,:/%-]*\w{0,3}$")
_SENTENCE_END = re.compile(r"[.!?;:,]$")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def read_bars(lines: Lines, at: int) -> Block | None:
    """Rows whose cells are parted by ``|``; the rule below a Markdown header belongs to the header."""
    if not _barred(lines[at]) or (_RULE.match(lines[at]) and "|" not in lines[at][:2] + lines[at][-1:]):
        return None
    stop = at
    while _barred(lines[stop]) or (stop > at and lines[stop].count("+") > 1 and _RULE.match(lines[stop])):
        stop += 1
    if stop - at < 2 and not lines[at].lstrip().startswith("|"):
        return None
    first = at + 1 if _RULE.match(lines[at]) else at
    ruled = first + 1 < stop and bool(_RULE.match(lines[first + 1]))
    body = first + 2 if ruled else first + 1
    if not ruled and not _names(lines[first].strip("| ").split("|")):
        body = at
    return _rows(lines, at, body, stop, first + 1 if ruled else body)


def _barred(line: str) -> bool:
    return line.lstrip().startswith("|") or line.count(" | ") >= 2


def _names(cells: list[str]) -> bool:
    """Whether these cells can be a header: they have names and none is a number or long."""
    cells = [cell.strip(" \"'") for cell in cells]
    named = [cell for cell in cells if cell]
    if not named or len(named) < len(cells) / 2 or len(set(named)) * 2 < len(named):
        return False
    return not any(_NUMBER.match(cell) or len(cell) > 40 or "@" in cell for cell in named)


def _rows(lines: Lines, start: int, body: int, stop: int, rule: int | None = None) -> Block:
    """A header of the lines ``start`` to ``body`` and a row a line after it; nobody needs the ``rule`` in between."""
    units: list[Unit] = []
    needs: tuple[tuple[int, int], ...] = ()
    if body > start:
        header = lines.span(start, body if rule is None else rule)
        units.append(Unit(*header, (), "header"))
        if rule is not None and rule < body:
            units.append(Unit(*lines.span(rule, body), (header,), "rule"))
        needs = (header,)
    units += [Unit(*lines.span(row, row + 1), needs, "row") for row in range(body, stop)]
    return Block(stop, units, lead=True)


def read_separated(lines: Lines, at: int) -> Block | None:
    """Comma-, semicolon- or tab-separated values; a quoted cell may run over lines."""
    head = at
    mark = ""
    if re.match(r"sep=(.)$", lines[at]):
        mark, head = lines[at][4], at + 1
    marks = (mark,) if mark else ("\t", ";", ",", ", ")
    mark = next((m for m in marks if m in lines[head] and _separates(lines, head, m)), "")
    if not mark:
        return None
    columns = _cells(lines.whole(head)[:2000], mark)
    ends = _records(lines, head, mark, columns)
    named = _names(_QUOTED.sub("x", lines[head]).split(mark)) if '"' in lines[head] else _names(lines[head].split(mark))
    if not named or len(ends) < 2:
        return _rows(lines, head, head, ends[-1]) if head == at and len(ends) > 1 and columns > 2 else None
    header = lines.span(at, ends[0])
    units = [Unit(*header, (), "header")]
    units += [Unit(*lines.span(start, stop), (header,), "row") for start, stop in pairwise(ends)]
    return Block(ends[-1], units, lead=True)


def _cells(line: str, mark: str) -> int:
    return (_QUOTED.sub("", line) if '"' in line else line).count(mark) + 1


def _separates(lines: Lines, at: int, mark: str) -> bool:
    """Whether the next lines have as many cells each, and the mark isn't that of a sentence."""
    sample = [lines[number] for number in range(at, at + 4)]
    sample = sample[: sample.index("")] if "" in sample else sample
    sample = [line + " " * line.endswith(",") for line in sample]  # an empty last cell lost its blank
    counts = [_cells(line, mark) for line in sample]
    if len(sample) < 2 or counts[0] < 2 or any(abs(count - counts[0]) > (mark != "\t") for count in counts[1:2]):
        return False
    if mark == "\t":
        return counts[0] > 2
    if mark == ", ":  # as people type tables: short cells, as many in every line, and no sentence
        even = len(sample) > 2 and len(set(counts)) == 1 and counts[0] > 2
        return even and sum(map(len, sample)) < 25 * sum(counts) and not any(map(_SENTENCE_END.search, sample))
    spaced = sum(line.count(mark + " ") for line in sample)
    total = sum(line.count(mark) for line in sample)
    even = sum(count == counts[0] for count in counts) >= len(counts) - (len(counts) > 3)
    prose = _SENTENCE_END.search(sample[0]) and counts[0] < 4
    enough = counts[0] > 2 or len(sample) > 2
    return even and enough and spaced * 4 <= total and not prose


def _records(lines: Lines, at: int, mark: str, columns: int) -> list[int]:
    """The line after each record from line ``at`` on, the header's first."""
    ends: list[int] = []
    number = at
    while number < len(lines):
        line = lines.whole(number)
        after = number + 1
        if line.count('"') % 2 and '"' in line:
            after = _closing_quote(lines, number)
        cells = line.count(mark) + 1
        if not line.strip() or (cells == 1 and after == number + 1 and columns > 1):
            break
        ends.append(after)
        number = after
    return ends


def _closing_quote(lines: Lines, at: int) -> int:
    """The line after the one in which the quote opened at line ``at`` closes; the next one if it never does."""
    for number in range(at + 1, min(at + 40, len(lines))):
        if lines.whole(number).count('"') % 2:
            return number + 1
    return at + 1


def read_aligned(lines: Lines, at: int) -> Block | None:
    """Columns lined up with blanks, as programs print them (ps, df, ls) and people type them."""
    line = lines[at]
    gaps = len(_GAP.findall(line))
    if not gaps or len(line) > 300 or _SENTENCE_END.search(line) or not lines[at + 1]:
        return None
    first = at + 1
    ruled = bool(_DASHES.match(lines[first]))
    if not _lined_up(line, lines[first + ruled]):
        return None
    stop = first + ruled
    while stop < len(lines) and _lined_up(line, lines[stop]):
        stop += 1
    if stop - at < 3 - (gaps > 1):
        return None
    if not ruled:
        return _rows(lines, at, at + 1 if _header_line(line) else at, stop)
    header = lines.span(at, first)
    rows = [Unit(*lines.span(row, row + 1), (header,), "row") for row in range(first + 1, stop)]
    return Block(
        stop, [Unit(*header, (), "header"), Unit(*lines.span(first, first + 1), (header,), "rule"), *rows], 0, True
    )


def _header_line(line: str) -> bool:
    words = line.split()
    return _names(_GAP.split(line.strip())) and not any(_NUMBER.match(word) for word in words)


def _lined_up(header: str, line: str) -> bool:
    """Whether a line has columns that begin or end where columns of the first line do."""
    if not line or (not _GAP.search(line) and len(line.split()) < len(_GAP.findall(header)) + 1):
        return False
    starts = {match.start() for match in re.finditer(r"\S+", header[:200])}
    ends = {match.end() for match in re.finditer(r"\S+", header[:200])}
    words = list(re.finditer(r"\S+", line[:200]))
    met = sum(match.start() in starts or match.end() in ends for match in words[1:])
    return met >= max(1, min(len(words) - 1, len(_GAP.findall(header))) // 2)
