"""The OpenAPI document, made of the bodies and answers themselves, and a page that shows it."""

from __future__ import annotations

from html import escape
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ragcompress.service.answers import (
    ChatAnswer,
    CompressAnswer,
    ErrorAnswer,
    OriginalAnswer,
    RerankAnswer,
    StatusAnswer,
    TeiRow,
)
from ragcompress.service.bodies import ChatBody, CompressBody, RerankBody, TeiBody

__all__ = ["document", "page"]

_MODELS: tuple[type[BaseModel], ...] = (
    ChatAnswer, ChatBody, CompressAnswer, CompressBody, ErrorAnswer, OriginalAnswer, RerankAnswer, RerankBody,
    StatusAnswer, TeiBody, TeiRow,
)  # fmt: skip
_REFUSALS = {
    "400": "The body is no JSON, or holds what is no text.",
    "401": "No valid API key.",
    "408": "The body came too slowly.",
    "413": "Too many bytes or passages.",
    "422": "A field is missing or wrong; the message names it.",
    "429": "The queue is full; Retry-After says when to come again.",
}


def document(version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the service."""
    _, schemas = models_json_schema([(m, "validation") for m in _MODELS], ref_template="#/components/schemas/{model}")
    compress = _post("Compress passages, or chat messages", _either("CompressBody", "ChatBody"),
                     _either("CompressAnswer", "ChatAnswer"))  # fmt: skip
    rerank = _post("Rank documents (Cohere, Jina, vLLM)", _ref("RerankBody"), _ref("RerankAnswer"))
    tei = _post(
        "Rank texts (Text Embeddings Inference)", _ref("TeiBody"), {"type": "array", "items": _ref("TeiRow")}
    )  # fmt: skip
    status = {"get": _operation("How the server is", {"200": _answer("Well.", _ref("StatusAnswer"))})}
    return {
        "openapi": "3.1.0",
        "info": {"title": "ragcompress", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": {
            "/v1/compress": {"post": compress},
            "/v1/rerank": {"post": rerank},
            "/v2/rerank": {"post": rerank},
            "/rerank": {"post": tei},
            "/v1/retrieve/{hash}": {"get": _retrieve()},
            "/health": status,
            "/ready": status,
            "/metrics": {"get": _operation("Counts for Prometheus", {"200": _answer("Text.", None, "text/plain")})},
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _retrieve() -> dict[str, Any]:
    found = {"200": _answer("The whole text.", _ref("OriginalAnswer"))}
    for code, why in (("401", _REFUSALS["401"]), ("404", "Unknown, expired, or another key's."), ("429", "Busy.")):
        found[code] = _answer(why, _ref("ErrorAnswer"))
    text = {"type": "string"}
    return {
        **_operation("The whole text behind a hash", found),
        "parameters": [
            {"name": "hash", "in": "path", "required": True, "schema": text},
            {"name": "query", "in": "query", "required": False, "schema": text, "description": "Not used."},
        ],
        "security": [{"key": []}, {}],
    }


def _post(summary: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    responses = {"200": _answer("Done.", answer)}
    responses |= {code: _answer(why, _ref("ErrorAnswer")) for code, why in _REFUSALS.items()}
    return {
        **_operation(summary, responses),
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "security": [{"key": []}, {}],
    }


def _operation(summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": responses}


def _answer(why: str, schema: dict[str, Any] | None, kind: str = "application/json") -> dict[str, Any]:
    return {"description": why, "content": {kind: {"schema": schema or {"type": "string"}}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _either(*names: str) -> dict[str, Any]:
    return {"anyOf": [_ref(name) for name in names]}


def page(made: dict[str, Any]) -> str:
    """The document as plain HTML: every path with its fields; no scripts, nothing fetched."""
    parts = []
    for path, operations in made["paths"].items():
        for verb, operation in operations.items():
            parts.append(f"<h2><code>{verb.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>")
            for name in _names(operation.get("requestBody", {})):
                parts.append(_table(name, made["components"]["schemas"][name]))
    return "".join(parts)


def _names(body: dict[str, Any]) -> list[str]:
    schema = body.get("content", {}).get("application/json", {}).get("schema", {})
    return [each["$ref"].rpartition("/")[2] for each in schema.get("anyOf", [schema]) if "$ref" in each]


def _table(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><th scope=row><code>{escape(field)}</code></th><td>{'needed' if field in required else ''}</td>"
        f"<td>{escape(about.get('description', ''))}</td></tr>"
        for field, about in schema.get("properties", {}).items()
    )
    return f"<table><caption>{escape(schema.get('description') or name)}</caption>{rows}</table>"
