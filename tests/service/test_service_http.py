"""The sidecar over its ASGI door: what comes in, what goes out, what is refused."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx")
pytest.importorskip("prometheus_client")
pytest.importorskip("uvicorn")
from service_helpers import TOOL, talk
from starlette.testclient import TestClient

import ragcompress as rc
from ragcompress.service import answers
from ragcompress.service.app import create_app
from ragcompress.service.settings import Settings

PASSAGES = ["The pump is made in Tampere. It rained on Monday.", "Bread is baked at six."]
QUERY = "Where is the pump made?"


@pytest.fixture(scope="module")
def client():
    return TestClient(create_app())


def test_passages_as_the_library_gives_them(client):
    answer = client.post("/v1/compress", json={"query": QUERY, "passages": PASSAGES})
    assert answer.status_code == 200
    answers.CompressAnswer.model_validate(answer.json())
    expected = rc.compress(QUERY, PASSAGES).to_dict()
    assert {**answer.json(), "timings": 0} == {**expected, "timings": 0}
    for row in answer.json()["segments"]:
        span = row["support"][0]
        assert PASSAGES[span["passage"]][span["start"] : span["end"]] == row["text"]


@pytest.mark.parametrize("budget", [{"tokens": 8}, {"fraction": 0.5}, {"tokens": 8, "tokenizer": "letters"}, None])
@pytest.mark.parametrize("render", ["titled", "numbered", "marked", None])
def test_budget_holds_in_every_rendering(budget, render):
    client = TestClient(create_app(Settings(tokenizers={"embedded": rc.counter(rc_count), "letters": len})))
    passages = [{"text": PASSAGES[0], "title": "Pumps", "id": "p"}, PASSAGES[1]]
    body = {"query": QUERY, "passages": passages, "budget": budget, "render": render}
    answer = client.post("/v1/compress", json=body).json()
    count = len if budget and "tokenizer" in budget else rc_count
    assert answer["tokens_out"] == count(answer["text"]) <= answer["limit"]
    if budget and "tokens" in budget:
        assert answer["limit"] == 8
    assert answer["method"] == "labeller"


def rc_count(text):
    from ragcompress.core.budget import embedded_count

    return embedded_count(text)


def test_every_index_comes_back(client):
    body = {"query": QUERY, "documents": PASSAGES, "return_documents": True}
    for path in ("/v1/rerank", "/v2/rerank"):
        answer = client.post(path, json=body).json()
        answers.RerankAnswer.model_validate(answer)
        rows = answer["results"]
        assert [row["index"] for row in rows] == [0, 1]
        assert [row["document"]["text"] for row in rows] == PASSAGES
        assert 1 >= rows[0]["relevance_score"] > rows[1]["relevance_score"] >= 0
    assert len(client.post("/v1/rerank", json={**body, "top_n": 1}).json()["results"]) == 1
    assert (
        "document" not in client.post("/v1/rerank", json={"query": QUERY, "documents": PASSAGES}).json()["results"][0]
    )


def test_pruned_text_only_on_request(client):
    body = {"query": QUERY, "documents": [{"text": TOOL}, PASSAGES[1]]}
    for asked in ({"return_pruned": True}, {"model": "ragcompress-prune"}):
        rows = client.post("/v1/rerank", json={**body, **asked}).json()["results"]
        assert len(rows) == 2
        assert "The pump is made in Tampere" in rows[0]["document"]["text"]
        assert len(rows[0]["document"]["text"]) < len(TOOL) / 4
    rows = client.post("/rerank", json={"query": QUERY, "texts": [TOOL], "return_pruned": True}).json()
    assert "Tampere" in rows[0]["pruned_text"]
    assert len(rows[0]["pruned_text"]) < len(TOOL) / 4
    assert "text" not in rows[0]


def test_tei(client):
    body = {"query": QUERY, "texts": PASSAGES, "truncate": True, "return_text": True}
    rows = client.post("/rerank", json=body).json()
    assert [(row["index"], row["text"]) for row in rows] == list(enumerate(PASSAGES))
    raw = client.post("/rerank", json={**body, "raw_scores": True}).json()
    assert all(0 <= row["score"] <= 1 for row in rows)
    assert raw[1]["score"] < 0


def test_scores_are_the_scorer_s_own_and_in_another_script_below_one(client):
    scored = rc.LabelScorer()(rc.Context.of(QUERY, PASSAGES).split(rc_units))
    rows = client.post("/v1/rerank", json={"query": QUERY, "documents": PASSAGES}).json()["results"]
    assert [row["relevance_score"] for row in rows] == pytest.approx(sorted(scored.passage_scores, reverse=True))
    body = {"query": "東京タワーの高さは", "documents": ["東京タワーの高さは三百三十三メートルです。", "雨が降った。"]}
    rows = client.post("/v1/rerank", json=body).json()["results"]
    assert rows[0]["index"] == 0
    assert 1 > rows[0]["relevance_score"] > rows[1]["relevance_score"] >= 0


def rc_units(text):
    from ragcompress.structure import units

    return units(text)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"3", b'{"query": " ", "passages": ["a"]}', b'{"query": 3}', b'{"messages": {}}',
        b'{"query": "a", "passages": [NaN]}',
        b'{"query": "a", "passages": [], "texts": [], "documents": [], "x": 1e999}',
        b'{"query": "\\ud800", "passages": ["a"], "documents": ["a"], "texts": ["a"]}',
        b'{"query": "a", "passages": ["\\udfff"], "documents": ["\\udfff"], "texts": ["\\udfff"]}',
        b"\xff\xfe\x00", b"[" * 100_000, b'{"query": "a", "passages": "a", "documents": "a", "texts": "a"}',
        b'{"query":"a","passages":["a"],"documents":["a"],"texts":["a"],"method":"none","top_n":0,"raw_scores":3}',
        b'{"query":"a","passages":["a"],"documents":[3],"texts":[3],"budget":{"tokens":-1}}',
        b'{"query":"a","passages":["a"],"documents":[3],"texts":[3],"method":"labeller:/etc"}', b"9" * 10_000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/compress", "/v1/rerank", "/rerank"])
def test_malformed_is_4xx_and_says_why(client, path, body):
    answer = client.post(path, content=body)
    assert 400 <= answer.status_code < 500
    answers.ErrorAnswer.model_validate(answer.json())
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


@pytest.mark.parametrize("budget", [None, {"tokens": 12}, {"fraction": 0.5}])
def test_a_wait_beyond_the_deadline_is_answered_by_words(budget):
    from ragcompress.service.bodies import CompressBody
    from ragcompress.service.work import Work

    work = Work(Settings())
    late = work.compress(CompressBody(query=QUERY, passages=[TOOL], budget=budget, timeout_ms=1), waited=5.0)
    assert "waited 5.0 s" in late.warnings[-1]
    assert late.method == "lexical"
    assert late.tokens_out <= late.limit
    assert late.text
    assert work.rank(QUERY, [PASSAGES[1], TOOL], waited=99.0).scores[1] > 0
    assert work.rescue(CompressBody(query=QUERY, passages=PASSAGES, budget=budget), SystemExit()).text


def test_when_nothing_answers(client):
    body = {"query": "When was the treaty of Westphalia signed?", "passages": [TOOL]}
    kept = {name: client.post("/v1/compress", json={**body, "when_nothing": name}).json() for name in ("all", "empty")}
    assert (kept["all"]["text"], kept["empty"]["text"]) == (TOOL, "")
    assert client.post("/v1/compress", json=body).json()["warnings"]
    alone = [{"role": "user", "content": body["query"]}, {"role": "tool", "tool_call_id": "w", "content": TOOL}]
    assert client.post("/v1/compress", json={"messages": alone}).json()["messages"] == alone


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"query": "a", "passages": ["a"], "x": NaN}', "NaN"),
        (b'{"query": "\\ud800", "passages": ["a"]}', "surrogate"),
        (b'{"query": "a", "passages": ["a"], "x": -1e999}', "too large"),
    ],
)
def test_what_is_no_json_text_is_named(client, body, says):
    answer = client.post("/v1/compress", content=body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]


def test_messages_with_half_a_surrogate_pair_come_back_as_they_came(client):
    body = b'{"messages": [{"role": "user", "content": "\\ud83d"}]}'
    answer = client.post("/v1/compress", content=body)
    assert answer.status_code == 200
    assert json.loads(answer.content)["messages"] == json.loads(body)["messages"]


def test_a_model_is_never_loaded_by_request(client):
    for method in ("labeller:/tmp", "perplexity:gpt2", "abstractive"):
        answer = client.post("/v1/compress", json={"query": "a", "passages": ["a"], "method": method})
        assert answer.status_code == 422


def test_other_paths_and_verbs_are_json_too(client):
    assert client.get("/nothing").status_code == 404
    assert client.get("/v1/compress").status_code == 405
    assert client.get("/v1/compress").json()["error"]
    assert client.get("/v1/retrieve/xyz").status_code == 404


def test_keys_and_limits():
    client = TestClient(create_app(Settings(keys=("k1", "schlüssel"), max_body=100, max_passages=2)))
    body = {"query": "q", "passages": []}
    for header in ({}, {"Authorization": "Bearer k2"}, {"Authorization": "k1"}, {"Authorization": b"Bearer \xff"}):
        assert client.post("/v1/compress", json=body, headers=header).status_code == 401
    key = {"Authorization": "Bearer k1"}
    assert client.post("/v1/compress", json=body, headers=key).status_code == 200
    assert (
        client.post("/v1/compress", json=body, headers={"Authorization": "bearer schlüssel".encode()}).status_code
        == 200
    )
    assert client.post("/v1/compress", content=b"x" * 101, headers=key).status_code == 413
    assert client.post("/v1/compress", content=iter([b"x" * 60] * 2), headers=key).status_code == 413
    answer = client.post("/v1/compress", json={"query": "q", "passages": ["a"] * 3}, headers=key)
    assert (answer.status_code, "3 passages" in answer.json()["error"]) == (413, True)
    for path in ("/health", "/ready", "/metrics"):
        assert client.get(path).status_code == 200
        assert "access-control-allow-origin" not in client.get(path, headers={"Origin": "http://a"}).headers


def test_shadow_mode_changes_nothing_and_claims_nothing(tmp_path):
    settings = Settings(store=tmp_path / "s.db", shadow=True)
    app = create_app(settings)
    client = TestClient(app)
    for _ in range(2):
        answer = client.post("/v1/compress", json={"messages": talk()}).json()
        assert answer["messages"] == talk()
        assert (answer["tokens_saved"], answer["compression_ratio"], answer["ccr_hashes"]) == (0, 1.0, [])
    out = client.post("/v1/compress", json={"query": QUERY, "passages": PASSAGES}).json()
    assert out["text"] == "\n\n".join(PASSAGES)
    assert out["tokens_out"] == out["tokens_in"]
    rows = client.post("/v1/rerank", json={"query": QUERY, "documents": [TOOL], "return_pruned": True}).json()
    assert rows["results"][0]["document"]["text"] == TOOL
    service = app.state.service
    assert service.store._db.execute(
        "SELECT (SELECT count(*) FROM pins) + (SELECT count(*) FROM originals)"
    ).fetchone() == (0,)
    shown = client.get("/metrics").text
    assert 'ragcompress_tokens_total{kind="saved"}' not in shown
    assert 'ragcompress_tokens_total{kind="shadow_saved"}' in shown
    summary = service.metrics.shadow_summary()
    assert summary["answers"] == 3
    assert 0 < summary["tokens_would_save"] < summary["tokens_in"]
    assert service.metrics.shadow_summary() == {}


def test_shadow_mode_by_header_says_why_nothing_would_go(client):
    talk_short = talk(text="short")
    answer = client.post("/v1/compress", json={"messages": talk_short}, headers={"X-Ragcompress-Shadow": "1"})
    assert answer.json()["messages"] == talk_short
    assert client.app.state.service.metrics.shadow_summary()["left: short"] == 1


def test_metrics_count_without_content(client):
    client.post("/v1/compress", json={"messages": talk()})
    client.post("/v1/compress", json={"messages": talk()})
    client.get("/secret-path-of-a-user")
    shown = client.get("/metrics")
    assert shown.headers["content-type"].startswith("text/plain")
    for line in (
        'ragcompress_requests_total{route="/v1/compress",status="200"}',
        'ragcompress_stage_seconds_bucket{le="0.1",stage="queue"}',
        'ragcompress_pins_total{outcome="hit"}', "ragcompress_inside ", "ragcompress_capacity 258.0",
        'ragcompress_tokens_total{kind="saved"}', 'ragcompress_requests_total{route="other",status="404"}',
    ):  # fmt: skip
        assert line in shown.text
    assert not any(word in shown.text for word in ("Tampere", "pump", "secret-path"))


def test_the_openapi_document_and_its_page(client):
    made = client.get("/openapi.json").json()
    assert {"/v1/compress", "/v1/rerank", "/rerank", "/v1/retrieve/{hash}", "/health", "/metrics"} <= set(made["paths"])
    shown = client.get("/docs")
    assert all(path in shown.text for path in made["paths"])
    assert "script-src 'none'" in shown.headers["content-security-policy"]


def test_chat_answer_is_litellm_s_and_portkey_s(client):
    answer = client.post(
        "/v1/compress", json={"messages": talk(), "model": "gpt-x"}, headers={"Authorization": "Bearer a"}
    )
    found = answer.json()
    answers.ChatAnswer.model_validate(found)
    assert found["compression_ratio"] == found["tokens_after"] / found["tokens_before"] < 1
    assert found["tokens_saved"] == found["tokens_before"] - found["tokens_after"]
    assert found["ccr_hashes"][0] in found["messages"][2]["content"]
    name = found["ccr_hashes"][0]
    back = client.get(f"/v1/retrieve/{name}?query=pump", headers={"Authorization": "Bearer a"})
    assert back.json() == {"original_content": TOOL}
    assert client.get(f"/v1/retrieve/{name}").status_code == 404
