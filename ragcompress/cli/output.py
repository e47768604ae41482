"""Where words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ragcompress.core.errors import InvalidInput, require
from ragcompress.results.result import Compressed
from ragcompress.results.show import rich_lines, visible

__all__ = [
    "complain",
    "console",
    "counted",
    "note",
    "put_json",
    "put_text",
    "report",
    "show",
    "show_progress",
    "warn",
    "write_file",
]


SCREEN = 1600  # characters of passages: with the lines around them, about a screen


def console(*, stderr: bool = False) -> Any:
    """A rich console; a closed pipe raises BrokenPipeError, as everywhere else."""

    class Console(require("rich.console", "cli").Console):  # type: ignore[misc]
        def on_broken_pipe(self) -> None:
            raise  # rich calls this while it handles the error

    return Console(stderr=stderr, highlight=False)


def counted(count: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "passage"), counted(1200, "file")
    ('1 passage', '1,200 files')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def put_json(value: Any) -> None:
    """One JSON document on standard output; escaped to ASCII, so that lone surrogates survive any encoding."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def put_text(text: str) -> None:
    """Text as it is, ending in a line break unless it is empty."""
    sys.stdout.write(text + "\n" if text and not text.endswith("\n") else text)


def note(message: str) -> None:
    """Tell the person at the terminal something."""
    _say(message, "dim")


def warn(message: str) -> None:
    """Tell the person at the terminal something that matters."""
    _say(f"warning: {message}", "yellow")


def complain(message: str) -> None:
    """Say why the command stops."""
    _say(f"error: {message}", "red")


def _say(message: str, style: str) -> None:
    # soft_wrap: a pip line that rich had folded could not be copied
    console(stderr=True).print(visible(message), style=style, soft_wrap=True, markup=False)


def show_progress() -> bool:
    """Whether someone watches standard error."""
    return sys.stderr.isatty()


def write_file(path: str, text: str) -> None:
    """Write a file that the user named, and say so.

    Raises:
        InvalidInput: It can't be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise InvalidInput(f"cannot write {path!r}: {error.strerror}; name a file in a folder that exists") from error
    note(f"wrote {path}")


def show(result: Compressed, *, everything: bool = False) -> None:
    """What was kept, in its place: about a screen of it, or everything."""
    out = console()
    colour = out.color_system is not None and not out.no_color
    for line in rich_lines(result, colour=colour, most=None if everything else SCREEN):
        out.print(line)


def report(result: Compressed, *, html: str | None, as_json: bool, text: bool, everything: bool = False) -> None:
    """A compressed context in the form that was asked for; ``--html`` goes to its file beside any of them."""
    if html is not None:
        write_file(html, result.to_html())
    if as_json or text:
        for warning in result.warnings:
            warn(warning)
    if as_json:
        put_json(result.to_dict())
    elif text:
        put_text(result.text)
    else:
        show(result, everything=everything)
