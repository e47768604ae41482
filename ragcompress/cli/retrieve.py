"""``ragcompress retrieve``: the passages of an index or a store that are nearest to a question."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

from ragcompress.cli.index import open_index
from ragcompress.cli.options import AsJson, Count, MaybeIndex, MaybeStore, Query, Words, parted
from ragcompress.cli.output import console, note, put_json
from ragcompress.cli.stores import ask_store
from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.results.show import visible

__all__ = ["retrieve"]

typer = require("typer", "cli")

Lines = Annotated[bool, typer.Option("--jsonl", help="Print a passage a line, for: | ragcompress compress …")]
_PREVIEW = 160  # characters


def retrieve(
    words: Words = None,
    query: Query = None,
    index: MaybeIndex = None,
    store: MaybeStore = None,
    count: Count = 10,
    as_json: AsJson = False,
    lines: Lines = False,
) -> None:
    """Find passages in an index or a vector database, best first."""
    question, others = parted(words, query, command="retrieve")
    if others:
        raise InvalidInput(f"retrieve reads the index and no files, such as {others[0]!r}; put the question in quotes")
    if as_json and lines:
        raise InvalidInput("--json and --jsonl both claim standard output; give one of them")
    if (index is None) == (store is None):
        raise InvalidInput("say where to look: --index FOLDER or --store lancedb:PATH, postgresql://…; one of them")
    found = open_index(index).retrieve(question, count) if index else ask_store(store or "", question, count)
    if as_json:
        put_json([_row(passage) for passage in found])
    elif lines:
        sys.stdout.writelines(json.dumps(_row(passage), default=str) + "\n" for passage in found)
    elif found:
        console().print(_table(found))
    else:
        note("nothing found")


def _row(passage: Passage) -> dict[str, Any]:
    return {
        "id": passage.id,
        "title": passage.title,
        "text": passage.text,
        "score": passage.score,
        "metadata": dict(passage.metadata),
    }


def _table(found: Sequence[Passage]) -> Any:
    text = require("rich.text", "cli").Text
    table = require("rich.table", "cli").Table(box=require("rich.box", "cli").SIMPLE_HEAD)
    table.add_column("", justify="right", style="dim")
    table.add_column("passage", overflow="fold")
    for rank, passage in enumerate(found, start=1):
        flat = " ".join(visible(passage.text[: 4 * _PREVIEW]).split())
        preview = flat if len(flat) <= _PREVIEW else flat[:_PREVIEW].rpartition(" ")[0] + " …"
        name = text.assemble((visible(passage.title), "bold"), (f"  {visible(passage.id)}", "dim"), f"\n{preview}")
        table.add_row(str(rank), name)  # no score: a sum of reciprocal ranks says nothing that the rank does not
    return table
