"""The Haystack component against the real package, alone and in a pipeline that was saved."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")
pytest.importorskip("haystack")

from haystack import Document, Pipeline
from haystack.components.builders import PromptBuilder
from haystack.dataclasses import ByteStream, ChatMessage, ToolCall
from haystack.hooks.compaction import CompactionHook

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.integrations.haystack import HistoryCompactor, RagCompressorComponent

QUESTION = "Who wrote the program?"


def documents() -> list[Document]:
    return [
        Document(id="rain", content="It rained all day. The river rose. Nobody crossed.", meta={"page": 1}),
        Document(id="ada", content="Ada wrote the program in 1843. She liked horses.", score=0.5, embedding=[1.0, 2.0]),
        Document(id="none"),
        Document(id="heron", content="Herons fish. Trout swim. The program of the theatre is out."),
    ]


def joined(found: list[Document]) -> str:
    return "\n\n".join(document.content or "" for document in found)


def test_documents_are_shortened_copies() -> None:
    given = documents()
    out = RagCompressorComponent(20, compressor="lexical").run(QUESTION, given)["documents"]
    assert given == documents()
    assert embedded_count(joined(out)) <= 20
    ada = next(document for document in out if document.id == "ada")
    assert ada.score == 0.5
    assert ada.embedding is None
    for start, end in ada.meta["ragcompress"]["spans"]:
        assert given[1].content[start:end] in ada.content
    assert RagCompressorComponent(20).run(QUESTION, [])["documents"] == []


def test_what_has_no_text_stays_in_its_place() -> None:
    picture = Document(id="picture", blob=ByteStream(b"AAAA", mime_type="image/png"))
    given = [*documents()[:2], picture, documents()[3]]
    out = RagCompressorComponent(12, compressor="lexical").run(QUESTION, given)["documents"]
    names = [document.id for document in out]
    assert names.index("picture") == names.index("ada") + 1
    assert out[names.index("picture")] == picture


def test_the_budget_of_one_run_and_async() -> None:
    component = RagCompressorComponent(20, compressor="lexical")
    assert embedded_count(joined(component.run(QUESTION, documents(), budget=9)["documents"])) <= 9
    out = asyncio.run(component.run_async(QUESTION, documents()))
    assert out == component.run(QUESTION, documents())


def test_in_a_pipeline_that_was_saved_and_loaded() -> None:
    pipeline = Pipeline()
    pipeline.add_component("compress", RagCompressorComponent(9, compressor="lexical"))
    template = "{% for d in documents %}{{ d.content }}\n{% endfor %}{{ question }}"
    pipeline.add_component("prompt", PromptBuilder(template, required_variables="*"))
    pipeline.connect("compress.documents", "prompt.documents")
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=["ragcompress.integrations.haystack"])
    inputs: Any = {"compress": {"query": QUESTION, "documents": documents()}, "prompt": {"question": QUESTION}}
    prompt = again.run(inputs)["prompt"]["prompt"]
    assert prompt == pipeline.run(inputs)["prompt"]["prompt"]
    assert "Ada wrote the program in 1843." in prompt
    assert "horses" not in prompt


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput):
        RagCompressorComponent(1.5)
    with pytest.raises(InvalidInput, match="can't be saved"):
        RagCompressorComponent(TokenBudget(5, len)).to_dict()


class Words:
    """A token counter: words, and three for each message."""

    def count(self, messages: Any, tools: Any = None) -> int:
        texts = [part for m in messages for part in (*m.texts, *(r.result for r in m.tool_call_results))]
        return sum(len(text.split()) for text in texts) + 3 * len(messages)

    def to_dict(self) -> dict[str, Any]:
        return {}


def conversation() -> list[ChatMessage]:
    messages = [ChatMessage.from_system("Answer briefly.")]
    for at in range(8):
        call = ToolCall("look", {"at": at}, id=f"c{at}")
        facts = " ".join(f"Item {n} of list {at} weighs {at * n + 3} grams." for n in range(20))
        messages += [
            ChatMessage.from_user(f"What does item {at} weigh?"),
            ChatMessage.from_assistant(tool_calls=[call]),
            ChatMessage.from_tool(facts, origin=call),
        ]
    return messages


def test_the_compactor_keeps_pairs_system_and_newest_messages_and_reaches_its_target() -> None:
    given = conversation()
    compactor = HistoryCompactor(compressor="lexical", recent=2)
    out = compactor.compact(given, 600, Words())
    assert out is not None
    assert Words().count(out) <= 600 < Words().count(given)
    assert given == conversation()
    assert (out[0], out[-1]) == (given[0], given[-1])
    assert [m.tool_call_result.origin for m in out if m.tool_call_result] == [m.tool_call for m in out if m.tool_call]
    assert compactor.compact(out, 600, Words()) is None
    assert asyncio.run(compactor.compact_async(given, 600, Words())) == out


def test_the_compactor_in_haystacks_hook_and_saved() -> None:
    compactor = HistoryCompactor.from_dict(HistoryCompactor(compressor="lexical", recent=2).to_dict())
    assert (compactor.recent, compactor.compressor) == (2, "lexical")
    hook = CompactionHook(compactor, context_window=1000, token_counter=Words())

    class State:
        data = {"messages": conversation(), "context_tokens": 0}  # noqa: RUF012

        def set(self, key: str, value: Any, **more: Any) -> None:
            self.data[key] = value

    hook.run(State())  # type: ignore[arg-type]
    assert Words().count(State.data["messages"]) <= 400
    with pytest.raises(InvalidInput, match="can't be saved"):
        HistoryCompactor(compressor=len).to_dict()
