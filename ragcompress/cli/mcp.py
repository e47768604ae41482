"""``ragcompress mcp``: the tools of `ragcompress.service.mcp_server` for agents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ragcompress.core.errors import InvalidInput, require

__all__ = ["mcp"]

typer = require("typer", "cli")


def mcp(
    index: Annotated[
        str | None,
        typer.Option("--index", "-i", help="An index to search, made by `ragcompress index`.", metavar="DIR"),
    ] = None,
    store: Annotated[
        str | None, typer.Option(help="SQLite file of whole texts; without it a restart forgets.", metavar="FILE")
    ] = None,
    http: Annotated[bool, typer.Option("--http", help="Streamable HTTP at /mcp instead of standard input.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen at, with --http.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at, with --http.")] = 8788,
) -> None:
    """Serve compress, search, ask and read_original to agents (Model Context Protocol)."""
    require("mcp", "mcp")
    from ragcompress.service.mcp_server import Tools, make_mcp
    from ragcompress.service.settings import Settings
    from ragcompress.service.store import Store

    if index is not None and not (Path(index) / "CURRENT").is_file():
        raise InvalidInput(f"{index} holds no index; make one with: ragcompress index FILES --out {index}")
    tools = Tools(Store(Settings(store=Path(store) if store else None)), Path(index) if index else None)
    server = make_mcp(tools)
    if http:
        server.run("streamable-http", host=host, port=port)
    else:
        server.run("stdio")
