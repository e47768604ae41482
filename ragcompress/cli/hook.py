"""``ragcompress hook``: a tool's output on standard input, a shorter one on standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

from ragcompress.cli.output import complain
from ragcompress.core.errors import require
from ragcompress.integrations.outputs import Shortener, answer_hook, originals_folder

__all__ = ["hook"]

typer = require("typer", "cli")


def hook(
    question: Annotated[str, typer.Argument(help="What is asked; an agent's event says it itself.")] = "",
    budget: Annotated[int, typer.Option(help="Tokens; shorter output stays as it is.", min=50)] = 1500,
    method: Annotated[str | None, typer.Option(help="See `ragcompress methods`.", metavar="NAME")] = None,
    originals: Annotated[
        str | None, typer.Option(help="Where whole outputs are kept; the user's cache by default.", metavar="DIR")
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Keep no whole outputs.")] = False,
) -> None:
    """Shorten a tool's output: piped text, or the PostToolUse event of a coding agent's hook.

    Whatever goes wrong, the output goes on as it came.
    """
    given = sys.stdin.buffer.read().decode("utf-8", "replace")
    folder = None if forget else Path(originals) if originals else originals_folder()
    shorten = Shortener(budget, folder, method)
    event = _event(given)
    try:
        if event is None:
            told = shorten(question or "What failed, and what is the result?", given)
        else:
            answer = answer_hook(event, shorten, question)
            told = json.dumps(answer, ensure_ascii=False) if answer else ""
    except Exception as error:  # an agent must never lose a tool's output to its compressor
        complain(f"not shortened: {type(error).__name__}: {error}")
        told = given if event is None else ""
    sys.stdout.buffer.write(told.encode("utf-8", "replace"))


def _event(given: str) -> dict[str, Any] | None:
    """The event of a hook; None: it is a tool's output itself."""
    if not given.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(given)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "hook_event_name" in found and "tool_response" in found else None
