"""``ragcompress ask``: retrieve, compress, answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ragcompress.cli.answer import Answer, answer
from ragcompress.cli.index import open_index
from ragcompress.cli.options import (
    AsJson,
    Budget,
    Count,
    Everything,
    Html,
    Keep,
    MaybeIndex,
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
from ragcompress.cli.readers import BaseUrl, MaybeReader, chat_of
from ragcompress.cli.stores import ask_store
from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.render import whole
from ragcompress.core.types import Passage
from ragcompress.facade import compress
from ragcompress.generators.chat import Chat
from ragcompress.generators.prompting import cited
from ragcompress.results.page import pages
from ragcompress.results.show import visible

__all__ = ["ask"]

typer = require("typer", "cli")


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
    reader: MaybeReader = None,
    base_url: BaseUrl = None,
) -> None:
    """Answer a question from an index, a vector database, files or standard input.

    Of an index the best passages are retrieved first; files are read whole. The answer comes from the compressed
    context, which is shown below it. Where the reader is not sure, the sentence that comes closest is shown instead.
    """
    question, files = parted(words, query, command="ask")
    size = amount(budget, keep)
    if (index is not None) + (store is not None) + bool(files) > 1:
        raise InvalidInput("--index, --store and FILES: more than one is given; ask one of them")
    chat = chat_of(reader, base_url)
    method = known(method, size)
    if store is not None:
        passages = ask_store(store, question, count)
    else:
        passages = read_input(files) if index is None else open_index(index).retrieve(question, count)
    result = compress(question, passages, _rendered(size, question, passages, chat), method, when_nothing=when_nothing)
    found = answer(result.context, chat, None if as_json else _stream)
    if html is not None:
        write_file(html, pages(question, [(result, f"Answer: {found} · {found.said_by}")]))
    if as_json:
        for warning in result.warnings:
            warn(warning)
        put_json({"query": question, "answer": found.to_dict(), "context": result.to_dict()})
        return
    _say(found, streamed=chat is not None)
    show(result, everything=everything)


def _rendered(
    size: int | float | None, question: str, passages: Sequence[Passage], chat: Chat | None
) -> int | float | TokenBudget | None:
    """The budget, counted as a language model's prompt is written: with numbers and titles."""
    if chat is None or size is None:
        return size
    budget = TokenBudget(0, embedded_count, cited)
    limit = size if isinstance(size, int) else int(size * whole(Context.of(question, passages), budget)[1])
    return TokenBudget(limit, embedded_count, cited)


def _stream(piece: str) -> None:
    sys.stdout.write(visible(piece))
    sys.stdout.flush()


def _say(found: Answer, *, streamed: bool) -> None:
    if streamed and (found.text or found.closest):
        print()  # the model's words stand there already
    said = " ".join(visible(str(found)).split())  # a span over several lines is one answer still
    shown = f"{found.source.title or found.source.id}" if streamed and found.text and found.source else said
    console().print(
        require("rich.text", "cli").Text.assemble((shown, "bold green"), (f"  {found.said_by}", "dim"), "\n")
    )
