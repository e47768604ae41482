"""Any server that speaks the OpenAI chat protocol: hosted ones, vLLM, llama.cpp, Ollama, LiteLLM, …"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.forks import cached_property
from ragcompress.generators.chat import Completing, OnText, Reply, Usage, clean, gather
from ragcompress.generators.prompting import Message

__all__ = ["OpenAIChat"]

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})  # worth another try
LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class OpenAIChat(Completing):
    """A chat model behind an OpenAI-compatible endpoint, streamed.

    Attributes:
        model: The model's name on that server.
        base_url: Up to and with ``/v1``.
        api_key: Sent as a bearer token; the environment's ``OPENAI_API_KEY`` when None. It is in no error and no repr.
        max_tokens: The longest answer.
        temperature: 0 for the same answer each time, as far as the server can.
        timeout_s: Seconds of silence after which a try is given up: to connect, and between two pieces of text.
        retries: Tries after the first, on busy or broken servers, before any text has come.
        pause: How to wait between tries; for tests.
    """

    model: str
    base_url: str = "https://api.openai.com/v1"
    api_key: str | None = field(default=None, repr=False)
    max_tokens: int = 256
    temperature: float = 0.0
    timeout_s: float = field(default=60.0, repr=False)
    retries: int = field(default=2, repr=False)
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise InvalidInput(f"base_url must begin with http:// or https://, not {self.base_url!r}")
        if self.max_tokens < 1 or self.retries < 0 or self.timeout_s <= 0:
            raise InvalidInput(
                f"max_tokens {self.max_tokens} must be 1 or more, retries {self.retries} 0 or more, "
                f"timeout_s {self.timeout_s} above 0"
            )

    def reply(self, messages: Sequence[Message], on_text: OnText | None = None) -> Reply:
        """Answer ``messages``.

        Raises:
            ModelError: The server refuses, can't be reached, or breaks off; the message says which and what to do.
            MissingExtra: httpx is not installed.
        """
        began = time.perf_counter()
        for tried in range(self.retries + 1):
            try:
                return self._once(messages, on_text)
            except _Passing as problem:
                if tried == self.retries:
                    spent = time.perf_counter() - began
                    raise ModelError(f"{problem} (tried {tried + 1} times in {spent:.0f} s)") from problem.__cause__
                self.pause(min(problem.wait if problem.wait is not None else 2.0**tried, LONGEST_PAUSE))
        raise AssertionError("unreachable")

    @cached_property
    def _client(self) -> Any:
        return require("httpx", "endpoint").Client(timeout=self.timeout_s)

    def _once(self, messages: Sequence[Message], on_text: OnText | None) -> Reply:
        httpx = require("httpx", "endpoint")
        usage: list[Usage] = []
        came: list[str] = []

        def seen(piece: str) -> None:
            came.append(piece)
            if on_text is not None:
                on_text(piece)

        try:
            with self._client.stream("POST", self._url, json=self._body(messages), headers=self._headers()) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise self._refused(answer)
                said = gather(_pieces(answer, usage), seen)
        except httpx.TransportError as error:
            what = "was silent for" if isinstance(error, httpx.TimeoutException) else "can't be reached within"
            text = f"{self.base_url} {what} {self.timeout_s:g} s: {type(error).__name__} {error}".strip()
            if came:  # half an answer was shown: another try would be another answer
                raise ModelError(f"{text}; it broke off after {len(''.join(came))} characters") from error
            raise _Passing(f"{text}; is the server running there?") from error
        if not came and not usage:
            raise ModelError(f"{self.base_url} ended its answer without text; is {self.model!r} a chat model?")
        return replace(said, usage=usage[-1] if usage else None)

    @property
    def _url(self) -> str:
        return self.base_url.rstrip("/") + "/chat/completions"

    def _headers(self) -> dict[str, str]:
        key = self.api_key or os.environ.get("OPENAI_API_KEY", "")
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _body(self, messages: Sequence[Message]) -> dict[str, Any]:
        return {
            "model": self.model,
            "messages": clean(messages),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    def _refused(self, answer: Any) -> Exception:
        """What a status other than 200 means for whoever reads it."""
        status, said = answer.status_code, " ".join(answer.text.split())[:300]
        hint = {
            401: "; give api_key, or set OPENAI_API_KEY",
            403: "; the key may not use this model",
            404: f"; is {self.model!r} a model there, and does base_url end in /v1?",
        }.get(status, "")
        text = f"{self._url} answered {status}: {said}{hint}"
        return _Passing(text, _wait(answer.headers)) if status in PASSING else ModelError(text)


class _Passing(Exception):
    """A problem that may be gone a moment later; ``wait``: seconds that the server asks for."""

    def __init__(self, text: str, wait: float | None = None) -> None:
        super().__init__(text)
        self.wait = wait


def _wait(headers: Any) -> float | None:
    try:
        return max(float(headers["retry-after"]), 0.0)
    except (KeyError, ValueError):
        return None


def _pieces(answer: Any, usage: list[Usage]) -> Iterator[str]:
    """The pieces of text of a stream of server-sent events; ``usage`` is filled on the way."""
    for line in answer.iter_lines():
        if not line.startswith("data:"):
            continue  # comments and event names
        data = line[5:].strip()
        if data == "[DONE]":
            return
        try:
            event = json.loads(data)
        except ValueError as error:
            raise ModelError(f"the server sent an event that is no JSON: {data[:100]!r}") from error
        if event.get("error"):
            raise ModelError(f"the server broke off: {event['error']}")
        if event.get("usage"):
            usage.append(_usage(event["usage"]))
        for choice in event.get("choices") or ():
            yield (choice.get("delta") or {}).get("content") or ""


def _usage(told: dict[str, Any]) -> Usage:
    details = told.get("prompt_tokens_details") or {}
    return Usage(
        int(told.get("prompt_tokens") or 0),
        int(told.get("completion_tokens") or 0),
        int(details.get("cached_tokens") or 0),
    )
