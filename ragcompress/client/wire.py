"""What a client says and hears: pure functions from calls to requests and from responses to results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from ragcompress.core.context import Context
from ragcompress.core.errors import CompressionFailed, InvalidInput
from ragcompress.core.notes import Warning
from ragcompress.core.types import Dropped, Passage, Segment, Span
from ragcompress.results.result import Compressed

__all__ = ["Ask", "Budget", "Failed", "OnError", "checked", "compress", "heard", "instead", "messages", "options",
           "original", "rerank"]  # fmt: skip

Budget = int | float | None
OnError = Literal["fallback", "raise"]
T = TypeVar("T")


class Failed(Exception):
    """The server gave no answer that can be used."""


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """A call on its way.

    Attributes:
        verb: Of HTTP.
        path: Of the server.
        body: JSON, or None.
        read: Makes the result of the answer's JSON.
        fallback: Makes what the caller gets when the server fails, told why.
    """

    verb: str
    path: str
    body: bytes | None
    read: Callable[[Any], T]
    fallback: Callable[[str], T]


def options(base_url: str, api_key: str | None, timeout_s: float) -> dict[str, Any]:
    """What both httpx clients are made with."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {api_key}"} if api_key else {})
    return {"base_url": base_url.rstrip("/"), "headers": headers, "timeout": timeout_s}


def checked(on_error: OnError) -> OnError:
    """``on_error``, if it can be.

    Raises:
        InvalidInput: It is neither ``"fallback"`` nor ``"raise"``.
    """
    if on_error not in ("fallback", "raise"):
        raise InvalidInput(f"on_error must be 'fallback' or 'raise', not {on_error!r}")
    return on_error


def compress(
    query: str, passages: Iterable[str | Passage], budget: Budget, *, tokenizer: str = "embedded", **more: Any
) -> Ask[Compressed]:
    """`ragcompress.compress` over the wire.

    Raises:
        InvalidInput: Wrong types; a `TokenBudget`, whose counter can't travel.
    """
    context = Context.of(query, passages)
    if isinstance(budget, bool) or not isinstance(budget, int | float | None):
        raise InvalidInput(
            f"budget must be an int, a float or None here, not {type(budget).__name__}: a way to count can't travel; "
            "name one that the server has with tokenizer="
        )
    kind = "fraction" if isinstance(budget, float) else "tokens"
    given = [{"text": p.text, "id": p.id, "title": p.title, "score": p.score} for p in context.passages]
    body = {"query": query, "passages": given, "budget": {kind: budget, "tokenizer": tokenizer}, **more}
    return Ask(
        "POST",
        "/v1/compress",
        json.dumps(body).encode(),
        lambda data: _result(data, context),
        lambda why: _uncompressed(context, budget, why),
    )


def messages(given: Sequence[Any], model: str | None) -> Ask[list[Any]]:
    """Chat messages over the wire."""
    body = {"messages": list(given)} | ({"model": model} if model else {})
    return Ask(
        "POST", "/v1/compress", json.dumps(body).encode(), lambda data: list(data["messages"]), lambda _: list(given)
    )


def rerank(query: str, documents: Sequence[str], top_n: int | None) -> Ask[list[tuple[int, float]]]:
    """Reranking over the wire."""
    body = {"query": query, "documents": list(documents), "top_n": top_n}

    def read(data: Any) -> list[tuple[int, float]]:
        return [(int(row["index"]), float(row["relevance_score"])) for row in data["results"]]

    same = [(at, 0.0) for at in range(len(documents))]
    return Ask("POST", "/v1/rerank", json.dumps(body).encode(), read, lambda _: same[:top_n])


def original(name: str) -> Ask[str | None]:
    """A whole text over the wire."""
    path = f"/v1/retrieve/{quote(name, safe='')}"
    return Ask("GET", path, None, lambda data: None if data is None else str(data["original_content"]), lambda _: None)


def heard(ask: Ask[T], response: Any) -> T:
    """The result in a response.

    Raises:
        InvalidInput: The server says that the request is wrong.
        Failed: It has no answer, or one that can't be read.
    """
    status = response.status_code
    if status == 404 and ask.verb == "GET":
        return ask.read(None)
    if 400 <= status < 500 and status not in (408, 429):
        raise InvalidInput(f"the server says {status}: {_reason(response)}")
    if status != 200:
        raise Failed(f"the server says {status}")
    try:
        return ask.read(response.json())
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise Failed(f"the server's answer can't be read ({type(error).__name__})") from error


def instead(ask: Ask[T], error: Exception, on_error: OnError) -> T:
    """What the caller gets when the server failed.

    Raises:
        CompressionFailed: ``on_error="raise"``.
    """
    why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if on_error == "raise":
        raise CompressionFailed(f"no compression by the server ({why})") from error
    return ask.fallback(why)


def _reason(response: Any) -> str:
    try:
        return str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"


def _uncompressed(context: Context, budget: Budget, why: str) -> Compressed:
    from ragcompress.facade import compress as local  # here: who is never let down needs none of its packages
    from ragcompress.pruners.baselines import truncate

    out = local(context.query, context.passages, 1.0 if budget is None else budget, truncate)
    note = f"no compression by the server ({why}); the passages were {'cut' if budget is not None else 'left whole'}"
    return replace(out, context=out.context.note(note, "failed"), method="none")


def _result(data: Mapping[str, Any], context: Context) -> Compressed:
    """The server's account with the caller's own passages."""
    segments = tuple(_segment(row) for row in data["segments"])
    if any(span.end > len(context.passages[span.passage].text) for s in segments for span in s.support):
        raise ValueError("a span lies outside its passage")
    made = replace(
        context,
        segments=segments,
        dropped=tuple(Dropped(_segment(row), row["reason"]) for row in data["dropped"]),
        passage_scores=tuple(data["passage_scores"]),
        notes=_warnings(data["warnings"], data.get("warning_codes", ())),
    )
    numbers = {name: int(data[name]) for name in ("tokens_in", "tokens_out", "limit")}
    return Compressed(
        made,
        data["text"],
        **numbers,
        method=data["method"],
        passage_scores=made.passage_scores,
        timings=data["timings"],
    )


def _warnings(texts: Sequence[str], codes: Sequence[str]) -> tuple[Warning, ...]:
    """Texts with their codes; an older server gives none."""
    return tuple(Warning(text, code) for text, code in zip_longest(texts, codes[: len(texts)], fillvalue="other"))


def _segment(row: Mapping[str, Any]) -> Segment:
    return Segment(row["text"], _spans(row["support"]), row["score"], _spans(row.get("needs", ())))


def _spans(rows: Iterable[Mapping[str, Any]]) -> tuple[Span, ...]:
    return tuple(Span(int(row["passage"]), int(row["start"]), int(row["end"])) for row in rows)
