"""OpenTelemetry spans for programs that trace; nothing at all for those that don't.

`ragcompress.compress` opens a span ``ragcompress.compress`` with attributes ``ragcompress.*``: the method, the limit,
token counts, how many passages, segments, drops and warnings. Query and text are only recorded when the variable
``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` is ``true``, as OpenTelemetry's own instrumentations have it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from ragcompress.results.result import Compressed

__all__ = ["CONTENT_VARIABLE", "spanned"]

CONTENT_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
P = ParamSpec("P")


def spanned(work: Callable[P, Compressed]) -> Callable[P, Compressed]:
    """Decorator: every call is a span, if the program has loaded OpenTelemetry's API (one that traces has)."""

    @wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> Compressed:
        trace = sys.modules.get("opentelemetry.trace")
        if trace is None:
            return work(*args, **kwargs)
        with trace.get_tracer("ragcompress").start_as_current_span("ragcompress.compress") as span:
            result = work(*args, **kwargs)
            if span.is_recording():
                span.set_attributes(_attributes(result))
            return result

    return call


def _attributes(result: Compressed) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "method": result.method,
        "limit": result.limit,
        "tokens_in": result.tokens_in,
        "tokens_out": result.tokens_out,
        "kept_fraction": result.kept_fraction,
        "passages": len(result.context.passages),
        "segments": len(result.context.segments),
        "dropped": len(result.dropped),
        "warnings": len(result.warnings),
    }
    if os.environ.get(CONTENT_VARIABLE, "").lower() == "true":
        content = {"query": result.context.query, "text": result.text, "warning_texts": "\n".join(result.warnings)}
        attributes |= {key: value.encode("utf-8", "replace").decode() for key, value in content.items()}
    return {f"ragcompress.{key}": value for key, value in attributes.items()}
