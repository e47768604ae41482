"""Two clients, one for programs that wait and one for those that don't; what they say and hear is in `wire`.

What the server can't do, the caller gets uncompressed (and cut to the budget, where there is one): a sidecar that is
down must not take the program down that it serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

from ragcompress.client import wire
from ragcompress.client.wire import Ask, Budget, Failed, OnError, T
from ragcompress.core.errors import require
from ragcompress.core.types import Passage
from ragcompress.results.result import Compressed

__all__ = ["AsyncClient", "Client"]


class _Connected:
    """What both clients are told, and how they connect."""

    _kinds = ("Client", "HTTPTransport")  # of httpx

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8787",
        api_key: str | None = None,
        *,
        timeout_s: float = 60.0,
        on_error: OnError = "fallback",
        uds: str | None = None,
        transport: Any = None,
    ) -> None:
        httpx = require("httpx", "client")
        client, transports = (getattr(httpx, kind) for kind in self._kinds)
        transport = transport or (transports(uds=uds) if uds else None)
        options = wire.options(base_url, api_key, timeout_s)
        self._on_error, self._broken = wire.checked(on_error), (httpx.HTTPError, Failed)
        self._http = client(**options, transport=transport)


class Client(_Connected):
    """A server's compression, reranking and originals.

    Args:
        base_url: Such as ``"http://127.0.0.1:8787"``.
        api_key: Sent as bearer token; None: none.
        timeout_s: Seconds for a whole call.
        on_error: ``"fallback"``: when the server can't be reached or fails, what would have been sent without it is
            returned, with a warning; ``"raise"``: `CompressionFailed`. What is wrong with the request itself always
            raises `InvalidInput`.
        uds: The server's Unix socket, where it listens at one.
        transport: An httpx transport, for tests and for what httpx can do besides.

    Raises:
        MissingExtra: httpx is not installed.
    """

    def compress(
        self,
        query: str,
        passages: Iterable[str | Passage],
        budget: Budget = None,
        **options: Any,
    ) -> Compressed:
        """As `ragcompress.compress`, done by the server.

        Args:
            query: What is asked.
            passages: Retrieved passages, best first.
            budget: Tokens (int), the kept fraction (float), or None: a threshold decides.
            options: ``method``, ``when_nothing``, ``render``, ``tokenizer``, ``timeout_ms`` as the server knows them.

        Raises:
            InvalidInput: The server says that the request is wrong.
            CompressionFailed: Only with ``on_error="raise"``.
        """
        ask = wire.compress(query, passages, budget, **options)
        return self._done(ask)

    def messages(self, messages: Sequence[Any], model: str | None = None) -> list[Any]:
        """OpenAI chat messages with shorter tool answers; as they came when the server fails."""
        return self._done(wire.messages(messages, model))

    def rerank(self, query: str, documents: Sequence[str], top_n: int | None = None) -> list[tuple[int, float]]:
        """Numbers and scores of documents, most relevant first; in the order given when the server fails."""
        return self._done(wire.rerank(query, documents, top_n))

    def original(self, name: str) -> str | None:
        """The whole text behind a marker's hash; None: unknown, expired, or another key's."""
        return self._done(wire.original(name))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _done(self, ask: Ask[T]) -> T:
        try:
            return wire.heard(ask, self._http.request(ask.verb, ask.path, content=ask.body))
        except self._broken as error:
            return wire.instead(ask, error, self._on_error)


class AsyncClient(_Connected):
    """`Client` for event loops: the same arguments, every method a coroutine."""

    _kinds = ("AsyncClient", "AsyncHTTPTransport")

    async def compress(
        self,
        query: str,
        passages: Iterable[str | Passage],
        budget: Budget = None,
        **options: Any,
    ) -> Compressed:
        """As `Client.compress`."""
        return await self._done(wire.compress(query, passages, budget, **options))

    async def messages(self, messages: Sequence[Any], model: str | None = None) -> list[Any]:
        """As `Client.messages`."""
        return await self._done(wire.messages(messages, model))

    async def rerank(self, query: str, documents: Sequence[str], top_n: int | None = None) -> list[tuple[int, float]]:
        """As `Client.rerank`."""
        return await self._done(wire.rerank(query, documents, top_n))

    async def original(self, name: str) -> str | None:
        """As `Client.original`."""
        return await self._done(wire.original(name))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _done(self, ask: Ask[T]) -> T:
        try:
            return wire.heard(ask, await self._http.request(ask.verb, ask.path, content=ask.body))
        except self._broken as error:
            return wire.instead(ask, error, self._on_error)
