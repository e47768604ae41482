"""What answers: a language model behind one method, with what it read, how long it took and what came from a cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol, runtime_checkable

from ragcompress.core.errors import InvalidInput, ModelError
from ragcompress.core.segment import sanitise
from ragcompress.generators.prompting import Message
from ragcompress.generators.rewriters import text_of

__all__ = [
    "Chat",
    "Completing",
    "LangChainChat",
    "Message",
    "OnText",
    "PlainChat",
    "Reply",
    "Usage",
    "as_chat",
    "clean",
    "gather",
]

OnText = Callable[[str], None]
"""Called with every piece of text as soon as it is there."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the model's own tokenizer counts them.

    Attributes:
        prompt: Tokens read, all that was sent.
        completion: Tokens written.
        cached: Of those read, how many came from the server's prompt cache.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said.

    Attributes:
        text: The text, as it came.
        usage: Tokens read and written; None where the server does not say.
        first_s: Seconds until the first text; None when nothing came.
        seconds: Seconds until the end.
        remembered: Whether a store of answers gave it; times are then those of the first time.
    """

    text: str
    usage: Usage | None = None
    first_s: float | None = None
    seconds: float = 0.0
    remembered: bool = False


@runtime_checkable
class Chat(Protocol):
    """A chat model. Its ``repr`` names everything that its answers depend on, so that answers can be kept by it."""

    def reply(self, messages: Sequence[Message], on_text: OnText | None = None) -> Reply:
        """Answer ``messages``; ``on_text`` sees the text as it comes."""
        ...


class Completing(Chat, Protocol):
    """A `Chat` that is called with a prompt as well."""

    def __call__(self, prompt: str) -> str:
        """A prompt to its completion."""
        return self.reply([{"role": "user", "content": prompt}]).text


def clean(messages: Sequence[Message]) -> list[Message]:
    """``messages`` without what tokenizers and JSON do not take."""
    return [one | {"content": sanitise(one["content"])} for one in messages]


@dataclass(frozen=True)
class LangChainChat(Completing):
    """Any LangChain chat model or LLM, streamed where it can stream.

    Attributes:
        model: With ``stream`` and ``invoke``.
    """

    model: Any = field(repr=False)

    def __repr__(self) -> str:
        name = getattr(self.model, "model_name", None) or getattr(self.model, "model", None)
        return f"LangChainChat({type(self.model).__name__}{f', {name!r}' if isinstance(name, str) else ''})"

    def reply(self, messages: Sequence[Message], on_text: OnText | None = None) -> Reply:
        """Answer ``messages``; usage where the model tells it."""
        found = Usage()
        told = False

        def pieces() -> Iterable[str]:
            nonlocal found, told
            for chunk in self.model.stream([(message["role"], message["content"]) for message in messages]):
                usage = getattr(chunk, "usage_metadata", None)
                if usage:
                    told, found = True, _more(found, usage)
                yield text_of(chunk)

        said = gather(pieces(), on_text)
        return Reply(said.text, found if told else None, said.first_s, said.seconds)


@dataclass(frozen=True)
class PlainChat:
    """Any ``prompt -> completion``; messages are put one below the other."""

    complete: Callable[[str], str]

    def __call__(self, prompt: str) -> str:
        """A prompt to its completion."""
        return self.complete(prompt)

    def reply(self, messages: Sequence[Message], on_text: OnText | None = None) -> Reply:
        """Answer ``messages`` in one piece."""
        prompt = "\n\n".join(message["content"] for message in messages)
        return gather((self.complete(prompt) for _ in range(1)), on_text)


def as_chat(source: Any) -> Chat:
    """A `Chat` from one, from a LangChain model, or from any ``prompt -> completion``.

    Raises:
        InvalidInput: ``source`` is none of these.
    """
    if isinstance(source, Chat) and not isinstance(source, type):
        return source
    if callable(getattr(source, "stream", None)) and callable(getattr(source, "invoke", None)):
        return LangChainChat(source)
    if callable(source) and not isinstance(source, type):
        return PlainChat(source)
    raise InvalidInput(
        f"a reader is a Chat (OpenAIChat, LlamaChat), a LangChain model or a callable str -> str, not "
        f"{type(source).__name__}"
    )


def gather(pieces: Iterable[str], on_text: OnText | None = None) -> Reply:
    """Put the pieces of an answer together, with the time of the first and of the last."""
    began = perf_counter()
    first: float | None = None
    parts: list[str] = []
    for piece in pieces:
        if not isinstance(piece, str):
            raise ModelError(f"the model answered with {type(piece).__name__}, not with text")
        if not piece:
            continue
        if first is None:
            first = perf_counter() - began
        parts.append(piece)
        if on_text is not None:
            on_text(piece)
    return Reply("".join(parts), None, first, perf_counter() - began)


def _more(so_far: Usage, told: Any) -> Usage:
    """LangChain tells usage in parts; they add up."""
    details = told.get("input_token_details") or {}
    return Usage(
        so_far.prompt + int(told.get("input_tokens") or 0),
        so_far.completion + int(told.get("output_tokens") or 0),
        so_far.cached + int(details.get("cache_read") or 0),
    )
