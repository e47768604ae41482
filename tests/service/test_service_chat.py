"""Conversations: pins, originals, and what is left as it came."""

from __future__ import annotations

import sqlite3

import pytest

pytest.importorskip("pydantic")
from service_helpers import TOOL, call, talk

from ragcompress.service.chat import Chat
from ragcompress.service.settings import Settings
from ragcompress.service.store import Pin, Store, digest

FOLLOW = [{"role": "assistant", "content": "In Tampere."}, {"role": "user", "content": "And the bread?"}]


def _shorten(question, text):
    return f"short: {question}", 0.9


def _chat(tmp_path=None, **more):
    settings = Settings(store=tmp_path / "s.db" if tmp_path else None, **more)
    return Chat(settings, Store(settings))


def test_judged_by_the_call_and_the_last_substantial_question():
    messages = [
        {"role": "user", "content": "Why does it leak?"}, {"role": "assistant", "content": "Look?"},
        {"role": "user", "content": "yes please"}, call("c9", q="gasket"),
        {"role": "tool", "tool_call_id": "c9", "content": TOOL},
    ]  # fmt: skip
    out = _chat()(messages, "s", _shorten)
    assert out.messages[-1]["content"].startswith("short: Why does it leak? gasket\n")
    assert messages[-1]["content"] == TOOL


def test_the_same_conversation_thirty_times_with_a_restart(tmp_path):
    seen, messages, chat = [], [], _chat(tmp_path)
    for turn in range(30):
        messages += [
            {"role": "user", "content": f"Where is pump {turn} made?"}, call(f"c{turn}", q=f"pump {turn}"),
            {"role": "tool", "tool_call_id": f"c{turn}", "content": f"{TOOL} {turn}"},
        ]  # fmt: skip
        chat = _chat(tmp_path) if turn in (11, 23) else chat
        out = chat(messages, "s", lambda q, t, n=turn: (f"{n}: {q}", 0.9))
        assert out.messages[: len(seen)] == seen
        seen = out.messages
        messages.append({"role": "assistant", "content": f"In Tampere {turn}."})
        seen = [*seen, messages[-1]]
    hashes = [m["content"].rpartition("hash=")[2][:24] for m in seen if m["role"] == "tool"]
    again = _chat(tmp_path)
    assert [again.store.original("s", name) for name in hashes] == [f"{TOOL} {turn}" for turn in range(30)]


def test_older_turns_never_seen_stay_as_they_came():
    out = _chat()(talk(*FOLLOW), "s", _shorten)
    assert out.messages == talk(*FOLLOW)
    assert out.reasons == {"older turn": 1}
    asked = _chat(older_turns=True)(talk(*FOLLOW), "s", _shorten)
    assert asked.messages[2]["content"].startswith("short: ")


def test_a_full_queue_keeps_pins_and_pins_what_is_new():
    chat = _chat()
    first = chat(talk(), "s", _shorten)
    busy = chat(
        talk(*FOLLOW, call("c2", q="bread"), {"role": "tool", "tool_call_id": "c2", "content": TOOL}), "s", None
    )
    assert busy.messages[2] == first.messages[2]
    assert busy.messages[-1]["content"] == TOOL
    assert busy.before > busy.after > 0
    later = chat([*talk(*FOLLOW, call("c2", q="bread")), busy.messages[-1]], "s", _shorten)
    assert later.messages[-1]["content"] == TOOL  # the bytes that went out once go out again


def test_list_content_is_shortened_part_by_part():
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    parts = [
        {"type": "text", "text": TOOL, "cache_control": {"type": "ephemeral"}},
        image,
        {"type": "text", "text": "x"},
    ]
    out = _chat()(talk(text=parts), "s", _shorten)
    new = out.messages[2]["content"]
    assert new[0]["text"].startswith("short: ")
    assert new[0]["cache_control"] == {"type": "ephemeral"}
    assert new[1:] == parts[1:]
    assert parts[0]["text"] == TOOL


def test_without_a_question_nothing_goes_then_or_later():
    chat = _chat()
    tool = {"role": "tool", "tool_call_id": "c1", "content": TOOL}
    assert chat([tool], "s", _shorten).messages == [tool]  # as LiteLLM sends it: without user and assistant
    again = chat([{"role": "user", "content": "Where is the pump made?"}, tool], "s", _shorten)
    assert again.messages[1] == tool


def test_with_a_question_that_may_be_another_s_the_text_must_fit_it():
    user, tool = talk()[0], {"role": "tool", "tool_call_id": "c1", "content": TOOL}
    other = {**tool, "tool_call_id": "c2"}  # answers a question that LiteLLM withheld
    chat = _chat()
    first = chat([user, tool], "s", lambda q, t: (q, 0.9))
    assert first.messages[1]["content"].startswith("Where is the pump made?")
    second = chat([user, tool, other], "s", lambda q, t: (q, 0.1))
    assert second.messages == [user, first.messages[1], other]
    assert second.reasons["another question"] == 1
    third = chat([user, tool, {"role": "user", "content": "And bread?"}, other], "s", _shorten)
    assert third.messages == [user, first.messages[1], {"role": "user", "content": "And bread?"}, other]
    sure = _chat()([user, tool, {"role": "user", "content": "And bread?"}], "s", lambda q, t: (q, 0.1))
    assert sure.messages[1]["content"].startswith("Where is the pump made?")


def test_what_was_brought_back_or_is_short_already_stays():
    back = {
        "role": "assistant",
        "tool_calls": [{"id": "r", "function": {"name": "headroom_retrieve", "arguments": "{}"}}],
    }
    out = _chat()([talk()[0], back, {"role": "tool", "tool_call_id": "r", "content": TOOL}], "s", _shorten)
    assert out.messages[-1]["content"] == TOOL
    chat = _chat()
    adopted = chat(talk(text=f"{TOOL} {TOOL}"), "s", lambda q, t: (TOOL, 0.9)).messages
    assert chat(adopted, "s", _shorten).messages == adopted


@pytest.mark.parametrize(("error", "reason"), [(TimeoutError(), "out of time"), (ValueError(), "failed")])
def test_what_fails_is_pinned_as_it_came(error, reason):
    def fail(question, text):
        raise error

    chat = _chat()
    out = chat(talk(), "s", fail)
    assert (out.messages, out.reasons) == (talk(), {reason: 1})
    assert chat(talk(), "s", _shorten).messages == talk()


def test_a_store_that_fails_loses_no_answer():
    chat = _chat()
    chat.store.close()
    out = chat(talk(), "s", _shorten)
    assert (out.messages, out.reasons) == (talk(), {"store failed": 1})


@pytest.mark.parametrize("messages", [[], [1, None], [{"role": 3}], [{"role": "tool", "content": [{"type": 1}, 3]}],
                                      [{"role": "assistant", "tool_calls": [3, {"function": {"arguments": 4}}]}],
                                      [{"role": "tool", "content": None}]])  # fmt: skip
def test_odd_messages_come_back(messages):
    assert _chat()(messages, "s", _shorten).messages == messages


def test_pins_and_originals_have_a_size_and_a_lifetime():
    now = [0.0]
    settings = Settings(store_bytes=3_000, pin_bytes=3_000, lifetime_s=100)
    store = Store(settings, lambda: now[0])
    for at in range(20):
        now[0] += 1
        store.pin("s", f"k{at}", Pin("x" * 500, digest(str(at))), "y" * 500)
    kept = [at for at in range(20) if store.pinned("s", f"k{at}")]
    assert kept == [16, 17, 18, 19]
    assert [at for at in range(20) if store.original("s", digest(str(at)))] == kept
    assert store._sizes == {"originals": store._size("originals"), "pins": store._size("pins")}
    assert store.pinned("other", "k19") is None
    now[0] += 90
    assert store.pinned("s", "k19")  # a pin that is used keeps its original
    now[0] += 90
    assert store.original("s", digest("19")) == "y" * 500
    assert store.pinned("s", "k18") is None
    now[0] += 101
    assert store.original("s", digest("19")) is None


def test_the_first_pin_wins():
    store = Store(Settings())
    assert store.pin("s", "k", Pin()) == Pin()
    assert store.pin("s", "k", Pin("late", "h"), "whole") == Pin()
    assert store.original("s", "h") is None


def test_two_processes_share_a_file(tmp_path):
    first, second = Store(Settings(store=tmp_path / "s.db")), Store(Settings(store=tmp_path / "s.db"))
    first.pin("s", "k", Pin("a", "h"), "whole")
    assert second.pinned("s", "k") == Pin("a", "h")
    assert second.original("s", "h") == "whole"
    first.close()
    with pytest.raises(sqlite3.Error):
        first.pinned("s", "k")


def test_what_has_expired_is_new_again_and_can_be_had_back():
    now = [0.0]
    store = Store(Settings(lifetime_s=100), lambda: now[0])
    store.pin("s", "k", Pin("a", "h"), "whole")
    now[0] = 101
    assert store.original("s", "h") is None
    assert store.pin("s", "k", Pin("b", "h"), "whole") == Pin("b", "h")
    assert store.original("s", "h") == "whole"
    now[0] = 202
    store.keep("s", "h", "whole")
    assert store.original("s", "h") == "whole"


def test_what_other_chats_call_text_is_shortened_too():
    parts = [{"type": "input_text", "text": TOOL}, {"type": "tool_result", "content": [{"type": "text", "text": TOOL}]}]
    new = _chat()(talk(text=parts), "s", _shorten).messages[2]["content"]
    assert new[0]["text"].startswith("short: ")
    assert new[1]["content"][0]["text"].startswith("short: ")


def test_a_tool_result_among_what_a_user_says_asks_for_nothing():
    result = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "u", "content": "The bread is baked."}],
    }
    out = _chat()([talk()[0], result, *talk()[1:]], "s", _shorten)
    assert out.messages[-1]["content"].startswith("short: Where is the pump made?")
