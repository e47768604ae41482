"""What was asked and what was read is in no log, trace, metric, error or file, unless somebody asks for it."""

from __future__ import annotations

import io
import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ragcompress as rc
from ragcompress.core.errors import RagCompressError

SECRET = "zanzibarquokka"
QUERY = f"Who met {SECRET}?"
TEXT = f"Ada met {SECRET} in Karsk. It rained all day there. The bridge was opened in 1887."


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that any logger says, in full."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for other in ("httpx", "httpx2", "httpcore", "asyncio"):  # the test's own client names the paths that it asks for
        logging.getLogger(other).setLevel(logging.WARNING)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def _bad(context: Any, budget: Any) -> Any:
    raise RuntimeError("the part failed")


WRONG: dict[str, Callable[[], Any]] = {
    "a budget that is none": lambda: rc.compress(QUERY, [TEXT], "many"),  # type: ignore[arg-type]
    "a negative budget": lambda: rc.compress(QUERY, [TEXT], -1),
    "a passage that is none": lambda: rc.compress(QUERY, [TEXT, 3], 10),  # type: ignore[list-item]
    "a passage that is a list": lambda: rc.compress(QUERY, [[TEXT]], 10),  # type: ignore[list-item]
    "a passage that is a mapping": lambda: rc.compress(QUERY, [{"body": TEXT}], 10),  # type: ignore[list-item]
    "passages that are one text": lambda: rc.compress(QUERY, TEXT, 10),
    "a query that is none": lambda: rc.compress([QUERY], [TEXT], 10),  # type: ignore[arg-type]
    "an unknown method": lambda: rc.compress(QUERY, [TEXT], 10, "no-such"),
    "a compressor that fails": lambda: rc.compress(QUERY, [TEXT], 10, _bad, on_error="raise"),
    "a compressor that gives a text": lambda: rc.compress(QUERY, [TEXT], 10, lambda c, b: TEXT, on_error="raise"),  # type: ignore[arg-type,return-value]
    "a counter that fails": lambda: rc.compress(QUERY, [TEXT], rc.TokenBudget(5, lambda text: -1), on_error="raise"),
    "a segmenter that does not tile": lambda: rc.Context.of(QUERY, [TEXT]).split(lambda text: [(0, 3)]),
    "scores of another number": lambda: rc.Context.of(QUERY, [TEXT]).with_scores([1.0, 2.0]),
    "a segment that is none": lambda: rc.Context.of(QUERY, [TEXT]).keep([9], "x"),
    "no pair": lambda: list(rc.compress_many([(QUERY, [TEXT], 3)], 10)),  # type: ignore[list-item]
    "a score that is none": lambda: rc.Passage(TEXT, score=SECRET),  # type: ignore[arg-type]
    "an id that is none": lambda: rc.Passage(TEXT, id=[SECRET]),  # type: ignore[arg-type]
}


def _told(work: Callable[[], Any]) -> str:
    """What a call's error says, with the errors behind it; "" where it raises none."""
    try:
        work()
    except Exception as error:
        return "".join([*traceback.format_exception_only(error), str(error.__cause__), str(error.__context__)])
    return ""


@pytest.mark.parametrize("name", WRONG)
def test_errors_do_not_quote_what_was_given(name, logged):
    shown = _told(WRONG[name])
    assert SECRET not in shown
    assert SECRET not in logged.getvalue()


@pytest.mark.parametrize("method", ["labeller", "lexical", "dense", "cluster", "redundancy", "truncate", "words"])
def test_a_call_leaves_no_word_of_it(method, logged, capfd, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    rc.compress(QUERY, [TEXT] * 3, 12, method)
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err + logged.getvalue()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_a_fallback_warns_without_a_word_of_it(logged, capfd):
    out = rc.compress(QUERY, [TEXT], 12, _bad)
    assert out.warnings
    said = capfd.readouterr()
    assert SECRET not in "".join(map(str, out.warnings)) + said.out + said.err + logged.getvalue()


def test_the_service_logs_counts_and_answers_errors_without_content(logged, capfd):
    pytest.importorskip("starlette", reason="the service is not installed")
    pytest.importorskip("httpx", reason="the client is not installed")
    from starlette.testclient import TestClient

    from ragcompress.service.app import create_app

    with TestClient(create_app(), raise_server_exceptions=False) as client:
        assert (
            SECRET
            in client.post("/v1/compress", json={"query": QUERY, "passages": [TEXT], "budget": {"tokens": 12}}).text
        )
        answers = [
            client.post("/v1/compress", json={"query": QUERY, "passages": TEXT}).text,
            client.post("/v1/compress", json={"query": QUERY, "passages": [{"text": [TEXT]}], "budget": SECRET}).text,
            client.post("/v1/compress", content=f'{{"query": "{SECRET}'.encode()).text,
            client.post("/v1/rerank", json={"query": QUERY, "documents": SECRET}).text,
            client.post(f"/v1/{SECRET}", json={}).text,
            client.get("/v1/retrieve/0123456789abcdef01234567").text,
            client.get("/metrics").text,
        ]
    said = capfd.readouterr()
    assert not [answer for answer in answers if SECRET in answer]
    assert SECRET not in said.out + said.err + logged.getvalue()


def test_traces_hold_content_only_where_asked(monkeypatch):
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="OpenTelemetry's SDK is not installed")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    from opentelemetry import trace

    kept = memory.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer", lambda *_: provider.get_tracer("test"))
    monkeypatch.delenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", raising=False)
    rc.compress(QUERY, [TEXT], 12, "lexical")
    with pytest.raises(RagCompressError):
        rc.compress(QUERY, [TEXT], 12, _bad, on_error="raise")
    spans = [span.to_json() for span in kept.get_finished_spans()]
    assert len(spans) == 2
    assert SECRET not in "".join(spans)


def test_bulk_errors_and_progress_hold_no_content(tmp_path, logged, capfd):
    from ragcompress.bulk import compress_dataset

    source = tmp_path / "in.jsonl"
    rows = [{"query": QUERY, "passages": [TEXT]}, {"query": "", "passages": [TEXT]}, {"query": QUERY, "passages": 3}]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert SECRET not in _told(lambda: compress_dataset(source, tmp_path / "out.jsonl", budget=12))
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err + logged.getvalue()


def test_the_command_complains_without_content(tmp_path: Path, monkeypatch, capsys):
    pytest.importorskip("typer", reason="the command line is not installed")
    from ragcompress.cli import main

    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["ragcompress", "compress", QUERY, "--budget", "-3", str(tmp_path / "a.txt")])
    with pytest.raises(SystemExit):
        main()
    assert SECRET not in capsys.readouterr().err


def test_langchain_and_llamaindex_leave_no_word_of_it(logged, capfd):
    pytest.importorskip("langchain_core", reason="LangChain is not installed")
    from langchain_core.documents import Document

    from ragcompress.integrations.langchain import RagCompressor

    RagCompressor(budget=12).compress_documents([Document(page_content=TEXT)], QUERY)
    RagCompressor(budget=12, compressor=_bad).compress_documents([Document(page_content=TEXT)], QUERY)
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err + logged.getvalue()
