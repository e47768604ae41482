"""``ragcompress tune``: the labeller fitted to your own labelled questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from ragcompress.cli.options import AsJson
from ragcompress.cli.output import console, note, put_json, show_progress
from ragcompress.core.errors import InvalidInput, require
from ragcompress.training.labelled import Labelled, read_labelled
from ragcompress.training.tuning import TuneReport, readings
from ragcompress.training.tuning import tune as run

__all__ = ["tune"]

typer = require("typer", "cli")

Data = Annotated[
    str,
    typer.Argument(
        help="JSON lines, gzipped or not: question, passages (str, or text, title and support), answers.",
        metavar="DATA",
    ),
]
Out = Annotated[str, typer.Option("--out", "-o", help="Where to write what was learned.", metavar="FILE")]
Limit = Annotated[int | None, typer.Option("--limit", help="Read no more questions than this.", metavar="N")]
Layers = Annotated[
    int, typer.Option("--layers", help="Train so many of the last layers too: slower, needs torch.", min=0, max=4)
]


def tune(
    data: Data,
    out: Out = "labeller-tuned.json",
    limit: Limit = None,
    layers: Layers = 0,
    as_json: AsJson = False,
) -> None:
    """Fit the labeller to your own labelled questions; use it with --method labeller:FILE.

    One question in five is held out; nothing is written unless the fitted labeller is better there.
    """
    if limit is not None and limit < 1:
        raise InvalidInput(f"--limit is {limit}; give at least 1")
    read: list[Labelled] = []
    for labelled in read_labelled(Path(data)):
        read.append(labelled)
        if limit is not None and len(read) >= limit:
            break
    progress = require("rich.progress", "cli").Progress(console=console(stderr=True), disable=not show_progress())
    with progress:
        task = progress.add_task("reading passages", total=readings(read, layers=layers))
        report = run(read, out, layers=layers, advance=lambda n: progress.advance(task, n))
    if as_json:
        put_json({name: getattr(report, name) for name in TuneReport.__dataclass_fields__})
    else:
        console().print(_table(report))
    for remark in _remarks(report, layers):
        note(remark)
    note(f"wrote {out}" if report.better else f"no better than before on held-out questions: {out} was not written")


def _remarks(report: TuneReport, layers: int) -> Iterator[str]:
    """What the table alone does not say."""
    if layers and not report.layers:
        yield f"training the last {layers} layers did no better than fitted weights alone, so they were left out"
    worse = [
        f"{share:.0%} ({before:.3f} → {after:.3f})"
        for share, before, after in zip(report.shares, report.before, report.after, strict=True)
        if after < before
    ]
    if worse:
        yield f"worse at {', '.join(worse)}; with {report.held_out} questions held out, a few of them decide that"


def _table(report: TuneReport) -> object:
    title = f"needed text kept, on {report.held_out} of {report.questions} questions held out"
    table = require("rich.table", "cli").Table(title=title, box=require("rich.box", "cli").SIMPLE_HEAD)
    table.add_column("tokens kept")
    for share in report.shares:
        table.add_column(f"{share:.0%}", justify="right")
    for name, values in (("before", report.before), ("after", report.after)):
        table.add_row(name, *(f"{value:.3f}" for value in values))
    return table
