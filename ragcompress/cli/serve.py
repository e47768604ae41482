"""``ragcompress serve``: the HTTP sidecar."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from ragcompress.core.counters import counter
from ragcompress.core.errors import InvalidInput, require
from ragcompress.service.settings import Settings, read_keys

__all__ = ["serve"]

typer = require("typer", "cli")

_KNOWN = Settings()


# One parameter per option is how typer knows them, hence more than six.
def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0: any free one, see the log.")] = 8787,
    uds: Annotated[str | None, typer.Option(help="A Unix socket instead.", metavar="PATH")] = None,
    store: Annotated[
        str | None,
        typer.Option(help="SQLite file of pins and originals; without it a restart forgets.", metavar="FILE"),
    ] = None,
    keys: Annotated[str | None, typer.Option(help="File of API keys, one a line.", metavar="FILE")] = None,
    shadow: Annotated[bool, typer.Option(help="Measure and log, hand everything back as it came.")] = False,
    queue: Annotated[int, typer.Option(help="Requests that may wait.", min=0)] = _KNOWN.queue,
    workers: Annotated[int, typer.Option(help="Requests computed at a time.", min=1)] = _KNOWN.workers,
    timeout: Annotated[float, typer.Option(help="Seconds until a fallback answers.", min=0.001)] = _KNOWN.timeout_s,
    max_body: Annotated[int, typer.Option(help="Bytes of a request.", min=1)] = _KNOWN.max_body,
    max_passages: Annotated[int, typer.Option(help="Passages of a request.", min=1)] = _KNOWN.max_passages,
    min_tokens: Annotated[int, typer.Option(help="Shorter tool messages are left alone.", min=0)] = _KNOWN.min_tokens,
    history_tokens: Annotated[
        int | None, typer.Option(help="Of whole conversations; beyond it older messages are shortened.", min=1)
    ] = None,
    cache_tokens: Annotated[
        int, typer.Option(help="Passage tokens remembered, 3 kB each.", min=0)
    ] = _KNOWN.cache_tokens,
    older_turns: Annotated[
        bool, typer.Option(help="Also shorten old tool messages never seen; breaks their prompt cache.")
    ] = False,
    tokenizer: Annotated[
        list[str] | None, typer.Option(help="A tokenizer.json that requests may count with.", metavar="NAME=FILE")
    ] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.", metavar="LEVEL")] = "info",
) -> None:
    """Serve compression and reranking over HTTP; API keys also from RAGCOMPRESS_API_KEYS, comma-separated."""
    for module in ("starlette", "pydantic", "prometheus_client", "uvicorn"):
        require(module, "serve")
    from ragcompress.service.server import make_server

    settings = Settings(
        keys=read_keys(Path(keys) if keys else None),
        store=Path(store) if store else None,
        shadow=shadow,
        queue=queue,
        workers=workers,
        timeout_s=timeout,
        max_body=max_body,
        max_passages=max_passages,
        min_tokens=min_tokens,
        older_turns=older_turns,
        history_tokens=history_tokens,
        cache_tokens=cache_tokens,
        tokenizers={**_KNOWN.tokenizers, **dict(map(_tokenizer, tokenizer or []))},
    )
    if log_level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise InvalidInput(f"--log-level is {log_level!r}; give debug, info, warning or error")
    make_server(settings, host=host, port=port, uds=Path(uds) if uds else None, level=log_level).run()


def _tokenizer(given: str) -> tuple[str, Any]:
    """``NAME=FILE`` to a name and its way to count."""
    name, _, file = given.partition("=")
    if not name or not file:
        raise InvalidInput(f"--tokenizer is {given!r}; give NAME=FILE, FILE being a tokenizer.json")
    try:
        return name, counter(require("tokenizers", "serve").Tokenizer.from_file(file))
    except Exception as error:  # the package raises bare Exceptions
        raise InvalidInput(f"can't read the tokenizer {file}: {error}") from error
