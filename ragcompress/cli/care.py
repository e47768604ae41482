"""``ragcompress index verify DIR`` and ``ragcompress index repair DIR``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from ragcompress.cli.output import console, counted, note, put_json
from ragcompress.core.errors import require
from ragcompress.retriever.repair import repair_index, verify_index

__all__ = ["ACTIONS", "repair", "verify"]

typer = require("typer", "cli")


def verify(folder: str, as_json: bool) -> None:
    """Say what is damaged; ends with 1 where anything is."""
    found = verify_index(folder)
    if as_json:
        put_json({"index": folder, "whole": not found.damage, **asdict(found)})
    else:
        for line in found.damage:
            console().print(line, markup=False)
        if found.leftovers:
            note(f"{len(found.leftovers)} leftovers of interrupted saves: no harm, the next save removes them")
        size = f"{counted(found.files, 'file')}, {found.bytes / 1e6:,.1f} MB"
        end = f"mend it: ragcompress index repair {folder}" if found.damage else f"whole: {size}"
        console().print(end, markup=False, style="bold")
    if found.damage:
        raise typer.Exit(1)


def repair(folder: str, as_json: bool) -> None:
    """Mend what can be mended, and say what was done."""
    mended = repair_index(folder)
    if as_json:
        put_json({"index": folder, **asdict(mended)})
        return
    for line in mended.done or ("nothing to mend",):
        console().print(line, markup=False)
    console().print(f"{counted(mended.passages, 'passage')}, whole", markup=False, style="bold")


ACTIONS: dict[str, Callable[[str, bool], None]] = {"verify": verify, "repair": repair}
