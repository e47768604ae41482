"""``ragcompress index``: files and folders to an index on disk, and later what has changed in them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

from ragcompress.cli.care import ACTIONS
from ragcompress.cli.gathering import Gathered, gather, say_skipped
from ragcompress.cli.options import AsJson, Files, MaybeStore, Precompute, StoreUnits, needs_input
from ragcompress.cli.output import console, counted, note, put_json
from ragcompress.cli.stores import put_into
from ragcompress.core.errors import BadIndex, InvalidInput, require
from ragcompress.documents.inventory import Changes, compare, held, unique
from ragcompress.retriever import HybridRetriever

__all__ = ["Column", "Exclude", "Strict", "index", "open_index", "put_changes"]

typer = require("typer", "cli")

Out = Annotated[
    str | None, typer.Option("--out", "-o", help="The folder to write; replaces an index there.", metavar="DIR")
]
Update = Annotated[bool, typer.Option("--update", help="Read only what has changed since, and forget what is gone.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first file that can't be read, and write nothing.")]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", "-x", help="Leave out, in folders: a pattern as in .gitignore.", metavar="PATTERN"),
]
Column = Annotated[
    str, typer.Option("--text-column", help="Column or key of the text, in tables and JSON lines.", metavar="NAME")
]
_WORTH_RESUMING = 512  # passages: the retriever keeps its work on disk in shards of this size
_SAVED_EVERY = 2000  # passages: what an interrupted update loses at most


# One parameter per option is how typer knows them, hence more than six.
def index(
    out: Out = None,
    files: Files = None,
    update: Update = False,
    strict: Strict = False,
    exclude: Exclude = None,
    column: Column = "text",
    precompute: Precompute = False,
    units: StoreUnits = False,
    store: MaybeStore = None,
    as_json: AsJson = False,
) -> None:
    """Index files and folders for retrieve and ask, into a folder or a vector database.

    A file that can't be read is named and left out. When it is interrupted, the same command goes on where it stopped.

    `ragcompress index verify DIR` looks through an index for damage, `ragcompress index repair DIR` mends it.
    """
    if out is None and store is None and files is not None and len(files) == 2 and files[0] in ACTIONS:
        ACTIONS[files[0]](files[1], as_json)
        return
    started = perf_counter()
    needs_input(files)
    stored = precompute or (units and "units")
    files = files or ["-"]
    if store is not None:
        if out is not None or update:
            raise InvalidInput("--store writes to a database, --out and --update to a folder; give one of them")
        found = gather(files, exclude=exclude or (), column=column, strict=strict, known={})
        put_into(store, found, precompute=stored, as_json=as_json)
        return
    if out is None:
        raise InvalidInput("say where to: --out FOLDER, or --store lancedb:PATH, postgresql://… or qdrant:URL")
    _check_target(Path(out), files)
    made = open_index(out) if update else None
    before = held(made) if made is not None else {}
    known = {name: each.digest for name, each in before.items()}
    found = gather(files, exclude=exclude or (), column=column, strict=strict, known=known)
    if made is not None:
        changes = compare(before, found.digests, files)
        put_changes(made, found, [*changes.changed, *changes.gone], out)
    else:
        changes = None
        made = _build(found, out, precompute=stored)
    facts = {"out": out, "passages": len(made), "files": len(found.digests), "kind": made.dense.kind}
    facts |= {"bytes": size_of(out), "seconds": round(perf_counter() - started, 3)}
    _tell(facts, found, changes, as_json=as_json)


def _build(found: Gathered, out: str, *, precompute: Any) -> HybridRetriever:
    passages = _distinct(found, ())
    if not passages:
        why = "; ".join(f"{gone.where}: {gone.why}" for gone in found.skipped[:3])
        raise InvalidInput("there is no text to index; name files or folders that hold some" + (why and f" ({why})"))
    resume = Path(f"{out.rstrip('/')}.partial") if len(passages) > _WORTH_RESUMING else None
    if resume is not None and resume.exists():
        note(f"going on with what is in {resume}")
    made = HybridRetriever.build(passages, precompute=precompute, progress=True, resume_folder=resume)
    made.save(out)
    if resume is not None:
        shutil.rmtree(resume, ignore_errors=True)
    return made


def _distinct(found: Gathered, taken: Sequence[str]) -> list[Any]:
    passages, renamed = unique(found.all, taken)
    if renamed:
        note(f"{renamed:,} ids stand for several passages; all but the first got their file's name in front")
    return passages


def put_changes(made: HybridRetriever, found: Gathered, stale: Sequence[str], out: str) -> None:
    """Take the passages of stale files out and put new ones in; saved now and then, each time a whole state."""
    there = held(made)
    waiting = _distinct(found, [name for file, each in there.items() if file not in stale for name in each.ids])
    made.delete([name for file in stale if file in there for name in there[file].ids])
    batch: list[Any] = []
    for at, passage in enumerate(waiting):
        last_of_file = at + 1 == len(waiting) or waiting[at + 1].metadata["file"] != passage.metadata["file"]
        batch.append(passage)
        if len(batch) >= _SAVED_EVERY and last_of_file:
            made.add(batch)
            made.save(out)
            note(f"{at + 1:,} of {len(waiting):,} passages are in")
            batch = []
    if batch or stale:
        made.add(batch)
        made.save(out)


def _tell(facts: dict[str, Any], found: Gathered, changes: Changes | None, *, as_json: bool) -> None:
    if as_json:
        skipped = [{"file": each.where, "why": each.why} for each in found.skipped]
        done = {name: list(getattr(changes, name)) for name in Changes.__dataclass_fields__} if changes else {}
        put_json({**facts, **done, "skipped": skipped})
        return
    out = console()
    if changes is not None:
        for name in Changes.__dataclass_fields__:
            files = getattr(changes, name)
            names = ": " + ", ".join(files[:20]) + (" …" if len(files) > 20 else "") if name != "unchanged" else ""
            out.print(f"{name}: {counted(len(files), 'file')}{names if files else ''}", markup=False)
    passages = counted(facts["passages"], "passage")
    said = f"{passages} of {counted(facts['files'], 'file')}" if changes is None else f"{passages} now"
    size = f"{facts['bytes'] / 1e6:,.1f} MB"
    out.print(f"indexed {said} into {facts['out']} ({size}) in {facts['seconds']:.1f} s", markup=False)
    say_skipped(found.skipped)


def size_of(folder: str) -> int:
    """Bytes on disk of everything in a folder."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def open_index(folder: str) -> HybridRetriever:
    """The index in ``folder``.

    Raises:
        BadIndex: There is none, or it can't be used.
    """
    try:
        return HybridRetriever.load(folder)
    except BadIndex as error:
        if type(error) is BadIndex:
            raise BadIndex(f"{error}, or on the command line: ragcompress index FILES --out {folder}") from error
        raise


def _check_target(out: Path, files: Sequence[str]) -> None:
    """Refuse to write where it would do harm: among strangers' files, or where the next run would read it as input."""
    for given in files:
        if given != "-" and Path(given).is_dir() and out.resolve().is_relative_to(Path(given).resolve()):
            raise InvalidInput(f"--out {out} lies inside {given}, which is read; put the index beside it")
    if out.is_dir() and not (out / "CURRENT").exists() and any(out.iterdir()):
        raise InvalidInput(f"--out {out} is a folder with other files in it; name a new folder or an earlier index")
