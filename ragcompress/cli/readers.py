"""The options that name a language model."""

from __future__ import annotations

from typing import Annotated

from ragcompress.core.errors import InvalidInput, require
from ragcompress.generators.chat import Chat
from ragcompress.generators.named import chat_named

__all__ = ["BaseUrl", "MaybeReader", "chat_of"]

typer = require("typer", "cli")

MaybeReader = Annotated[
    str | None,
    typer.Option(
        "--reader",
        help="A language model that answers: openai:MODEL, llama:FILE.gguf or local:FOLDER; else the built-in reader.",
        metavar="MODEL",
    ),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="The server of openai:MODEL, up to and with /v1.", metavar="URL")
]


def chat_of(reader: str | None, base_url: str | None) -> Chat | None:
    """The language model that was named; None: the embedded reader.

    Raises:
        InvalidInput: It is none, or a server is named without a model.
    """
    if reader is None and base_url is not None:
        raise InvalidInput("--base-url goes with --reader openai:MODEL; name the model")
    return None if reader is None else chat_named(reader, base_url)
