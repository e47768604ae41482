"""A page block by block: who reads what begins at a line, and which headings stand over it."""

from __future__ import annotations

import re

from ragcompress.core.clock import checking
from ragcompress.core.types import Unit
from ragcompress.structure.alike import is_value, read_alike
from ragcompress.structure.code import all_code, read_code
from ragcompress.structure.cues import read_cues
from ragcompress.structure.diffs import read_diff
from ragcompress.structure.fences import read_fence
from ragcompress.structure.json_text import read_json
from ragcompress.structure.lines import Block, Lines, Reader, Span, one_line
from ragcompress.structure.logs import read_log, read_trace
from ragcompress.structure.mail import read_mail, read_quote
from ragcompress.structure.markup import read_markup
from ragcompress.structure.outline import LABEL_OVER, read_faq, read_heading, read_list
from ragcompress.structure.pairs import read_hours, read_pairs, read_sections
from ragcompress.structure.prose import prose_units
from ragcompress.structure.tables import read_aligned, read_bars, read_separated
from ragcompress.structure.terminal import read_terminal
from ragcompress.structure.turns import read_turns, turns
from ragcompress.structure.yaml_text import read_yaml

__all__ = ["KINDS", "read_page"]

READERS: tuple[Reader, ...] = (
    read_fence,
    read_json,
    read_markup,
    read_trace,
    read_diff,
    read_log,
    read_cues,
    read_mail,
    read_terminal,
    read_code,
    read_sections,
    read_yaml,
    read_heading,
    read_bars,
    read_faq,
    read_turns,
    read_quote,
    read_list,
    read_hours,
    read_separated,
    read_pairs,
    read_aligned,
    read_alike,
)
KINDS: dict[str, tuple[Reader, ...]] = {
    "prose": (),
    "lines": (one_line,),
    "markdown": (read_fence, read_heading, read_bars, read_list, read_quote),
    "json": (read_json,),
    "yaml": (read_yaml,),
    "settings": (read_sections, read_pairs),
    "markup": (read_markup,),
    "table": (read_bars, read_separated, read_aligned),
    "pairs": (read_hours, read_pairs),
    "log": (read_trace, read_log, one_line),
    "diff": (read_diff,),
    "terminal": (read_terminal,),
    "code": (all_code,),
    "chat": (turns,),
    "mail": (read_mail, read_quote),
    "subtitles": (read_cues,),
    "list": (read_list,),
    "faq": (read_faq,),
}
"""Who reads a text that is known to be of a kind; what they don't take is prose."""
DEPTH = 3  # pages within pages: a log in a command's output in a mail
_CAPTION = re.compile(r"(?:table|tab\.|figure|fig\.|tabelle|tableau|tabla|list(?:ing)?)\s*\d", re.IGNORECASE)
_NOTE = re.compile(
    r"\W{0,3}(?:all (?:prices|values|figures|amounts|times|fees|rates|sizes|data)|prices|values|figures|note|notes|"
    r"n\.b\.|\*|\u2020|(?:\w+ ){0,2}these |the (?:above|values|figures|prices)|excluding|including|source)\b|\*+ ?\S",
    re.IGNORECASE,
)


class _Page:
    """What has been read so far, and what stands over what comes next."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.units: list[Unit] = []
        self.chain: list[tuple[int, tuple[Span, ...]]] = []
        self.table: slice | None = None  # the units of the table just read: a note may follow

    def over(self) -> tuple[Span, ...]:
        return tuple(span for _, spans in self.chain for span in spans)

    def prose(self, start: int, stop: int) -> None:
        """Lines that no reader took."""
        while self.chain and self.chain[-1][0] >= LABEL_OVER:
            self.chain.pop()
        span = self.lines.span(start, stop)
        found = _by_lines(self.lines, start, stop) or prose_units(self.lines.text, *span)
        first = len(self.units)
        self.add(found)
        if self.table and len(found) <= 2 and span[1] - span[0] <= 200 and _NOTE.match(self.lines[start].lstrip()):
            self._note(self.table, self.units[first][:2])
        self.table = None

    def block(self, block: Block) -> None:
        """A block that a reader took."""
        ends = block.level or block.under
        while ends and self.chain and self.chain[-1][0] >= ends:
            self.chain.pop()
        if block.level:
            self.add(block.units)
            self.chain.append((block.level, block.over or (block.units[0][:2],)))
            return
        lead = self._lead_in() if block.lead else ()
        first = len(self.units)
        self.add(block.units, lead)
        rows = any(unit.kind in ("row", "pair") for unit in block.units[:3])
        self.table = slice(first, len(self.units)) if rows else None

    def add(self, found: list[Unit], more: tuple[Span, ...] = ()) -> None:
        """Units with what stands over them."""
        over = self.over() + more
        known: dict[tuple[Span, ...], tuple[Span, ...]] = {(): over}
        for unit in found:
            if unit.needs not in known:
                known[unit.needs] = over + unit.needs
            self.units.append(unit._replace(needs=known[unit.needs]) if over else unit)

    def _lead_in(self) -> tuple[Span, ...]:
        """The sentence right before a block, where it leads to it or is its caption."""
        if not self.units or self.units[-1].kind not in ("sentence", "clause", "item"):
            return ()
        last = self.units[-1]
        text = self.lines.text[last.start : last.end].strip()
        return (last[:2],) if text.endswith(":") or _CAPTION.match(text) else ()

    def _note(self, table: slice, note: Span) -> None:
        """The line under a table that holds for all its rows."""
        known: dict[tuple[Span, ...], tuple[Span, ...]] = {}
        for at in range(table.start, table.stop):
            unit = self.units[at]
            if unit.kind in ("row", "pair"):
                self.units[at] = unit._replace(needs=known.setdefault(unit.needs, (*unit.needs, note)))


def read_page(text: str, depth: int = 0, readers: tuple[Reader, ...] = READERS) -> list[Unit]:
    """Units of a text in order; blank lines between them may be left out. ``depth``: in how many pages it lies."""
    lines = Lines(text, (lambda inner: read_page(inner, depth + 1)) if depth < DEPTH else None)
    page = _Page(lines)
    at, prose = 0, -1
    look = checking()
    while at < len(lines):
        look()
        line = lines[at]
        if len(line) < 2 and line not in ("[", "{") and "-->" not in lines[at + 1]:
            if not line and prose >= 0 and _paragraph_ends(lines, at):
                page.prose(prose, at)
                prose = -1
            elif line and prose < 0:
                prose = at
            at += 1
            continue
        block = _read(lines, at, readers)
        if block is None:
            prose = at if prose < 0 else prose
            at += 1
            continue
        if prose >= 0:
            page.prose(prose, at)
            prose = -1
        page.block(block)
        at = block.stop
    if prose >= 0:
        page.prose(prose, len(lines))
    return page.units


def _by_lines(lines: Lines, start: int, stop: int) -> list[Unit]:
    """Lines that are no wrapped sentences, such as addresses, menus and verse: a unit each; else none."""
    if stop - start < 3:
        return []
    sample = [line for line in (lines[n] for n in range(start, min(stop, start + 40))) if line]
    if len(sample) < 3 or sum(map(len, sample)) > 60 * len(sample):
        return []
    ended = sum(line[-1] in ".!?,;:-—。" for line in sample)
    goes_on = sum(line.lstrip()[:1].islower() for line in sample[1:])
    if ended * 3 > len(sample) or goes_on * 4 > len(sample):
        return []
    units: list[Unit] = []
    for number in range(start, stop):
        span = lines.span(number, number + 1)
        if units and (
            not lines[number] or (is_value(lines[number], lines[number - 1]) and span[1] - units[-1].start < 300)
        ):
            units[-1] = units[-1]._replace(end=span[1])
        else:
            units.append(Unit(*span, (), "line"))
    return units


def _paragraph_ends(lines: Lines, at: int) -> bool:
    """A blank line ends a paragraph, but not where its sentence goes on below."""
    last = lines[at - 1]
    return not last or last[-1:] not in ",-" or not lines[lines.after_blank(at)][:1].islower()


def _read(lines: Lines, at: int, readers: tuple[Reader, ...]) -> Block | None:
    for reader in readers:
        block = reader(lines, at)
        if block is not None and block.units:
            return block
    return None
