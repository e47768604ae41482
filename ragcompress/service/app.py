"""The HTTP application: routes, limits, keys. Content is neither logged nor counted."""

from __future__ import annotations

import hmac
import json
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ragcompress.core import render as looks
from ragcompress.core.errors import RagCompressError
from ragcompress.facade import compress
from ragcompress.results.result import Compressed
from ragcompress.service.bodies import CompressBody, RerankBody, TeiBody
from ragcompress.service.chat import Chat, count
from ragcompress.service.pool import Busy, Pool
from ragcompress.service.settings import Settings
from ragcompress.service.store import Store, digest

__all__ = ["create_app"]

B = TypeVar("B", bound=BaseModel)
Answer = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """A request that gets a 4xx."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Service:
    """The endpoints; one per process.

    Attributes:
        settings: As given.
        store: Pins and originals.
        pool: Where work is done.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings, self.store = settings, Store(settings)
        self.pool = Pool(settings.workers, settings.queue)
        self.chat = Chat(settings, self.store, self._shorten)

    def _shorten(self, question: str, text: str) -> str:
        return compress(question, [text], timeout_s=self.settings.timeout_s).text or text

    async def compress(self, request: Request) -> Response:
        """Passages or chat messages to fewer tokens."""
        scope, body = self._scope(request), await self._json(request)
        if isinstance(body, dict) and isinstance(body.get("messages"), list):
            return await self._chat(body["messages"], scope)
        asked = _read(CompressBody, body)
        self._few(len(asked.passages))
        result = await self.pool.run(partial(self._run, asked))
        return JSONResponse(result.to_dict())

    def _run(self, asked: CompressBody) -> Compressed:
        amount = asked.budget.amount() if asked.budget else None
        timeout = (asked.timeout_ms / 1000) if asked.timeout_ms else self.settings.timeout_s
        return compress(asked.query, asked.given(), amount, asked.method, timeout_s=timeout)

    async def _chat(self, messages: list[Any], scope: str) -> Response:
        def work() -> tuple[list[Any], int, int]:
            out = self.chat(messages, scope)
            return (messages if self.settings.shadow else out), count(messages), count(out)

        try:
            out, before, after = await self.pool.run(work)
        except Exception:  # any other status would fail the user's own call at the gateway
            out, before, after = messages, 0, 0
        ratio = after / before if before else 1.0
        numbers = {"tokens_before": before, "tokens_after": after, "compression_ratio": ratio}
        return JSONResponse({"messages": out, **numbers, "tokens_saved": before - after})

    async def rerank(self, request: Request) -> Response:
        """Cohere's, Jina's and vLLM's form."""
        self._scope(request)
        asked = _read(RerankBody, await self._json(request))
        self._few(len(asked.documents))
        texts = asked.texts()
        result = await self._scored(asked.query, texts)
        shown = _pruned(result) if asked.pruned else texts
        with_text = asked.return_documents or asked.pruned
        rows = [
            {"index": at, "relevance_score": result.passage_scores[at]}
            | ({"document": {"text": shown[at]}} if with_text else {})
            for at in _order(result)
        ]
        return JSONResponse({"model": asked.model, "results": rows[: asked.top_n]})

    async def tei(self, request: Request) -> Response:
        """Text Embeddings Inference's form."""
        self._scope(request)
        asked = _read(TeiBody, await self._json(request))
        self._few(len(asked.texts))
        result = await self._scored(asked.query, asked.texts)
        pruned, rows = _pruned(result), []
        for at in _order(result):
            score = result.passage_scores[at]
            row: dict[str, Any] = {"index": at, "score": _logit(score) if asked.raw_scores else score}
            row |= {"text": asked.texts[at]} if asked.return_text else {}
            rows.append(row | ({"pruned_text": pruned[at]} if asked.return_pruned else {}))
        return JSONResponse(rows)

    async def _scored(self, query: str, texts: list[str]) -> Compressed:
        return await self.pool.run(partial(compress, query, texts, timeout_s=self.settings.timeout_s))

    async def retrieve(self, request: Request) -> Response:
        """The whole text behind a hash."""
        found = self.store.original(self._scope(request), request.path_params["hash"])
        if found is None:
            raise Refused(404, "no text has this hash; it is unknown, expired, or another key's")
        return JSONResponse({"original_content": found})

    async def health(self, _: Request) -> Response:
        """The process runs."""
        return JSONResponse({"status": "ok"})

    def _scope(self, request: Request) -> str:
        """Whose request it is, as a digest of the key; compared in constant time."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not self.settings.keys:
            return digest(given)
        matches = [hmac.compare_digest(key.encode(), given.encode()) for key in self.settings.keys]
        if not any(matches):
            raise Refused(401, "no valid API key; send Authorization: Bearer KEY")
        return digest(given)

    async def _json(self, request: Request) -> Any:
        size, parts = 0, []
        async for part in request.stream():
            size += len(part)
            if size > self.settings.max_body:
                raise Refused(413, f"the body has more than {self.settings.max_body} bytes; send less at a time")
            parts.append(part)
        try:
            return json.loads(b"".join(parts))
        except (ValueError, RecursionError) as error:
            raise Refused(400, "the body is no JSON") from error

    def _few(self, passages: int) -> None:
        if passages > self.settings.max_passages:
            raise Refused(413, f"{passages} passages are more than {self.settings.max_passages}; send fewer at a time")


def create_app(settings: Settings | None = None) -> Starlette:
    """The application, to be run by any ASGI server.

    Args:
        settings: Limits and habits; the defaults serve one machine's own programs.
    """
    service = Service(settings or Settings())
    post: list[tuple[str, Answer]] = [
        ("/v1/compress", service.compress), ("/v1/rerank", service.rerank), ("/v2/rerank", service.rerank),
        ("/rerank", service.tei),
    ]  # fmt: skip
    get: list[tuple[str, Answer]] = [
        ("/v1/retrieve/{hash}", service.retrieve), ("/health", service.health), ("/ready", service.health),
    ]  # fmt: skip
    routes = [Route(path, _guarded(answer), methods=["POST"]) for path, answer in post]
    routes += [Route(path, _guarded(answer), methods=["GET"]) for path, answer in get]
    app = Starlette(routes=routes)
    app.state.service = service
    return app


def _guarded(answer: Answer) -> Answer:
    """What goes wrong as a status and a sentence, never a stack trace."""

    async def guarded(request: Request) -> Response:
        try:
            return await answer(request)
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, refused.status)
        except Busy:
            return JSONResponse({"error": "too many requests wait"}, 429, {"Retry-After": "1"})
        except RagCompressError as error:
            return JSONResponse({"error": str(error)}, 422)
        except ClientDisconnect:
            return Response(status_code=400)

    return guarded


def _read(kind: type[B], body: Any) -> B:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise Refused(422, f"{where}: {first['msg']}") from error


def _order(result: Compressed) -> list[int]:
    scores = result.passage_scores
    return sorted(range(len(scores)), key=lambda at: (-scores[at], at))


def _pruned(result: Compressed) -> list[str]:
    """What was kept of each passage; "" where nothing was."""
    kept: dict[int, list[int]] = {}
    for at, segment in enumerate(result.context.segments):
        kept.setdefault(segment.support[0].passage, []).append(at)
    return [looks.plain(result.context.keep(kept.get(at, []))) for at in range(len(result.passage_scores))]


def _logit(score: float) -> float:
    bounded = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))
