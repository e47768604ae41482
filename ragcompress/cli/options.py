"""Options that several commands share, and the values made of them."""

from __future__ import annotations

import sys
from typing import Annotated

from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.documents.files import read_passages

__all__ = [
    "AsJson", "Budget", "Count", "Files", "Html", "Index", "Keep", "Method", "Query", "amount", "read_input",
]  # fmt: skip

typer = require("typer", "cli")

Query = Annotated[str, typer.Option("--query", "-q", help="The question.")]
Budget = Annotated[int | None, typer.Option("--budget", "-b", help="The most tokens to keep.", metavar="N")]
Keep = Annotated[float | None, typer.Option("--keep", help="The fraction to keep: 0.2 is a fifth.", metavar="F")]
Method = Annotated[
    str | None, typer.Option("--method", "-m", help="How to compress; see: ragcompress methods.", metavar="NAME")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Html = Annotated[
    str | None, typer.Option("--html", help="Also write a page with the kept text highlighted.", metavar="FILE")
]
Index = Annotated[str, typer.Option("--index", "-i", help="The folder that `ragcompress index` made.", metavar="DIR")]
Count = Annotated[int, typer.Option("--count", "-k", help="How many passages to retrieve.", metavar="N")]
Files = Annotated[
    list[str] | None,
    typer.Argument(help="Files and folders: .txt .md .html .jsonl .csv. Standard input when none is named, or -."),
]


def amount(budget: int | None, keep: float | None) -> int | float | None:
    """What ``ragcompress.compress`` takes as a budget; None lets the method's threshold decide.

    Raises:
        InvalidInput: Both are given, or one is out of range.
    """
    if budget is not None and keep is not None:
        raise InvalidInput("--budget and --keep both say how much to keep; give one of them")
    if budget is not None and budget < 0:
        raise InvalidInput(f"--budget is {budget}; give a number of tokens of at least 0")
    if keep is not None and not 0 < keep <= 1:
        raise InvalidInput(f"--keep is {keep}; give a fraction above 0 and up to 1 (for tokens there is --budget)")
    return budget if keep is None else keep


def read_input(files: list[str] | None) -> list[Passage]:
    """Passages from what was named, or from what is piped in.

    Raises:
        InvalidInput: Nothing is named and nothing is piped in; or see `read_passages`.
    """
    if not files and sys.stdin.isatty():
        raise InvalidInput("nothing to read; name files or folders, or pipe text in: cat notes.md | ragcompress …")
    return read_passages(files or ["-"])
