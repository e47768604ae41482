"""``ragcompress info | add | delete``: what an index holds, file by file, and changes to it."""

from __future__ import annotations

import os
from collections import Counter
from typing import Annotated, Any

from ragcompress.cli.gathering import gather, say_skipped
from ragcompress.cli.index import Column, Exclude, Strict, open_index, put_changes, size_of
from ragcompress.cli.options import AsJson, Index, needs_input
from ragcompress.cli.output import console, counted, put_json
from ragcompress.core.errors import InvalidInput, require
from ragcompress.documents.inventory import held

__all__ = ["add", "delete", "info"]

typer = require("typer", "cli")

Folder = Annotated[str, typer.Argument(help="The folder that `ragcompress index` made.", metavar="DIR")]
More = Annotated[list[str], typer.Argument(help="Files and folders to add; one that is there is read again.")]
Names = Annotated[list[str], typer.Argument(help="Files as `info` names them, or ids of passages.")]
EveryFile = Annotated[bool, typer.Option("--all", help="Name every file.")]
_SHOWN = 20  # files


def info(folder: Folder, everything: EveryFile = False, as_json: AsJson = False) -> None:
    """Say what an index holds: passages, files, size, encoder."""
    made = open_index(folder)
    files = {name: len(each.ids) for name, each in held(made).items()}
    facts: dict[str, Any] = {
        "passages": len(made),
        "files": len(files) - ("" in files),
        "bytes": size_of(folder),
        "search": made.dense.kind,
        "encoder": repr(made.dense.encoder),
        "precomputed": sorted(made.dense.sidecars),
    }
    if as_json:
        put_json({"index": folder, **facts, "by_file": files})
        return
    out = console()
    kinds = Counter(os.path.splitext(name)[1].lower() or "no ending" for name in files if name)
    size = f"{facts['bytes'] / 1e6:,.1f} MB"
    out.print(f"{counted(facts['passages'], 'passage')} of {counted(facts['files'], 'file')}, {size}", style="bold")
    out.print(", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common()) or "no files", markup=False)
    states = ", ".join(facts["precomputed"]) or "nothing (see index --precompute)"
    out.print(f"search: {facts['search']} and BM25; {facts['encoder']}; precomputed: {states}", markup=False)
    shown = list(files.items())[: None if everything else _SHOWN]
    for name, count in shown:
        out.print(f"{count:8,}  {name or '(passages without a file)'}", markup=False, soft_wrap=True)
    if len(shown) < len(files):
        out.print(f"and {counted(len(files) - len(shown), 'more file')}: --all names them", style="dim")


# One parameter per option is how typer knows them, hence more than six.
def add(
    files: More,
    index: Index,
    strict: Strict = False,
    exclude: Exclude = None,
    column: Column = "text",
    as_json: AsJson = False,
) -> None:
    """Add files to an index; a file that is in it already is read again."""
    needs_input(files)
    made = open_index(index)
    before = len(made)
    found = gather(files, exclude=exclude or (), column=column, strict=strict, known={})
    put_changes(made, found, list(found.passages), index)
    if as_json:
        skipped = [{"file": each.where, "why": each.why} for each in found.skipped]
        put_json({"files": list(found.passages), "passages": len(made), "before": before, "skipped": skipped})
        return
    console().print(
        f"{counted(len(found.passages), 'file')} read: {before:,} → {counted(len(made), 'passage')}", markup=False
    )
    say_skipped(found.skipped)


def delete(names: Names, index: Index, as_json: AsJson = False) -> None:
    """Delete files, or single passages by their ids, from an index."""
    made = open_index(index)
    files = held(made)
    there = {name for each in files.values() for name in each.ids}
    unknown = [name for name in names if name not in files and name not in there]
    if unknown:
        raise InvalidInput(
            f"{index} holds no file and no passage {unknown[0]!r}; nothing was deleted. "
            f"See: ragcompress info {index} --all"
        )
    gone = made.delete([each for name in names for each in (files[name].ids if name in files else [name])])
    made.save(index)
    if as_json:
        put_json({"deleted": gone, "passages": len(made)})
    else:
        console().print(f"{counted(gone, 'passage')} deleted, {len(made):,} left", markup=False)
