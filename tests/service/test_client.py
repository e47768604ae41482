"""The clients against a real server, and against servers that fail."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("httpx")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
import httpx
from service_helpers import TOOL, serving, talk

import ragcompress as rc
from ragcompress.client import AsyncClient, Client
from ragcompress.core.errors import CompressionFailed
from ragcompress.service.settings import Settings

PASSAGES = ["The pump is made in Tampere. It rained on Monday.", rc.Passage("Bread is baked at six.", "b", "Baking")]
QUERY = "Where is the pump made?"


@pytest.fixture(scope="module")
def base():
    with serving(Settings(keys=("k1",))) as address:
        yield address


@pytest.mark.parametrize("budget", [None, 8, 0.5])
def test_the_same_result_as_the_library(base, budget):
    local = rc.compress(QUERY, PASSAGES, budget)
    with Client(base, "k1") as client:
        out = client.compress(QUERY, PASSAGES, budget)
    assert isinstance(out, rc.Compressed)
    assert {**out.to_dict(), "timings": 0} == {**local.to_dict(), "timings": 0}
    assert out.context.passages[1] is PASSAGES[1]
    assert out.to_html()


def test_async_says_the_same(base):
    async def both():
        async with AsyncClient(base, "k1") as client:
            return await asyncio.gather(
                client.compress(QUERY, PASSAGES, 8, method="lexical"), client.rerank(QUERY, ["Bread.", "The pump."], 1),
                client.messages(talk()), client.original("0" * 24),
            )  # fmt: skip

    out, ranked, messages, original = asyncio.run(both())
    assert (out.method, out.tokens_out <= 8) == ("lexical", True)
    assert ranked[0][0] == 1
    assert "hash=" in messages[2]["content"]
    assert original is None


def test_messages_and_originals(base):
    with Client(base, "k1") as client:
        messages = client.messages(talk())
        assert client.original(messages[2]["content"].rpartition("hash=")[2][:24]) == TOOL


def test_what_is_wrong_with_the_request_raises(base):
    with Client(base, "k1") as client:
        with pytest.raises(rc.InvalidInput, match="there are"):
            client.compress(QUERY, PASSAGES, method="nothing")
        with pytest.raises(rc.InvalidInput, match="surrogate"):
            client.compress(QUERY, ["\ud800"])
        with pytest.raises(rc.InvalidInput, match="can't travel"):
            client.compress(QUERY, PASSAGES, rc.TokenBudget(3, len))
    with Client(base, "wrong") as client, pytest.raises(rc.InvalidInput, match="401"):
        client.compress(QUERY, PASSAGES)
    with pytest.raises(rc.InvalidInput, match="on_error"):
        Client(base, on_error="never")


def _answering(status=200, **more):
    return httpx.MockTransport(lambda request: httpx.Response(status, **more))


@pytest.mark.parametrize(
    "transport",
    [
        _answering(503), _answering(429), _answering(content=b"<html>"), _answering(json={}), _answering(json=[3]),
        _answering(json={"segments": [{"text": "a", "score": 1, "support": [{"passage": 9, "start": 0, "end": 1}]}]}),
        None,
    ],
)  # fmt: skip
def test_a_server_that_fails_leaves_the_passages(transport):
    client = Client("http://127.0.0.1:9", transport=transport)
    out = client.compress(QUERY, PASSAGES)
    assert out.text == "The pump is made in Tampere. It rained on Monday.\n\nBread is baked at six."
    assert "no compression by the server" in out.warnings[0]
    assert client.compress(QUERY, PASSAGES, 5).tokens_out <= 5
    assert client.messages(talk()) == talk()
    assert client.rerank(QUERY, ["a", "b"]) == [(0, 0.0), (1, 0.0)]
    strict = Client("http://127.0.0.1:9", transport=transport, on_error="raise")
    with pytest.raises(CompressionFailed):
        strict.compress(QUERY, PASSAGES)


def test_over_a_unix_socket(tmp_path):
    path = tmp_path / "s"
    with serving(uds=path), Client("http://localhost", uds=str(path)) as client:
        assert client.rerank(QUERY, ["Bread.", "The pump."])[0][0] == 1
