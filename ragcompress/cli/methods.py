"""``ragcompress methods``: what can be named after ``--method``."""

from __future__ import annotations

from ragcompress.cli.options import AsJson
from ragcompress.cli.output import console, put_json
from ragcompress.core.errors import require
from ragcompress.methods import METHODS

__all__ = ["methods"]


def methods(as_json: AsJson = False) -> None:
    """List the compression methods."""
    if as_json:
        fields = ("name", "paper", "needs", "offline", "summary")
        put_json([{field: getattr(method, field) for field in fields} for method in METHODS])
        return
    table = require("rich.table", "cli").Table(box=require("rich.box", "cli").SIMPLE_HEAD)
    table.add_column("name", style="bold", no_wrap=True)
    for name in ("what it does", "paper", "needs"):
        table.add_column(name)
    for method in METHODS:
        needs = method.needs if method.offline else f"{method.needs} (network)".strip()
        table.add_row(method.name, method.summary, method.paper, needs)
    console().print(table)
