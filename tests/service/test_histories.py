"""Whole conversations within a budget over HTTP: bytes hold, also after a restart; originals come back."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx")
pytest.importorskip("prometheus_client")
pytest.importorskip("uvicorn")
from service_helpers import call
from starlette.testclient import TestClient

from ragcompress.integrations.chat import look, steps
from ragcompress.integrations.content import joined
from ragcompress.service import answers
from ragcompress.service.app import create_app
from ragcompress.service.histories import aged
from ragcompress.service.pins import Outcome
from ragcompress.service.settings import Settings
from ragcompress.service.store import Store

LIMIT = 1200
SYSTEM = {"role": "system", "content": "You look after a plant."}
FACTS = " ".join(f"Part {n} was checked by crew {n % 3}." for n in range(20))


def turn(at):
    """A question, a call, its answer and a reply."""
    return [
        {"role": "user", "content": f"When was pump {at} made?"},
        call(f"c{at}", q=f"pump {at}"),
        {"role": "tool", "tool_call_id": f"c{at}", "content": f"Pump {at} was made in {1950 + at}. {FACTS}"},
        {"role": "assistant", "content": f"It was made in {1950 + at}."},
    ]


def grown(turns):
    """What is sent for the last of so many questions, and for each before it."""
    messages = [SYSTEM]
    for at in range(turns):
        said = turn(at)
        yield [*messages, said[0]]
        yield [*messages, *said[:3]]
        messages += said


def sent(client, messages, **more):
    answer = client.post("/v1/compress", json={"messages": messages, "history_tokens": LIMIT, **more})
    assert answer.status_code == 200
    answers.ChatAnswer.model_validate(answer.json())
    return answer.json()


def whole(messages):
    """Calls with all their answers."""
    seen = [look(message) for message in messages]
    return all({a for at in step for a in seen[at].answers} <= set(seen[step.start].calls) for step in steps(seen))


def test_a_growing_conversation_keeps_its_budget_and_its_bytes_also_after_a_restart(tmp_path):
    settings = Settings(store=tmp_path / "pins.db", min_tokens=10_000)
    client, before, changed = TestClient(create_app(settings)), [], 0
    for number, messages in enumerate(grown(15)):
        if number % 10 == 9:
            client = TestClient(create_app(settings))
        out = sent(client, messages)
        assert sent(client, messages) == out
        assert out["messages"][0] == SYSTEM
        assert out["messages"][-1] == messages[-1]
        assert out["tokens_after"] <= LIMIT
        assert whole(out["messages"])
        same = out["messages"][: len(before)] == before
        assert same or not out["cache_safe"]
        changed += not same
        before = out["messages"]
    assert 0 < changed <= 8, f"{changed} of 30 requests changed what was sent before"
    assert sent(TestClient(create_app(Settings(min_tokens=10_000))), messages)["messages"] == before  # worked out anew


def test_what_is_shortened_can_be_had_whole_and_by_nobody_else(tmp_path):
    settings = Settings(store=tmp_path / "pins.db", keys=("a", "b"), min_tokens=10_000)
    client = TestClient(create_app(settings), headers={"authorization": "Bearer a"})
    *_, messages = grown(9)
    out = sent(client, messages)
    shown = "\n".join(joined(message["content"]) for message in out["messages"])
    given = {joined(message["content"]) for message in messages}
    names = [name for name in out["ccr_hashes"] if f"hash={name}" in shown]
    assert len(names) > 2
    for name in names:
        assert client.get(f"/v1/retrieve/{name}").json()["original_content"] in given
        other = client.get(f"/v1/retrieve/{name}", headers={"authorization": "Bearer b"})
        assert other.status_code == 404


def test_a_tool_text_that_was_shortened_before_leads_to_its_whole_text():
    *_, messages = grown(9)
    for message in messages:
        if message["role"] == "tool":
            message["content"] += " " + FACTS
    client = TestClient(create_app(Settings(min_tokens=100, older_turns=True)))
    out = sent(client, messages)
    assert out["ccr_hashes"]
    for name in out["ccr_hashes"]:
        found = client.get(f"/v1/retrieve/{name}").json()["original_content"]
        assert found in [message["content"] for message in messages]


def test_the_server_can_be_told_once_and_without_it_nothing_happens():
    *_, messages = grown(9)
    plain = TestClient(create_app(Settings(min_tokens=10_000)))
    assert plain.post("/v1/compress", json={"messages": messages}).json()["messages"] == messages
    told = TestClient(create_app(Settings(min_tokens=10_000, history_tokens=LIMIT)))
    found = told.post("/v1/compress", json={"messages": messages}).json()
    assert found["messages"] == sent(plain, messages)["messages"] != messages
    assert sent(told, messages, history_tokens=10_000)["messages"] == messages


def test_shadow_measures_and_writes_nothing(tmp_path):
    settings = Settings(store=tmp_path / "pins.db", shadow=True, min_tokens=10_000)
    *_, messages = grown(9)
    app = create_app(settings)
    out = sent(TestClient(app), messages)
    assert out["messages"] == messages
    assert out["tokens_saved"] == 0
    assert app.state.service.metrics.shadow_summary()["tokens_would_save"] > 0
    assert app.state.service.store._sizes == {"originals": 0, "pins": 0}


def test_without_time_decisions_hold_and_new_ones_wait():
    *_, messages = grown(9)
    store = Store(Settings())
    late = aged(Outcome(list(messages)), LIMIT, "s", store, None)
    assert late.messages == messages
    assert late.reasons == {"history out of time": 1}
    assert aged(Outcome(list(messages)), LIMIT, "s", store, 0.0).reasons == {"history out of time": 1}
    decided = aged(Outcome(list(messages)), LIMIT, "s", store, 60.0)
    assert decided.after < LIMIT
    assert aged(Outcome(list(messages)), LIMIT, "s", store, None).messages == decided.messages


def test_what_is_no_conversation_comes_back():
    client = TestClient(create_app())
    for odd in ([], [3, None], [{"role": 3}], [{"content": "a"}], [{"role": "user", "content": {"a": 1}}]):
        assert sent(client, odd)["messages"] == odd
    deep: list = []
    for _ in range(120):
        deep = [{"type": "tool_result", "content": deep}]
    odd = [{"role": "tool", "tool_call_id": "1", "content": deep}]
    assert sent(client, odd)["messages"] == odd
    assert client.post("/v1/compress", json={"messages": [], "history_tokens": 0}).status_code == 422


def test_a_message_that_recursion_can_not_follow_comes_back():
    text = '{"role":"tool","content":' + '[{"type":"tool_result","content":' * 400 + '""' + "}]" * 400 + "}"
    answer = TestClient(create_app()).post("/v1/compress", content='{"messages":[' + text + "]}")
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.json()["messages"] == [json.loads(text)]
