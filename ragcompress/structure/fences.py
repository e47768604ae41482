"""Fenced blocks of Markdown, and formulas that stand by themselves."""

from __future__ import annotations

import re

from ragcompress.core.types import Unit
from ragcompress.structure.code import code_units
from ragcompress.structure.lines import Block, Lines

__all__ = ["read_fence", "read_formula"]

MOST_FENCE = 600  # characters of a fenced block that stays whole
MOST_FORMULA = 60  # lines
_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*\{?\.?([\w+#-]*)")
_DATA = frozenset(
    str.split("""
    json jsonl json5 yaml yml toml ini cfg conf xml html svg csv tsv diff patch console shell-session
    log text txt none output markdown md properties http
    """)
)
_FORMULA = re.compile(
    r"[ \t]*(?:(\$\$)|(\\\[)|\\begin\{((?:equation|align|gather|multline|eqnarray|displaymath|cases|"
    r"[bpv]?matrix)\*?)\})"
)


def read_fence(lines: Lines, at: int) -> Block | None:
    """A fenced block: whole when short, else what is in it, which needs the fences."""
    opened = _FENCE.match(lines[at])
    if opened is None or "`" in lines[at][opened.end() :]:
        return None
    stop = at + 1
    while stop < len(lines) and not _closes(lines[stop], opened[2]) and lines.patience >= 0:
        stop += 1
    if stop >= len(lines) or lines.patience < 0:  # never closed: what follows is read as if the line were not there
        lines.patience -= lines.starts[stop] - lines.starts[at]
        return Block(at + 1, [Unit(*lines.span(at, at + 1), (), "fence")])
    span = lines.span(at, stop + 1)
    if span[1] - span[0] <= MOST_FENCE:
        return Block(stop + 1, [Unit(*span, (), "code")], lead=True)
    above, below = lines.span(at, at + 1), lines.span(stop, stop + 1)
    data = opened[3].lower() in _DATA or not opened[3]
    inner = lines.inside(at + 1, stop) if data else code_units(lines, at + 1, stop)
    units = [Unit(*above, (below,), "fence")]
    units += [unit._replace(needs=(above, below, *unit.needs)) for unit in inner]
    return Block(stop + 1, [*units, Unit(*below, (above,), "fence")], lead=True)


def _closes(line: str, mark: str) -> bool:
    line = line.strip()
    return line.startswith(mark) and not line.strip(mark[0])


def read_formula(lines: Lines, at: int) -> Block | None:
    """A formula set apart stays whole; the sentence around it goes on above and below."""
    opened = _FORMULA.match(lines[at])
    if opened is None:
        return None
    end = "$$" if opened[1] else "\\]" if opened[2] else f"\\end{{{opened[3]}}}"
    rest = lines[at][opened.end() :]
    stop = at + 1
    if end not in rest:
        while stop < min(at + MOST_FORMULA, len(lines)) and end not in lines[stop]:
            stop += 1
        if stop >= len(lines) or end not in lines[stop]:
            return None
        stop += 1
    return Block(stop, [Unit(*lines.span(at, stop), (), "formula")], lead=True)
