"""The HTTP application: which path leads where, and what happens at its start and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ragcompress import __version__
from ragcompress.service import openapi, pages
from ragcompress.service.border import Answer, Refused, encoded, guarded
from ragcompress.service.endpoints import Service
from ragcompress.service.logs import event
from ragcompress.service.settings import Settings

__all__ = ["create_app"]

_DAY_S = 86_400


def create_app(settings: Settings | None = None) -> Starlette:
    """The application, to be run by any ASGI server.

    Args:
        settings: Limits and habits; the defaults serve one machine's own programs.
    """
    service = Service(settings or Settings())
    made = openapi.document(__version__)
    post: dict[str, Answer] = {
        "/v1/compress": service.compress,
        "/v1/rerank": service.rerank,
        "/v2/rerank": service.rerank,
        "/rerank": service.tei,
    }
    get: dict[str, Answer] = {
        "/v1/retrieve/{hash}": service.retrieve,
        "/health": service.health,
        "/ready": service.ready,
        "/metrics": service.show_metrics,
        "/openapi.json": _fixed(Response(encoded(made), media_type="application/json")),
        "/docs": _fixed(pages.docs(openapi.page(made))),
        "/": _fixed(pages.playground()),
    }
    routes = [Route(path, guarded(path, answer, service.metrics), methods=["POST"]) for path, answer in post.items()]
    routes += [Route(path, guarded(path, answer, service.metrics), methods=["GET"]) for path, answer in get.items()]
    lost = {code: _lost(service, code) for code in (404, 405)}
    app = Starlette(routes=routes, lifespan=_lifespan(service), exception_handlers=lost)
    app.state.service = service
    return app


def _fixed(page: Response) -> Answer:
    async def answer(_: Request) -> Response:
        return Response(page.body, headers=dict(page.headers))

    return answer


def _lost(service: Service, code: int) -> Any:
    """What a path or a verb that is not there gets, as JSON like all errors."""
    why = "there is no such path; /openapi.json lists them" if code == 404 else "this path takes another verb"

    async def answer(_: Request) -> Response:
        raise Refused(code, why)

    run = guarded("other", answer, service.metrics)

    async def handler(request: Request, error: HTTPException) -> Response:
        response = await run(request)
        response.headers.update(error.headers or {})
        return response

    return handler


def _lifespan(service: Service) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        beside = [asyncio.create_task(service.warm()), asyncio.create_task(_daily(service))]
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            _say_shadow(service)
            service.close()

    return lifespan


async def _daily(service: Service) -> None:
    while True:
        await asyncio.sleep(_DAY_S)
        _say_shadow(service)


def _say_shadow(service: Service) -> None:
    """What shadow mode would have saved, and why nothing would have been where nothing was."""
    summary = service.metrics.shadow_summary()
    if summary:
        event("shadow summary", **summary)
