"""A reader by what one writes on a command line."""

from __future__ import annotations

from ragcompress.core.errors import InvalidInput
from ragcompress.generators.chat import Chat
from ragcompress.generators.endpoint import OpenAIChat
from ragcompress.generators.llama import LlamaChat
from ragcompress.generators.local import LocalChat

__all__ = ["chat_named"]


def chat_named(name: str, base_url: str | None = None) -> Chat:
    """``openai:MODEL`` (with ``base_url`` for a server of your own), ``llama:FILE.gguf`` or ``local:FOLDER``.

    Raises:
        InvalidInput: None of these, or ``base_url`` with what runs here.
    """
    kind, _, what = name.partition(":")
    if kind == "openai" and what:
        return OpenAIChat(what, base_url) if base_url else OpenAIChat(what)
    if kind in ("llama", "local") and what:
        if base_url:
            raise InvalidInput(f"a base URL goes with openai:MODEL; {name} runs here")
        return LlamaChat(what) if kind == "llama" else LocalChat(what)
    raise InvalidInput(f"a reader is openai:MODEL, llama:FILE.gguf or local:FOLDER, not {name!r}")
