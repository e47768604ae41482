"""What a terminal shows: a prompt, the command, its output."""

from __future__ import annotations

import re

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines

__all__ = ["is_prompt", "read_terminal"]

MOST_COMMAND = 500  # characters of a command with its output that stay whole
_PROMPT = re.compile(
    r"(?:\([\w.-]{1,40}\) ?)?(?:\[?[\w.-]{1,40}@[\w.-]{1,60}[: ][^\s$#%>]{0,80}\]?[$#%]|\$|PS [A-Z]:\\[^>\n]{0,80}>|"
    r"[A-Z]:\\[^>\n]{0,80}>|>>>|In \[\d{1,5}\]:|[\u276f\u279c\u03bb]|(?:mysql|sqlite|redis|irb|pry|ghci|"
    r"scala)[\w():.\[\]-]{0,30}>|"
    r"\w{1,30}=[#>])[ \t]+(?=[A-Za-z./~_\"'(\[{!*&-])"
)
_MORE = re.compile(r"(?:\.\.\.|>|\s+\.\.\.:)(?: |$)")


def is_prompt(line: str) -> bool:
    """Whether a line begins with a prompt and goes on with a command."""
    return bool(_PROMPT.match(line))


def read_terminal(lines: Lines, at: int) -> Block | None:
    """Commands with their output; where the text begins with a prompt, blank lines belong to the output too."""
    if not is_prompt(lines[at]):
        return None
    session = lines.after_blank(0) == at
    units: list[Unit] = []
    number = at
    while number < len(lines) and is_prompt(lines[number]):
        told = number + 1
        while lines[told - 1].endswith("\\") or (lines[told] and _MORE.match(lines[told])):
            told += 1
        stop = _output_end(lines, told, session)
        units += _command(lines, number, min(told, stop), stop)
        number = lines.after_blank(stop)
    return Block(number, units, lead=True)


def _output_end(lines: Lines, at: int, session: bool) -> int:
    while at < len(lines) and not is_prompt(lines[at]):
        if not lines[at] and not session and not is_prompt(lines[lines.after_blank(at)]):
            break
        at += 1
    return min(at, len(lines))


def _command(lines: Lines, start: int, told: int, stop: int) -> list[Unit]:
    """A command with its output, or the command and units of its output that need it."""
    span = lines.span(start, stop)
    if span[1] - span[0] <= MOST_COMMAND or told >= stop:
        return [Unit(*span, (), "command")]
    command = lines.span(start, told)
    output = lines.inside(told, stop)
    return [Unit(*command, (), "command"), *(unit._replace(needs=(command, *unit.needs)) for unit in output)]
