"""``--store`` of index, retrieve and ask: a vector database in place of a folder."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from ragcompress.cli.gathering import Gathered, say_skipped
from ragcompress.cli.output import console, counted, note, put_json, show_progress
from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.documents.inventory import unique
from ragcompress.retriever.stores import open_store

__all__ = ["ask_store", "put_into"]


def put_into(address: str, found: Gathered, *, precompute: Any, as_json: bool) -> None:
    """Write passages into a store; one that is there already is replaced, none is deleted.

    Raises:
        InvalidInput: There is no text, or the address is none.
    """
    started = perf_counter()
    passages, renamed = unique(found.all, ())
    if not passages:
        raise InvalidInput("there is no text to index; name files or folders that hold some")
    if renamed:
        note(f"{renamed:,} ids stand for several passages; all but the first got their file's name in front")
    with open_store(address, precompute=precompute) as store:
        store.upsert(passages, progress=show_progress())
        store.optimize()
        facts: dict[str, Any] = {"store": store.place, "written": len(passages), "passages": len(store)}
    facts["seconds"] = round(perf_counter() - started, 3)
    if as_json:
        skipped = [{"file": each.where, "why": each.why} for each in found.skipped]
        put_json({**facts, "files": len(found.digests), "skipped": skipped})
        return
    told = f"{counted(facts['written'], 'passage')} of {counted(len(found.digests), 'file')} into {facts['store']}"
    console().print(f"wrote {told}, which has {facts['passages']:,} now, in {facts['seconds']:.1f} s", markup=False)
    say_skipped(found.skipped)


def ask_store(address: str, question: str, count: int) -> list[Passage]:
    """The best passages of a store, by meaning and by words.

    Raises:
        BadIndex: There is none at the address.
    """
    with open_store(address, create=False, search="hybrid") as store:
        return store.retrieve(question, count)
