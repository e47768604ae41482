"""``ragcompress methods``: what can be named after ``--method``."""

from __future__ import annotations

from ragcompress.cli.options import AsJson
from ragcompress.cli.output import console, put_json
from ragcompress.core.errors import require
from ragcompress.methods import DEFAULT, METHODS

__all__ = ["methods"]


def methods(as_json: AsJson = False) -> None:
    """List the compression methods, as --method and compress(compressor=…) take them."""
    if as_json:
        fields = ("name", "paper", "needs", "offline", "summary")
        put_json([{field: getattr(method, field) for field in fields} for method in METHODS])
        return
    text = require("rich.text", "cli").Text
    table = require("rich.table", "cli").Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for method in METHODS:
        name = text.assemble(method.name, ("\n(default)" if method.name == DEFAULT else "", "dim"))
        source = f"{method.paper}; needs {method.needs}" if method.needs else method.paper
        table.add_row(name, text.assemble(method.summary, (f"\n{source}", "dim")))
    console().print(table)
