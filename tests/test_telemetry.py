"""Spans when the program traces, nothing otherwise."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import ragcompress as rc
from ragcompress.telemetry import CONTENT_VARIABLE

PASSAGES = ["Ada wrote it in 1843. It rained that day.", "Nothing here."]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)  # the global provider can only be set once
    monkeypatch.delenv(CONTENT_VARIABLE, raising=False)
    yield exporter
    provider.shutdown()


def test_a_span_with_figures_and_no_content(spans: Any) -> None:
    out = rc.compress("Who wrote it?", PASSAGES, budget=8, compressor="lexical")
    (span,) = spans.get_finished_spans()
    assert span.name == "ragcompress.compress"
    assert span.attributes == {
        "ragcompress.method": out.method,
        "ragcompress.limit": 8,
        "ragcompress.tokens_in": out.tokens_in,
        "ragcompress.tokens_out": out.tokens_out,
        "ragcompress.kept_fraction": out.kept_fraction,
        "ragcompress.passages": 2,
        "ragcompress.segments": 1,
        "ragcompress.dropped": len(out.dropped),
        "ragcompress.warnings": 0,
    }


def test_content_when_asked(spans: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTENT_VARIABLE, "true")
    rc.compress("Who \ud800 wrote it?", PASSAGES, budget=8, compressor="lexical")
    (span,) = spans.get_finished_spans()
    assert span.attributes["ragcompress.query"] == "Who ? wrote it?"
    assert span.attributes["ragcompress.text"] == "Ada wrote it in 1843."


def test_an_error_ends_the_span_with_a_failed_status(spans: Any) -> None:
    with pytest.raises(rc.InvalidInput):
        rc.compress(" ", PASSAGES)
    (span,) = spans.get_finished_spans()
    assert not span.status.is_ok


def test_a_program_that_does_not_trace_never_loads_it() -> None:
    code = (
        "import sys, ragcompress as rc; rc.compress('Who?', ['Ada. Bob.'], 3, 'lexical'); "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_signature_of_compress_stays_readable() -> None:
    import inspect

    assert list(inspect.signature(rc.compress).parameters)[:3] == ["query", "passages", "budget"]
    assert "kept fraction" in (rc.compress.__doc__ or "")
