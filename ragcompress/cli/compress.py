"""``ragcompress compress``: files or standard input to a shorter context."""

from __future__ import annotations

from typing import Annotated

from ragcompress.cli.options import (
    AsJson,
    Budget,
    Everything,
    Html,
    Keep,
    Method,
    Query,
    WhenNothing,
    Words,
    amount,
    known,
    parted,
    read_input,
)
from ragcompress.cli.output import report
from ragcompress.core.errors import InvalidInput, require
from ragcompress.facade import compress as run

__all__ = ["compress"]

typer = require("typer", "cli")

AsText = Annotated[bool, typer.Option("--text", help="Print the compressed context and nothing else.")]


# One parameter per option is how typer knows them, hence more than six.
def compress(
    words: Words = None,
    query: Query = None,
    budget: Budget = None,
    keep: Keep = None,
    method: Method = None,
    as_json: AsJson = False,
    text: AsText = False,
    html: Html = None,
    everything: Everything = False,
    when_nothing: WhenNothing = "best",
) -> None:
    """Keep what answers the question and drop the rest.

    Without --budget and --keep the method decides how much that is.
    """
    question, files = parted(words, query, command="compress")
    size = amount(budget, keep)
    if as_json and text:
        raise InvalidInput("--json and --text both claim standard output; give one of them")
    method = known(method, size)
    result = run(question, read_input(files), size, method, when_nothing=when_nothing)
    report(result, html=html, as_json=as_json, text=text, everything=everything)
