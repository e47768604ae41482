"""``ragcompress serve``: the HTTP sidecar."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from ragcompress.core.errors import require
from ragcompress.service.settings import Settings

__all__ = ["serve"]

typer = require("typer", "cli")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.")] = 8787,
    uds: Annotated[str | None, typer.Option(help="A Unix socket instead.", metavar="PATH")] = None,
    store: Annotated[str | None, typer.Option(help="SQLite file of pins and originals.", metavar="FILE")] = None,
    shadow: Annotated[bool, typer.Option(help="Hand chat messages back as they came.")] = False,
) -> None:
    """Serve compression and reranking over HTTP; API keys in RAGCOMPRESS_API_KEYS, comma-separated."""
    require("starlette", "serve")
    from ragcompress.service.app import create_app

    keys = tuple(key.strip() for key in os.environ.get("RAGCOMPRESS_API_KEYS", "").split(",") if key.strip())
    app = create_app(Settings(keys=keys, store=Path(store) if store else None, shadow=shadow))
    require("uvicorn", "serve").run(app, host=host, port=port, uds=uds, access_log=False, log_level="warning")
