"""``ragcompress index``: files and folders to an index on disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated

from ragcompress.cli.options import AsJson, Files, read_input
from ragcompress.cli.output import console, note, put_json, show_progress
from ragcompress.core.errors import BadIndex, InvalidInput, require
from ragcompress.retriever import HybridRetriever

__all__ = ["index", "open_index"]

typer = require("typer", "cli")

Out = Annotated[str, typer.Option("--out", "-o", help="The folder to write; replaces an index there.", metavar="DIR")]
Precompute = Annotated[
    bool, typer.Option("--precompute", help="Store token states too: later compression reads them, 100 kB a passage.")
]
_WORTH_RESUMING = 512  # passages: the retriever keeps its work on disk in shards of this size


def index(out: Out, files: Files = None, precompute: Precompute = False, as_json: AsJson = False) -> None:
    """Index files and folders for retrieve and ask.

    When it is interrupted, the same command goes on where it stopped.
    """
    started = perf_counter()
    _check_target(Path(out), files or [])
    passages = read_input(files)
    resume = Path(f"{out.rstrip('/')}.partial") if len(passages) > _WORTH_RESUMING else None
    if resume is not None and resume.exists():
        note(f"going on with what is in {resume}")
    made = HybridRetriever.build(passages, precompute=precompute, progress=show_progress(), resume_folder=resume)
    made.save(out)
    if resume is not None:
        shutil.rmtree(resume, ignore_errors=True)
    seconds = perf_counter() - started
    if as_json:
        put_json({"out": out, "passages": len(made), "kind": made.dense.kind, "seconds": round(seconds, 3)})
    else:
        noun = "passage" if len(made) == 1 else "passages"
        console().print(f"indexed {len(made):,} {noun} into {out} in {seconds:.1f} s", markup=False)


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
