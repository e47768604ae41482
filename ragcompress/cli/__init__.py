"""The command line: ``ragcompress demo | index | retrieve | compress | ask | methods | …``.

Human output by default; with ``--json`` standard output holds the JSON and nothing else. Progress, warnings and
errors go to standard error. Exit codes: 0 done, 2 bad input, 1 a mistake of ours (``eval``: something does not hold),
130 interrupted, 141 the reader of the output went away.

Every module here but this one needs typer and rich (the extra ``cli``).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from ragcompress.core.errors import MissingExtra, require

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit; without typer or rich, name the pip line instead."""
    if sys.stdout is None:  # closed by whoever started us
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - open until the end
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # not a real text stream: a test's, a notebook's, a closed one
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        require("typer", "cli")
        require("rich", "cli")
        from ragcompress.cli.app import app
    except MissingExtra as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    app(prog_name="ragcompress")
