"""Key-value lines: data sheets, invoices, opening hours, INI and TOML. A line needs whose value it is."""

from __future__ import annotations

import re

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines, Span

__all__ = ["is_field", "is_hours", "is_pair", "read_hours", "read_pairs", "read_sections"]

_PAIR = re.compile(
    r"""[ \t]*(?:\*\*)?["']?"""
    r"""([^\s:=|<>{}\[\]"'][^:=|<>{}\[\]"]{0,44}?)["']?(?:\*\*)?[ \t]*(?::(?=\s|$|\*\*)|=|\t|\.{3,})"""
)
_NAMING = re.compile(
    r"(?:full |last |first |file |host |product |company |customer |patient |employee |project |article )?"
    r"(?:name|product|title|model|item|id|sku|customer|patient|company|employee|subject|station|hotel|city|country|"
    r"course|project|article|device|machine|part|order|invoice|ticket|case|policy|package|produkt|artikel|modell|"
    r"kunde|nom|nombre|naam|titel|titre)(?: (?:no|nr|number|id|name|code))?\.?$",
    re.IGNORECASE,
)
_COMMON = re.compile(
    r"(?:description|summary|notes?|status|price|address|e-?mail|phone|date|details?|comments?|type|category|"
    r"author|abstract|"
    r"value|size|weight|colou?r|text|content|source|url|version|location|time|total|amount|quantity|tags?|priority|"
    r"question|answer|action|result|observation|thought|warning|error|info|tip|important|example|input|output|"
    r"step \d+)s?$",
    re.IGNORECASE,
)
_DAYS = re.compile(
    r"[ \t]*(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|weekdays?|weekends?|"
    r"daily|"
    r"public holidays?|holidays?|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b\.?"
    r"(?:[ \t]*(?:-|\u2013|to|and|,|&)[ \t]*[a-z]{2,9}\b\.?)?[ \t:,]*"
    r"(?:\d|closed|open|-|\u2013|from|by|geschlossen|ferm)",
    re.IGNORECASE,
)
_SECTION = re.compile(r"[ \t]*\[\[?[\w .:\"'/@-]{1,80}\]\]?[ \t]*(?:[#;].*)?$")
_SETTING = re.compile(r"[ \t]*[\w.\"'-][\w.\"' /-]{0,60}[ \t]*[=:]")
_REMARK = re.compile(r"[ \t]*[#;]")


def is_pair(line: str) -> bool:
    """Whether a line is a short key with its value."""
    found = _PAIR.match(line)
    return found is not None and len(found[1].split()) <= 5 and "://" not in line[: found.end() + 2]


def is_field(name: str) -> bool:
    """Whether a name is that of a field of a record rather than somebody's."""
    return bool(_NAMING.match(name) or _COMMON.match(name))


def is_hours(line: str) -> bool:
    """Whether a line begins with a day of the week and says when something is open."""
    return bool(_DAYS.match(line)) and len(line) < 120


def read_pairs(lines: Lines, at: int) -> Block | None:
    """Lines ``key: value``; indented lines under one belong to it. The first names the thing where its key says so."""
    if not is_pair(lines[at]) or not is_pair(lines[at + 1]) or lines.indent(at + 1) > lines.indent(at) + 1:
        return None
    units: list[Unit] = []
    needs: tuple[Span, ...] = ()
    number = at
    while number < len(lines) and is_pair(lines[number]):
        stop = number + 1
        while lines[stop] and lines.indent(stop) > lines.indent(number) + 1 and stop - number < 12:
            stop += 1
        span = lines.span(number, stop)
        key = _PAIR.match(lines[number])
        naming = bool(key and _NAMING.match(key[1].strip(" *")))
        repeated = naming and bool(units) and lines[number].partition(":")[0] == lines[at].partition(":")[0]
        if (naming and not units) or repeated:
            needs = ()
            units.append(Unit(*span, (), "pair"))
            needs = (span,)
        else:
            units.append(Unit(*span, needs, "pair"))
        number = stop
    return Block(number, units, lead=True)


def read_hours(lines: Lines, at: int) -> Block | None:
    """Lines that begin with a day of the week: opening hours."""
    stop = at
    while is_hours(lines[stop]):
        stop += 1
    if stop - at < 2:
        return None
    return Block(stop, [Unit(*lines.span(n, n + 1), (), "pair") for n in range(at, stop)], lead=True)


def read_sections(lines: Lines, at: int) -> Block | None:
    """INI and TOML: settings need their ``[section]``, a remark belongs to the setting below it."""
    start = at
    while _REMARK.match(lines[start]) and start - at < 12:
        start += 1
    if not _SECTION.match(lines[start]) or not (_sets(lines, lines.after_blank(start + 1))):
        return None
    units: list[Unit] = []
    needs: tuple[Span, ...] = ()
    number = at
    while number < len(lines):
        stop = number
        while _REMARK.match(lines[stop]) and stop - number < 12:
            stop += 1
        if _SECTION.match(lines[stop]):
            units.append(Unit(*lines.span(number, stop + 1), (), "key"))
            needs = (units[-1][:2],)
            number = lines.after_blank(stop + 1)
        elif _SETTING.match(lines[stop]) or stop > number:
            stop = _setting_end(lines, stop) if _SETTING.match(lines[stop]) else stop
            units.append(Unit(*lines.span(number, stop), needs, "pair"))
            number = lines.after_blank(stop)
        else:
            break
    return Block(number, units)


def _sets(lines: Lines, at: int) -> bool:
    """Whether a setting follows, remarks passed over, or the next section."""
    line = next((line for line in lines.filled(at, 8) if not _REMARK.match(line)), "")
    return bool(_SETTING.match(line) or _SECTION.match(line))


def _setting_end(lines: Lines, at: int) -> int:
    """The line after a setting, whose list, table or triple-quoted text may run over lines."""
    value = lines.whole(at)
    fence = next((mark for mark in ('"""', "'''") if value.count(mark) == 1), "")
    depth = _depth(value)
    stop = at + 1
    while (
        stop < len(lines)
        and stop - at < 200
        and (
            fence
            or depth > 0
            or (lines[stop] and lines.indent(stop) > lines.indent(at) and not _SETTING.match(lines[stop]))
        )
    ):
        line = lines.whole(stop)
        stop += 1
        if fence and fence in line:
            fence = ""
        depth += 0 if fence else _depth(line)
    return stop


def _depth(line: str) -> int:
    return line.count("[") + line.count("{") - line.count("]") - line.count("}")
