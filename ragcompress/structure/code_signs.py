"""By what code is known: lines that only code has, lines that code never has."""

from __future__ import annotations

import re

from ragcompress.structure.lines import Lines

__all__ = ["IMPORT", "REMARK", "SQL", "is_definition", "opens_code", "stays_code"]

REMARK = re.compile(
    r"[ \t]*(?:#(?!include|define|if|endif|else|pragma|\[|region)|//|/\*|\*(?:\s|/|$)|--[ \t]|;;|@\w|"
    r"\[\w.*\]$|#\[)"
)
IMPORT = re.compile(
    r"[ \t]*(?:import [\w.{*\"'(]|from [\w.]+ import |#include\s*[<\"]|using [\w.]+(?: = [\w.]+)?;|"
    r"use [\w:{}, *]+;|require[ (]['\"]|"
    r"(?:const|let|var) .{1,60}= require\(|package [\w.]+;?$)"
)
_DEFINITION = re.compile(
    r"[ \t]*(?:(?:export|default|public|private|protected|internal|static|abstract|final|async|"
    r"pub(?:\([\w ]+\))?|unsafe|inline|"
    r"virtual|override|sealed|partial|extern|const|data|open|suspend) +)*"
    r"(?:(?:class|interface|enum|struct|trait|impl|namespace|module|record|object|protocol|extension|"
    r"union)\b[^=;.]{0,200}(?:[{:(]|$)|"
    r"(?:def|fn|func|fun|function|sub|proc|macro_rules!)[ *]*[\w.$<(\[!?]|"
    r"(?:const|let|var) +\w+ *=[^=].{0,120}=> *[{(]|type +\w+ +(?:struct|interface)\b)"
)
_FUNCTION = re.compile(
    r"[ \t]*(?!(?:if|for|while|switch|return|else|do|try|catch|with|"
    r"match)\b)(?:[\w:<>\[\],?.]++[ \t*&]++)*+[~\w:.]+\([^;{}]*+\{?$"  # possessive: it must not try again
)
_STRONG = re.compile(
    r"[ \t]*(?:(?:async )?def \w+ *[\[(]|class \w+ *+(?:\([^()]*\) *+)?:|from [\w.]+ import |"
    r"import [\w.]+(?: as \w+)?(?:, *[\w.]+)*;?$|"
    r"import (?:\{|\* as|\w+ from|['\"])|@\w[\w.]*(?:\(.*)?$|#include\s*[<\"]|#define \w|#!/|package [\w.]+;?$|"
    r"using [\w.]+;|"
    r"(?:export |default |async )*function\b *\*? *\w*\(|(?:export )?(?:const|let|var) [\w{\[$][^=]{0,60}=|"
    r"(?:pub(?:\(\w+\))? |async |unsafe )*(?:fn|func) (?:\([^()]*\) *)?\w+ *[<(\[]|"
    r"(?:(?:export|default|public|private|protected|internal|static|abstract|final|pub|sealed|data) +)*"
    r"(?:class|interface|enum|struct|trait|impl|namespace)\b[^.;?!]{0,120}\{$|"
    r"(?:public|private|protected) .{1,120}[({;]$|"
    r"(?:SELECT\s.{0,200}|INSERT INTO \S.*|UPDATE \S+ SET\b.*|DELETE FROM \S.*|CREATE (?:OR REPLACE |TEMP |"
    r"UNIQUE )*(?:TABLE|INDEX|VIEW|"
    r"FUNCTION|TRIGGER|DATABASE|SCHEMA)\b.*|ALTER TABLE \S.*|DROP TABLE\b.*|WITH \w+ AS \(.*)$|"
    r"(?:FROM \S+(?: AS \w+)?$|RUN \S+ .*|COPY \S+ \S+$)|"
    r"(?:if|for|while|switch) *\(.{0,120}\) *\{$|(?:if|for|while|elif|with|try|except|else)\b[^.]{0,80}:$|"
    r"[\w.\[\]\"']+(?:: *[\w\[\], .]+)? *(?:=|\+=|-=|:=) *\S.{0,160}[;(\[{)\]}]$|[\w.]+\(.{0,160}\);?$|"
    r"\w[\w<>\[\]*& ]{0,60} \*?\w+\([^;]{0,160}\) *\{$)"
)
_WEAK = re.compile(
    r"[ \t]+\S|.*[;{}(),:=\\\[\]]$|[ \t]*(?:\}|\)|//|/\*|\*|#|\"\"\"|'''|return\b|else\b|end\b|fi\b|@)|"
    r"[A-Z]{3,}\s|\w+ *="
)
_PROSE = re.compile(r"(?![ \t])[A-Z\u00c0-\u00de\"'\u201c(]?[\w'\u2019]+(?:,? [\w'\u2019\u2013-]+){3,}[^;{}=]*[.?!:]?$")
SQL = re.compile(
    r"\s*(?:SELECT|FROM|JOIN|LEFT|RIGHT|INNER|OUTER|WHERE|AND|OR|GROUP|ORDER|HAVING|LIMIT|UNION|ON|SET|VALUES|"
    r"CASE|WHEN)\b"
)
_SETS = re.compile(r"[\w.]+ *[-+:|]?= *\S")
_TEXT = re.compile(r'[rRbBuU]?("""|\'\'\')')
_SHEBANG = re.compile(r"#!/|#.*-\*-|// ?@|/\*|#pragma|#if")


def opens_code(lines: Lines, at: int) -> bool:
    """Whether code begins at a line: one that only code has, with more of it below, or remarks above such a line."""
    line = lines[at]
    strong = _STRONG.match(line)
    if strong and not _lowly(line):
        following = list(lines.filled(at + 1, 3))
        signs = sum(bool(_STRONG.match(below) or _WEAK.match(below)) for below in following)
        return signs >= 2 or (signs == len(following) > 0) or (not following and line.endswith((";", ")", "}")))
    if line and line[0] in "#/*\"'rR" and at >= lines.barren:
        if _under_remarks(lines, at):
            return True
        if _TEXT.match(line):
            lines.barren = at + 40
        elif REMARK.match(line):
            lines.barren = _remarks_end(lines, at)
    return False


def _lowly(line: str) -> bool:
    """Whether what looks like code may be a sentence: ``else we go:``."""
    words = line.split()
    return len(words) > 12 and not any(mark in line for mark in "=(){};<>")


def _under_remarks(lines: Lines, at: int) -> bool:
    """Whether remarks or a text in quotes stand right above a line that only code has."""
    text = _TEXT.match(lines[at])
    number = at
    if text:
        number += lines.whole(at).count(text[1]) < 2
        while number > at and number < min(at + 80, len(lines)) and text[1] not in lines.whole(number):
            number += 1
        number = _remarks_end(lines, lines.after_blank(number + 1))
        if number < len(lines) and _SETS.match(lines[number]):
            return True
    else:
        header = (
            bool(_SHEBANG.match(lines[at])) or lines[at + 1][:1] == lines[at][:1] != "*" or lines[at + 1][:2] == " *"
        )
        if not header and not (lines[at + 1] and _STRONG.match(lines[at + 1])):
            return False
        number = _remarks_end(lines, at) if header else lines.after_blank(at + 1)
        if _TEXT.match(lines[number]):
            return _under_remarks(lines, number) if number > at else False
    return number < len(lines) and bool(_STRONG.match(lines[number]))


def _remarks_end(lines: Lines, at: int) -> int:
    """The first of the next sixty lines that is neither a remark nor blank."""
    stop = min(at + 60, len(lines))
    while at < stop and (not lines[at] or REMARK.match(lines[at]) or _SHEBANG.match(lines[at])):
        at += 1
    return at


def stays_code(lines: Lines, at: int) -> bool:
    """Whether a line goes on with the code above it."""
    line = lines[at]
    if not line or line[0] in " \t})]":
        return bool(line) or lines.after_blank(at) < len(lines)
    if line.startswith(("```", "## ", "### ", "| ", "===")) or (
        _PROSE.match(line) and not SQL.match(line) and not _STRONG.match(line)
    ):
        return bool(REMARK.match(line)) and not line.startswith("## ")
    return not (line.startswith("# ") and not lines[at - 1] and not lines[at + 1] and _titles_prose(lines, at))


def _titles_prose(lines: Lines, at: int) -> bool:
    """Whether what a lone line "# …" stands over is no code, so that it is a title rather than a remark."""
    below = lines[lines.after_blank(at + 1)]
    return not (_STRONG.match(below) or _SETS.match(below) or is_definition(lines, lines.after_blank(at + 1)))


def is_definition(lines: Lines, at: int) -> bool:
    """Whether a line begins a class, a function and so on."""
    line = lines[at]
    if _DEFINITION.match(line):
        return True
    opened = line.endswith("{") or lines[at + 1].strip() == "{"
    return opened and "(" in line and bool(_FUNCTION.match(line))
