"""Chat histories within a budget: bytes that were sent stay, pairs stay together, originals can be read."""

from __future__ import annotations

import copy
import doctest
import json
import pickle
import random
from collections.abc import Sequence
from typing import Any

import pytest

import ragcompress as rc
from ragcompress.core.budget import embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.integrations import chat
from ragcompress.integrations.content import joined
from ragcompress.testing import word_count

TOPICS = ["pump", "valve", "boiler", "fan", "meter", "filter", "tank", "hose", "crane", "lift"]
SYSTEM = {"role": "system", "content": "You look after a plant. Answer briefly. " * 3}


def sheet(topic: str, at: int) -> str:
    facts = " ".join(f"Its part {n} was checked on day {at * 7 + n} by crew {n % 3}." for n in range(14))
    return f"The {topic} number {at} was made in {1950 + at}. {facts} Its fuse has {at + 5} amperes."


def openai(turns: int) -> list[dict[str, Any]]:
    """Questions, calls in pairs, their answers, and a reply for each."""
    messages: list[dict[str, Any]] = [SYSTEM]
    for at in range(turns):
        topic = TOPICS[at % len(TOPICS)]
        calls = [
            {
                "id": f"c{at}-{n}",
                "type": "function",
                "function": {"name": "look", "arguments": json.dumps({"of": topic})},
            }
            for n in range(2)
        ]
        messages += [
            {"role": "user", "content": f"When was the {topic} number {at} made?"},
            {"role": "assistant", "content": None, "tool_calls": calls},
            *({"role": "tool", "tool_call_id": call["id"], "content": sheet(topic, at)} for call in calls),
            {"role": "assistant", "content": f"The {topic} was made in {1950 + at}."},
        ]
    return messages


def anthropic(turns: int) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for at in range(turns):
        topic = TOPICS[at % len(TOPICS)]
        mark = {"cache_control": {"type": "ephemeral"}}
        text = {"type": "text", "text": sheet(topic, at), **mark}
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
        messages += [
            {"role": "user", "content": [{"type": "text", "text": f"When was the {topic} number {at} made?"}]},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": f"c{at}", "name": "look", "input": {"of": topic}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"c{at}", "content": [text, image]}]},
            {"role": "assistant", "content": [{"type": "text", "text": f"It was made in {1950 + at}."}]},
        ]
    return messages


SHAPES = {"openai": openai, "anthropic": anthropic}


def requests(messages: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The beginnings of a conversation with which a model is asked."""
    stops = [at for at, message in enumerate(messages) if message["role"] == "assistant" and at > 0]
    return [list(messages[:stop]) for stop in stops]


def pairs_hold(messages: Sequence[dict[str, Any]]) -> bool:
    open_calls: set[str] = set()
    for message in map(chat.look, messages):
        if message.role == "tool":
            if not set(message.answers) <= open_calls:
                return False
            open_calls -= set(message.answers)
        elif open_calls:
            return False
        open_calls |= set(message.calls)
    return not open_calls


def test_examples() -> None:
    assert doctest.testmod(chat).failed == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_thirty_growing_requests_keep_the_budget_the_bytes_and_the_pairs(shape: str) -> None:
    history = rc.HistoryCompressor(4000 if shape == "openai" else 2500, compressor="lexical")
    sent: list[str] = []
    unsafe = 0
    asked = requests(SHAPES[shape](15))
    for messages in asked:
        before = copy.deepcopy(messages)
        out = history(messages)
        assert messages == before
        assert out.tokens_out <= history.limit
        assert pairs_hold(out.messages)
        assert out.messages[-1] == messages[-1]
        now = [json.dumps(message) for message in out.messages]
        same = now[: len(sent)] == sent
        assert same or not out.cache_safe, "cache_safe means that what was sent stands there byte for byte"
        unsafe += not out.cache_safe
        sent = now
    assert 0 < unsafe <= len(asked) // 4, f"{unsafe} of {len(asked)} requests changed what was sent before"


def test_what_was_shortened_once_keeps_its_bytes() -> None:
    history = rc.HistoryCompressor(3000, compressor="lexical")
    texts: dict[int, set[str]] = {}
    for messages in requests(openai(12)):
        out = history(messages)
        assert len(out.messages) == len(messages)
        for at, (old, new) in enumerate(zip(messages, out.messages, strict=True)):
            if old != new:
                texts.setdefault(at, set()).add(new["content"])
    assert texts
    excerpts = [{text for text in found if " tokens" not in text[-8:]} for found in texts.values()]
    assert all(len(found) <= 1 for found in excerpts), "an excerpt is made once; it may only become a stub"


def test_the_same_messages_give_the_same_in_another_process_and_after_a_copy() -> None:
    messages = openai(12)[:-1]
    first = rc.HistoryCompressor(1500, compressor="lexical")
    warm = [first(beginning) for beginning in requests(openai(12))][-1]
    for again in (
        rc.HistoryCompressor(1500, compressor="lexical"),
        pickle.loads(pickle.dumps(first)),
        copy.deepcopy(first),
    ):
        assert again == first
        assert again(messages) == warm


def test_system_messages_the_newest_steps_and_the_question_stay_whole() -> None:
    messages = [*openai(10), {"role": "user", "content": "Which fuse has the valve number 1? " + sheet("spring", 99)}]
    messages += [{"role": "assistant", "content": "Shall I look?"}, {"role": "user", "content": "Yes please."}]
    out = rc.HistoryCompressor(1200, recent=2, compressor="lexical")(messages)
    assert out.messages[0] is messages[0]
    assert out.messages[-3:] == messages[-3:], "the question is older than the newest two, and stays"
    assert out.tokens_out <= 1200 < out.tokens_in


@pytest.mark.parametrize("compressor", ["lexical", None])
def test_older_messages_keep_what_is_asked_now(compressor: str | None) -> None:
    messages = [*openai(8), {"role": "user", "content": "How many amperes has the fuse of the boiler number 2?"}]
    out = rc.HistoryCompressor(1300, stable=False, recent=1, compressor=compressor)(messages)
    assert out.tokens_out <= 1300
    assert "Its fuse has 7 amperes" in "\n".join(joined(message["content"]) for message in out.messages)
    assert not out.cache_safe


def test_originals_can_be_read_by_the_id_that_is_shown() -> None:
    messages = openai(10)
    history = rc.HistoryCompressor(2500, compressor="lexical")
    out = history(messages)
    assert out.originals
    shown = "\n".join(joined(message["content"]) for message in out.messages)
    for name, text in out.originals.items():
        assert f"[{name}]" in shown
        assert history.original(messages, f"[{name}]") == text
    assert history.original(messages, "nonsense") is None


def test_a_short_history_is_given_as_it_came() -> None:
    messages = openai(1)
    out = rc.HistoryCompressor(4000)(messages)
    assert all(new is old for new, old in zip(out.messages, messages, strict=True))
    assert out.cache_safe
    assert out.tokens_in == out.tokens_out
    assert rc.HistoryCompressor(10)([]).messages == []


def test_hundreds_of_steps_fit_and_a_note_says_what_is_left_out() -> None:
    out = rc.HistoryCompressor(900, compressor="lexical")(openai(120)[:-1])
    assert out.tokens_out <= 900
    assert pairs_hold(out.messages)
    (note,) = [m["content"] for m in out.messages if "earlier messages left out" in str(m["content"])]
    assert int(note.split()[0].strip("[")) > 300
    assert out.messages[0] is not None
    assert out.messages[0] == SYSTEM


def test_where_the_newest_step_alone_is_too_long_a_warning_says_so() -> None:
    out = rc.HistoryCompressor(50, compressor="lexical")(openai(2)[:-1])
    assert out.messages[-1] == openai(2)[-2]
    assert "limit 50" in out.warnings[0]


def test_json_in_tool_answers_stays_json() -> None:
    rows = json.dumps([{"id": at, "name": f"thing {at}", "price": at * 3} for at in range(60)])
    messages = [
        {"role": "user", "content": "What is the price of thing 17?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "1", "function": {"name": "rows", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": rows},
        *openai(3)[1:],
        {"role": "user", "content": "And what is the price of thing 17 now?"},
    ]
    out = rc.HistoryCompressor(900, stable=False, recent=1, compressor="lexical")(messages)
    found = json.loads(out.messages[2]["content"])
    assert found[-1].startswith("read_earlier ")


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_conversation_the_laws_hold(seed: int) -> None:
    draw = random.Random(seed)
    messages: list[dict[str, Any]] = [SYSTEM] * draw.randint(0, 2)
    for at in range(draw.randint(1, 25)):
        kind = draw.choice(["user", "ok", "calls", "say", "blocks"])
        text = " ".join(sheet(draw.choice(TOPICS), at) for _ in range(draw.randint(0, 3)))
        if kind == "calls":
            names = [f"{at}-{n}" for n in range(draw.randint(1, 4))]
            calls = [{"id": n, "function": {"name": "t", "arguments": json.dumps({"q": text[:40]})}} for n in names]
            messages.append(
                {"role": "assistant", "content": draw.choice([None, "", "Let me see."]), "tool_calls": calls}
            )
            messages += [{"role": "tool", "tool_call_id": name, "content": draw.choice([text, ""])} for name in names]
        elif kind == "blocks":
            blocks = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": "data:,"}}]
            messages.append({"role": "user", "content": blocks})
        else:
            messages.append(
                {"role": "assistant" if kind == "say" else "user", "content": "ok" if kind == "ok" else text}
            )
    for stable in (True, False):
        budget = rc.TokenBudget(draw.choice([60, 300, 900]), draw.choice([embedded_count, word_count]))
        out = rc.HistoryCompressor(budget, recent=draw.randint(1, 5), stable=stable, compressor="lexical")(messages)
        assert out.tokens_out <= budget.limit or out.warnings
        assert out.tokens_out <= out.tokens_in
        assert pairs_hold(out.messages)
        assert [m for m in out.messages if m["role"] == "system"] == [m for m in messages if m["role"] == "system"]
        assert out.messages[-1] == messages[-1]


@pytest.mark.parametrize(
    ("budget", "settings"), [(0, {}), (-5, {}), (0.5, {}), (True, {}), (None, {}), (10, {"recent": 0})]
)
def test_settings_that_cannot_be_are_refused_at_once(budget: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        rc.HistoryCompressor(budget, **settings)


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a dict with a role"):
        rc.HistoryCompressor(10)(["hello"])
