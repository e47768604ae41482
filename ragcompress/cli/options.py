"""Options that several commands share, and the values made of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from ragcompress.cli.output import warn
from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.documents.files import read_files
from ragcompress.methods import resolve

__all__ = [
    "AsJson", "Budget", "Count", "Everything", "Files", "Html", "Index", "Keep", "MaybeIndex", "MaybeStore", "Method",
    "Precompute", "Query", "StoreUnits", "WhenNothing", "Words", "amount", "known", "needs_input", "parted",
    "read_input",
]  # fmt: skip

typer = require("typer", "cli")

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar='"QUESTION" [FILES]...',
        help="The question, then files and folders to read; standard input when none is named, or -.",
        show_default=False,
    ),
]
Query = Annotated[
    str | None, typer.Option("--query", "-q", help="The question, for scripts: then all words are files.", metavar="Q")
]
Everything = Annotated[bool, typer.Option("--all", help="Show all that was kept and dropped, however long.")]
Budget = Annotated[int | None, typer.Option("--budget", "-b", help="The most tokens to keep.", metavar="N")]
Keep = Annotated[float | None, typer.Option("--keep", help="The fraction to keep: 0.2 is a fifth.", metavar="F")]
Method = Annotated[
    str | None, typer.Option("--method", "-m", help="How to compress; see: ragcompress methods.", metavar="NAME")
]
WhenNothing = Annotated[
    Literal["best", "all", "empty"],
    typer.Option("--when-nothing", help="What to keep where nothing is relevant enough: best, all or empty."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Html = Annotated[
    str | None, typer.Option("--html", help="Also write a page with the kept text highlighted.", metavar="FILE")
]
MaybeIndex = Annotated[
    str | None, typer.Option("--index", "-i", help="The folder that `ragcompress index` made.", metavar="DIR")
]
Precompute = Annotated[
    bool, typer.Option("--precompute", help="Store token states too: later compression reads them, 100 kB a passage.")
]
StoreUnits = Annotated[
    bool, typer.Option("--units", help="Store units and their vectors, 30 kB a passage: enough for dense and student.")
]
Index = Annotated[str, typer.Option("--index", "-i", help="The folder that `ragcompress index` made.", metavar="DIR")]
MaybeStore = Annotated[
    str | None,
    typer.Option(
        "--store", help="A vector database: lancedb:PATH, postgresql://… or qdrant:URL, #TABLE at the end.",
        metavar="STORE",
    ),
]  # fmt: skip
Count = Annotated[int, typer.Option("--count", "-k", help="How many passages to retrieve.", metavar="N")]
Files = Annotated[
    list[str] | None,
    typer.Argument(help="Files and folders to read; standard input when none is named, or -.", show_default=False),
]


_SKIPPED = 10  # files that are named one by one


def parted(words: list[str] | None, query: str | None, *, command: str) -> tuple[str, list[str]]:
    """The question and the files: with ``--query`` every word is a file, without it the first word is the question.

    Raises:
        InvalidInput: There is no question, or a file stands where it should.
    """
    words = words or []
    if query is not None:
        return query, words
    if not words:
        raise InvalidInput(f'ask a question: ragcompress {command} "When did it happen?"')
    if _is_there(words[0]):
        raise InvalidInput(
            f"{words[0]!r} is a file here and no question; the question comes first: "
            f'ragcompress {command} "QUESTION" {words[0]}. If that is the question, say it with --query'
        )
    return words[0], words[1:]


def _is_there(word: str) -> bool:
    try:
        return bool(word.strip()) and Path(word).exists()
    except (OSError, ValueError):  # too long or impossible for a file's name: so it is none
        return False


def known(method: str | None, size: int | float | None) -> str | None:
    """The method's name as given, once it is sure that it can be had: before any long work.

    Raises:
        InvalidInput: There is no such method, or it needs a model.
        MissingExtra: It needs a package that is not installed.
    """
    if method is not None:
        resolve(method, dynamic=size is None)
    return method


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


def needs_input(files: list[str] | None) -> None:
    """Say so instead of waiting for somebody to type.

    Raises:
        InvalidInput: Nothing is named and nothing is piped in.
    """
    if not files and (sys.stdin is None or sys.stdin.isatty()):
        raise InvalidInput("nothing to read; name files or folders, or pipe text in: cat notes.md | ragcompress …")


def read_input(files: list[str] | None) -> list[Passage]:
    """Passages from what was named, or from what is piped in; files in folders that can't be read are named.

    Raises:
        InvalidInput: Nothing is named and nothing is piped in; or see `read_files`.
    """
    needs_input(files)
    content = read_files(files or ["-"])
    for gone in content.skipped[:_SKIPPED]:
        warn(f"skipped {gone.where}: {gone.why}")
    if len(content.skipped) > _SKIPPED:
        warn(f"and {len(content.skipped) - _SKIPPED:,} more files")
    return content.passages
