"""The sidecar over its ASGI door."""

from __future__ import annotations

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx")
from starlette.testclient import TestClient

from ragcompress.service.app import create_app
from ragcompress.service.settings import Settings

PASSAGES = ["The pump is made in Tampere. It rained on Monday.", "Bread is baked at six."]
LONG = " ".join(f"Room {n} was painted in the spring of that year." for n in range(80))
TOOL = f"{LONG} The pump is made in Tampere by Virta. {LONG}"


def _talk(more=()):
    call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": "pump"}'}}
    return [
        {"role": "user", "content": "Where is the pump made?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": TOOL},
        *more,
    ]


@pytest.fixture
def client():
    return TestClient(create_app())


def test_passages(client):
    answer = client.post("/v1/compress", json={"query": "Where is the pump made?", "passages": PASSAGES})
    assert answer.status_code == 200
    assert "Tampere" in answer.json()["text"]


def test_every_index_comes_back(client):
    body = {"query": "Where is the pump made?", "documents": PASSAGES, "return_documents": True}
    rows = client.post("/v2/rerank", json=body).json()["results"]
    assert [row["index"] for row in rows] == [0, 1]
    assert rows[0]["document"]["text"] == PASSAGES[0]
    rows = client.post("/rerank", json={"query": "pump?", "texts": PASSAGES, "return_pruned": True}).json()
    assert sorted(row["index"] for row in rows) == [0, 1]


def test_pins_and_originals_survive_a_restart(tmp_path):
    settings = Settings(store=tmp_path / "s.db")
    first = TestClient(create_app(settings)).post("/v1/compress", json={"messages": _talk()}).json()
    assert first["tokens_after"] < first["tokens_before"]
    more = [{"role": "assistant", "content": "In Tampere."}, {"role": "user", "content": "And the bread?"}]
    again = TestClient(create_app(settings))
    second = again.post("/v1/compress", json={"messages": _talk(more)}).json()
    assert second["messages"][:3] == first["messages"]
    name = first["messages"][2]["content"].rpartition("hash=")[2].rstrip("]")
    assert again.get(f"/v1/retrieve/{name}").json() == {"original_content": TOOL}
    other = again.get(f"/v1/retrieve/{name}", headers={"Authorization": "Bearer other"})
    assert other.status_code == 404


def test_older_turns_never_seen_stay_as_they_came(client):
    talk = _talk([{"role": "assistant", "content": "In Tampere."}, {"role": "user", "content": "And the bread?"}])
    assert client.post("/v1/compress", json={"messages": talk}).json()["messages"] == talk


@pytest.mark.parametrize("messages", [[], [1, None], [{"role": 3}], [{"role": "tool", "content": [{"type": 1}]}]])
def test_odd_messages_come_back(client, messages):
    answer = client.post("/v1/compress", json={"messages": messages})
    assert (answer.status_code, answer.json()["messages"]) == (200, messages)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b'{"query": " ", "passages": ["a"]}', b'{"query": 3}'])
@pytest.mark.parametrize("path", ["/v1/compress", "/v1/rerank", "/rerank"])
def test_malformed_is_4xx(client, path, body):
    answer = client.post(path, content=body)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]


def test_keys_and_size():
    client = TestClient(create_app(Settings(keys=("k1",), max_body=100)))
    body = {"query": "q", "passages": []}
    assert client.post("/v1/compress", json=body).status_code == 401
    key = {"Authorization": "Bearer k1"}
    assert client.post("/v1/compress", content=b"x" * 101, headers=key).status_code == 413
    assert client.get("/health").status_code == 200
