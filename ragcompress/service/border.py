"""Where HTTP ends: keys, bodies within limits, errors as sentences, a line of log and a few counts per request."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import math
import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ragcompress.core.errors import RagCompressError
from ragcompress.service.logs import event
from ragcompress.service.metrics import Metrics
from ragcompress.service.pool import Busy
from ragcompress.service.settings import Settings
from ragcompress.service.store import digest

__all__ = ["Answer", "Refused", "encoded", "guarded", "parsed", "read_body", "scope_of", "validated"]

B = TypeVar("B", bound=BaseModel)
Answer = Callable[[Request], Awaitable[Response]]
_ID = re.compile(r"[0-9a-fA-F-]{8,64}")  # other people's ids are kept where they can't hold content
_WAIT_S = 5  # for what is left of a body that is refused, so that its sender gets to read why


class Refused(Exception):
    """A request that gets a 4xx."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def guarded(route: str, answer: Answer, metrics: Metrics) -> Answer:
    """``answer`` with an id, a log line, counts, and a status and a sentence for whatever goes wrong."""

    async def run(request: Request) -> Response:
        started, given = perf_counter(), request.headers.get("x-request-id", "")
        name = given if _ID.fullmatch(given) else uuid.uuid4().hex
        request.state.name, request.state.facts = name, {}
        response = await _answered(answer, request, name)
        response.headers["x-request-id"] = name
        took = perf_counter() - started
        metrics.requests.labels(route, str(response.status_code)).inc()
        metrics.seconds.labels(route).observe(took)
        facts: dict[str, Any] = {
            "id": name,
            "route": route,
            "status": response.status_code,
            "ms": round(took * 1000, 1),
        }
        event("request", **facts, **request.state.facts)
        return response

    return run


async def _answered(answer: Answer, request: Request, name: str) -> Response:
    try:
        return await answer(request)
    except Refused as refused:
        return _error(refused.status, str(refused), name)
    except Busy:
        return _error(429, "too many requests wait; try again in a second", name, {"Retry-After": "1"})
    except RagCompressError as error:
        return _error(422, str(error), name)
    except ClientDisconnect:
        return _error(400, "the connection ended before the body did", name)
    except Exception as error:  # a bug of ours: its type is logged, and nobody is shown a stack trace
        event("bug", logging.ERROR, id=name, error=type(error).__name__)
        return _error(500, "internal error; the server's log has it under this request_id", name)


def _error(status: int, why: str, name: str, headers: dict[str, str] | None = None) -> Response:
    close = {"Connection": "close"} if status in (408, 413) else {}
    body = json.dumps({"error": why, "request_id": name})
    return Response(body, status, {**close, **(headers or {})}, media_type="application/json")


def scope_of(request: Request, keys: Sequence[str]) -> str:
    """Whose request it is, as a digest of the key; compared in constant time.

    Raises:
        Refused: There are keys, and this is none of them (401).
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    given = given.strip() if scheme.lower() == "bearer" else ""
    raw = given.encode("latin-1", "replace")  # as the bytes came
    matches = [hmac.compare_digest(key.encode("utf-8", "replace"), raw) for key in keys]
    if keys and not any(matches):
        raise Refused(401, "no valid API key; send Authorization: Bearer KEY")
    return digest(given)


async def read_body(request: Request, settings: Settings) -> bytes:
    """The whole body.

    Raises:
        Refused: It is too large (413) or too slow (408).
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > settings.max_body:
        await _let_go(request)
        raise _too_large(settings)
    size, parts = 0, list[bytes]()
    try:
        async with asyncio.timeout(settings.read_s):
            async for part in request.stream():
                size += len(part)
                if size > settings.max_body:
                    parts.clear()
                    break
                parts.append(part)
    except TimeoutError as error:
        raise Refused(408, f"the body did not come within {settings.read_s:g} s") from error
    if size > settings.max_body:
        await _let_go(request)
        raise _too_large(settings)
    return b"".join(parts)


async def _let_go(request: Request) -> None:
    """Read on and forget, for a short while: a sender that is cut off in the middle never sees the answer."""
    try:
        async with asyncio.timeout(_WAIT_S):
            while (await request.receive()).get("more_body"):
                pass
    except TimeoutError:
        pass


def _too_large(settings: Settings) -> Refused:
    return Refused(413, f"the body has more than {settings.max_body} bytes; send less at a time")


def parsed(raw: bytes) -> Any:
    """JSON, strictly.

    Raises:
        Refused: It is none (400): also ``NaN``, numbers beyond a float, bytes that are no text.
    """
    try:
        return json.loads(raw, parse_constant=_no_constant, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise Refused(400, "the body is no UTF-8 text") from error
    except RecursionError as error:
        raise Refused(400, "the body is nested too deeply") from error
    except ValueError as error:
        raise Refused(400, "the body is no JSON") from error


def validated(kind: type[B], body: Any) -> B:
    """The body as ``kind``.

    Raises:
        Refused: A field is missing or wrong (422), or holds half a surrogate pair (400).
    """
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        errors = error.errors(include_input=False, include_url=False)
        first = max(errors, key=lambda each: len(each["loc"]))  # of what may be a text or an object: what came nearest
        where = ".".join(str(part) for part in first["loc"] if not str(part)[:1].isupper()) or "the body"
        if first["type"] == "string_unicode":
            raise Refused(400, f"{where}: half a surrogate pair (such as \\ud800) is no text") from error
        raise Refused(422, f"{where}: {first['msg']}") from error


def encoded(data: Any) -> bytes:
    """JSON in UTF-8; half surrogate pairs, which it can't hold, are escaped as they came.

    Raises:
        Refused: It is nested too deeply to be sent back (400).
    """
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(data, separators=(",", ":"), allow_nan=False).encode()
    except RecursionError as error:
        raise Refused(400, "the body is nested too deeply") from error


def _no_constant(name: str) -> Any:
    raise Refused(400, f"the body is no JSON: {name} is no number there")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Refused(400, "the body holds a number that is too large")
    return number
