"""Source code by definition: what is inside one needs its signature, by indentation or braces."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragcompress.core.types import Unit
from ragcompress.structure.code_signs import IMPORT, REMARK, SQL, is_definition, opens_code, stays_code
from ragcompress.structure.lines import Block, Lines, Span

__all__ = ["all_code", "code_units", "read_code"]

MOST_DEFINITION = 200  # characters of a definition that stays whole
MOST_STATEMENTS = 200  # and of statements that stand together
MOST_LINES = 12  # lines of a signature
DEPTH = 8
_CLOSER = re.compile(r"[ \t]*(?:[}\])]|end\b|fi\b|done\b|esac\b)")
_QUOTES = re.compile(r'[ \t]*[rRbBuU]?("""|\'\'\')')
_BRACE = re.compile(r"\{[ \t]*(?://.*|/\*.*)?$", re.MULTILINE)


def read_code(lines: Lines, at: int) -> Block | None:
    """Code that stands free in a text: from a line that only code has to the first one that code never has."""
    if not opens_code(lines, at):
        return None
    stop = at + 1
    while stop < len(lines) and stays_code(lines, stop):
        stop += 1
    while stop > at + 1 and not lines[stop - 1]:
        stop -= 1
    return Block(stop, code_units(lines, at, stop), lead=True)


def all_code(lines: Lines, at: int) -> Block:
    """Everything from a line on as code."""
    return Block(len(lines), code_units(lines, at, len(lines)))


def code_units(lines: Lines, start: int, stop: int) -> list[Unit]:
    """Definitions, imports and statements of lines ``start`` to ``stop``."""
    reader = _Reader(lines, start, stop)
    reader.items(start, stop, (), 0)
    return reader.units


class _Reader:
    """The lines of some code with how far in each stands."""

    def __init__(self, lines: Lines, start: int, stop: int) -> None:
        self.lines = lines
        self.first = start
        self.levels = _levels(lines, start, stop)
        self.units: list[Unit] = []

    def level(self, at: int) -> int:
        return self.levels[at - self.first]

    def items(self, start: int, stop: int, needs: tuple[Span, ...], depth: int) -> None:
        """Units of lines that stand in one body."""
        filled = [n for n in range(start, stop) if self.lines[n]]
        if not filled:
            return
        if depth >= DEPTH:
            self._statements([(n, n + 1) for n in filled], needs)
            return
        base = min(self.level(n) for n in filled)
        plain: list[tuple[int, int]] = []  # statements not yet written
        at = filled[0]
        while at < stop:
            begin, head = at, self._head(at, stop)
            end = self._item_end(head, stop, base)
            if head < stop and is_definition(self.lines, head):
                self._statements(plain, needs)
                plain = []
                self._definition((begin, head, end), needs, depth)
            elif self.lines.starts[end] - self.lines.starts[begin] > MOST_DEFINITION and end - head > 3:
                self._statements(plain, needs)
                plain = []
                opening = self.lines.span(begin, min(head + 1, end))
                self.units.append(Unit(*opening, needs, "statement"))
                self.items(head + 1, end, (*needs, opening), depth + 1)
            elif begin < end:
                plain.append((begin, end))
            at = end
        self._statements(plain, needs)

    def _head(self, at: int, stop: int) -> int:
        """The line that says what an item is: remarks and decorators stand above it."""
        while at < stop and self.lines[at] and REMARK.match(self.lines[at]):
            at += 1
        return at

    def _item_end(self, head: int, stop: int, base: int) -> int:
        """The line after an item: what stands further in, and what closes it."""
        at = min(head + 1, stop)
        mark = _QUOTES.match(self.lines[head])
        if mark and self.lines.whole(head).count(mark[1]) == 1:  # a text over lines
            while at < stop and mark[1] not in self.lines.whole(at):
                at += 1
            at = min(at + 1, stop)
        while at < stop and (
            not self.lines[at]
            or self.level(at) > base
            or _CLOSER.match(self.lines[at])
            or (at == head + 1 and self.lines[at].strip() == "{")
        ):
            at += 1
        return at

    def _definition(self, place: tuple[int, int, int], needs: tuple[Span, ...], depth: int) -> None:
        begin, head, end = place
        span = self.lines.span(begin, end)
        if span[1] - span[0] <= MOST_DEFINITION or end - head < 3:
            self.units.append(Unit(*span, needs, "definition"))
            return
        body = _signature_end(self.lines, head, end)
        signature = self.lines.span(begin, body)
        self.units.append(Unit(*signature, needs, "signature"))
        self.items(body, end, (*needs, signature), depth + 1)

    def _statements(self, found: Sequence[tuple[int, int]], needs: tuple[Span, ...]) -> None:
        """Statements gathered while they are short, imports by themselves; blank lines part them."""
        group: list[tuple[int, int]] = []
        for item in [*found, (-1, -1)]:
            if group and (item[0] < 0 or not self._goes_on(group, item)):
                self._group(group[0][0], group[-1][1], needs)
                group = []
            group.append(item)

    def _group(self, start: int, stop: int, needs: tuple[Span, ...]) -> None:
        """Statements as a unit; a long one of SQL by its clauses, which need the first."""
        span = self.lines.span(start, stop)
        if span[1] - span[0] > MOST_STATEMENTS and SQL.match(self.lines[start]) and stop - start > 2:
            first = self.lines.span(start, start + 1)
            self.units.append(Unit(*first, needs, "statement"))
            for n in range(start + 1, stop):
                line = self.lines.span(n, n + 1)
                if self.level(n) > self.level(start) and n > start + 1:  # "AND …" goes with its "WHERE …"
                    self.units[-1] = self.units[-1]._replace(end=line[1])
                elif self.lines[n]:
                    self.units.append(Unit(*line, (*needs, first), "statement"))
            return
        imports = bool(IMPORT.match(self.lines[start]))
        self.units.append(Unit(*span, needs, "import" if imports else "statement"))

    def _goes_on(self, group: list[tuple[int, int]], item: tuple[int, int]) -> bool:
        lines = self.lines
        if bool(IMPORT.match(lines[group[0][0]])) != bool(IMPORT.match(lines[item[0]])):
            return False
        if SQL.match(lines[group[0][0]]) and not lines[group[-1][1] - 1].endswith(";"):
            return bool(lines[item[0] - 1])
        if self.level(item[1] - 1) > self.level(item[0]) or self.level(group[-1][1] - 1) > self.level(group[-1][0]):
            return False  # a statement with others in it stands by itself
        statement = lines[group[-1][1] - 1].endswith(";") and lines[item[0]][:1].isupper()  # of SQL
        parted = statement or not lines[item[0] - 1]
        return not parted and lines.starts[item[1]] - lines.starts[group[0][0]] <= MOST_STATEMENTS


def _levels(lines: Lines, start: int, stop: int) -> list[int]:
    """Columns before each line; where nothing is indented but braces open, how many of them are open."""
    levels = [lines.indent(number) for number in range(start, stop)]
    if any(levels) or not _BRACE.search(lines.text, *lines.span(start, stop)):
        return levels
    depth = 0
    for at, number in enumerate(range(start, stop)):
        line = lines[number]
        levels[at] = max(depth - bool(_CLOSER.match(line)), 0)
        depth = max(depth + line.count("{") - line.count("}"), 0)
    return levels


def _signature_end(lines: Lines, head: int, end: int) -> int:
    """The line after a signature and the text that says what the definition is for."""
    at = head
    depth = 0
    while at < min(head + MOST_LINES, end):
        line = lines[at]
        depth += sum(map(line.count, "([")) - sum(map(line.count, ")]"))
        at += 1
        if depth <= 0 and (line.endswith((":", "{", "{}", ";", "=>", "=")) or lines[at].strip() != "{"):
            break
    mark = _QUOTES.match(lines[at])
    if mark is None:
        return min(at, end)
    close = at
    while close < min(at + 2 * MOST_LINES, end):
        if lines.whole(close).count(mark[1]) >= (2 if close == at else 1):
            return min(close + 1, end)
        close += 1
    return min(at + 1, end)  # a long text: its first line says most
