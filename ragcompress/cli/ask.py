"""``ragcompress ask``: retrieve, compress, answer."""

from __future__ import annotations

from typing import Annotated

from ragcompress.cli.answer import answer
from ragcompress.cli.index import open_index
from ragcompress.cli.options import (
    AsJson,
    Budget,
    Count,
    Everything,
    Html,
    Keep,
    MaybeStore,
    Method,
    Query,
    WhenNothing,
    Words,
    amount,
    known,
    parted,
    read_input,
)
from ragcompress.cli.output import console, put_json, show, warn, write_file
from ragcompress.cli.stores import ask_store
from ragcompress.core.errors import InvalidInput, require
from ragcompress.facade import compress
from ragcompress.results.page import pages
from ragcompress.results.show import visible

__all__ = ["ask"]

typer = require("typer", "cli")

MaybeIndex = Annotated[
    str | None, typer.Option("--index", "-i", help="Ask the index that `ragcompress index` made.", metavar="DIR")
]


# One parameter per option is how typer knows them, hence more than six.
def ask(
    words: Words = None,
    query: Query = None,
    index: MaybeIndex = None,
    store: MaybeStore = None,
    count: Count = 10,
    budget: Budget = None,
    keep: Keep = None,
    method: Method = None,
    as_json: AsJson = False,
    html: Html = None,
    everything: Everything = False,
    when_nothing: WhenNothing = "best",
) -> None:
    """Answer a question from an index, a vector database, files or standard input.

    Of an index the best passages are retrieved first; files are read whole. The answer comes from the compressed
    context, which is shown below it.
    """
    question, files = parted(words, query, command="ask")
    size = amount(budget, keep)
    if (index is not None) + (store is not None) + bool(files) > 1:
        raise InvalidInput("--index, --store and FILES: more than one is given; ask one of them")
    method = known(method, size)
    if store is not None:
        passages = ask_store(store, question, count)
    else:
        passages = read_input(files) if index is None else open_index(index).retrieve(question, count)
    result = compress(question, passages, size, method, when_nothing=when_nothing)
    found = answer(result.context)
    if html is not None:
        write_file(html, pages(question, [(result, f"Answer: {found} · {found.reader}")]))
    if as_json:
        for warning in result.warnings:
            warn(warning)
        put_json({"query": question, "answer": found.to_dict(), "context": result.to_dict()})
        return
    said = " ".join(visible(str(found)).split())  # a span over several lines is one answer still
    console().print(require("rich.text", "cli").Text.assemble((said, "bold green"), (f"  {found.reader}", "dim"), "\n"))
    show(result, everything=everything)
