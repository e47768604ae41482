"""The middleware in agents and alone, with a fake model: what it shortens, what it leaves, reversal."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langchain.agents")

from agent_cases import DOCUMENTS, FILLER, QUESTION, calling, run, tool_messages
from langchain.tools import tool
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.types import Command

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.integrations.langchain import ContextCompressionMiddleware
from ragcompress.testing import fake_chat_model, word_count


def test_a_tool_result_is_shortened_to_what_the_user_asked() -> None:
    messages = run(
        ContextCompressionMiddleware(budget=40, compressor="lexical"), [calling("search", {"query": "bridge"}), "1907"]
    )
    (found,) = tool_messages(messages)
    assert "opened in 1907" in found.content
    assert embedded_count(found.content) <= 40
    assert embedded_count("\n\n".join(d.page_content for d in DOCUMENTS)) > 200
    facts = found.response_metadata["ragcompress"]
    assert facts["tokens_out"] == embedded_count(found.content) < facts["tokens_in"]
    kept = [DOCUMENTS[0].page_content[start:end] for start, end in facts["spans"]["bridge-notice"]]
    assert any("opened in 1907" in text for text in kept)
    assert all(text in found.content for text in kept)
    assert found.artifact[0].id == "bridge-notice"
    assert found.artifact[0].metadata["page"] == 3
    assert len(found.artifact[0].page_content) < len(DOCUMENTS[0].page_content)
    assert messages[-1].content == "1907"
    assert "ragcompress" not in DOCUMENTS[0].metadata


def test_the_agent_reads_an_original_again_by_the_id_it_was_shown() -> None:
    middleware = ContextCompressionMiddleware(budget=40, compressor="lexical")
    model = fake_chat_model(
        [
            calling("search", {"query": "bridge"}),
            calling("read_original", {"id": "bridge-notice"}, start=1),
            calling("read_original", {"id": "[brid]"}, start=2),
            calling("read_original", {"id": "nonsense"}, start=3),
            "done",
        ]
    )
    messages = tool_messages(run(middleware, [], model=model))
    assert "[brid" in messages[0].content
    assert messages[1].content == DOCUMENTS[0].page_content
    assert messages[2].content == DOCUMENTS[0].page_content
    assert "bridge-notice" in messages[3].content
    assert "timetable" in messages[3].content, "dropped passages can be read again too"


def test_what_fits_and_what_failed_stays_as_it_is() -> None:
    @tool
    def short() -> str:
        """Short."""
        return "42"

    messages = tool_messages(run(ContextCompressionMiddleware(budget=40), [calling("short", {}), "ok"], [short]))
    assert messages[0].content == "42"
    assert messages[0].response_metadata == {}
    error = ToolMessage("broken " * 500, tool_call_id="x", status="error")
    assert shorten(ContextCompressionMiddleware(budget=10), error) is error


def shorten(
    middleware: Any, answer: Any, *, calls: int = 1, before: tuple[Any, ...] = (), question: str = QUESTION
) -> Any:
    asking = AIMessage(
        "", tool_calls=[{"name": "t", "args": {"query": "bridge opened"}, "id": f"c{i}"} for i in range(calls)]
    )
    asked = [HumanMessage(question)] if question else []

    class Request:
        state = {"messages": [*asked, *before, asking]}  # noqa: RUF012
        tool_call = asking.tool_calls[0]

    return middleware.wrap_tool_call(Request(), lambda request: answer)


def answer(text: str, number: int = 0, **more: Any) -> ToolMessage:
    return ToolMessage(text, tool_call_id=f"c{number}", name="t", **more)


TEXT = "\n\n".join(document.page_content for document in DOCUMENTS)


@pytest.mark.parametrize("limit", [0, 1, 7, 30, 100])
@pytest.mark.parametrize("reversible", [True, False])
def test_the_budget_of_a_call_holds(limit: int, reversible: bool) -> None:
    middleware = ContextCompressionMiddleware(budget=limit, compressor="lexical", reversible=reversible)
    out = shorten(middleware, answer(TEXT))
    assert out.content.strip()
    assert embedded_count(out.content) <= max(limit, 6), "never empty: the shortest stub has six tokens"
    assert ("[" in out.content) == reversible
    assert bool(middleware.tools) == reversible


def test_a_budget_counts_with_its_own_counter() -> None:
    out = shorten(ContextCompressionMiddleware(budget=TokenBudget(25, word_count), compressor="lexical"), answer(TEXT))
    assert 15 < word_count(out.content) <= 25
    assert "1907" in out.content


def test_a_kept_fraction_is_a_budget_too() -> None:
    out = shorten(ContextCompressionMiddleware(budget=0.2, compressor="lexical"), answer(TEXT))
    assert embedded_count(out.content) <= 0.2 * embedded_count(TEXT)
    assert "1907" in out.content


def test_without_a_budget_short_answers_and_json_are_left_alone_and_nothing_grows() -> None:
    middleware = ContextCompressionMiddleware()
    rows = answer('{"rows": [' + ", ".join(f'{{"id": {i}, "name": "row"}}' for i in range(80)) + "]}")
    assert shorten(middleware, rows) is rows
    small = answer("The bridge was opened in 1907. Herons fish.")
    assert shorten(middleware, small) is small
    assert embedded_count(shorten(middleware, answer(TEXT)).content) <= embedded_count(TEXT)


def test_calls_made_together_share_what_is_left_of_the_conversation() -> None:
    middleware = ContextCompressionMiddleware(conversation_budget=100, compressor="lexical")
    earlier = answer("word " * 40, 9)
    out = [shorten(middleware, answer(TEXT, at), calls=3, before=(earlier,)) for at in range(3)]
    assert sum(embedded_count(message.content) for message in out) <= 60
    assert all(message.content for message in out)


def test_only_named_tools_are_compressed_and_counted() -> None:
    middleware = ContextCompressionMiddleware(budget=20, conversation_budget=40, only_tools=["search"])
    other = answer(TEXT)
    assert shorten(middleware, other) is other
    named = ToolMessage(TEXT, tool_call_id="c0", name="search")
    assert 0 < embedded_count(shorten(middleware, named, before=(other,)).content) <= 20


def test_a_command_with_tool_messages_is_shortened_too() -> None:
    command = Command(update={"messages": [answer(TEXT), AIMessage("x")], "seen": 1})
    out = shorten(ContextCompressionMiddleware(budget=20, compressor="lexical"), command)
    assert embedded_count(out.update["messages"][0].content) <= 20
    assert out.update["messages"][1].content == "x"
    assert out.update["seen"] == 1
    assert command.update["messages"][0].content == TEXT


def test_without_a_question_the_tools_arguments_are_asked() -> None:
    out = shorten(ContextCompressionMiddleware(budget=30, compressor="lexical"), answer(TEXT), question="")
    assert "1907" in out.content


def test_a_text_that_is_not_its_artifacts_documents_is_what_gets_shortened() -> None:
    summary = f"In short, the bridge was opened in 1907. {FILLER}\n\nSee the sources. {FILLER}"
    message = answer(summary, artifact=DOCUMENTS)
    out = shorten(ContextCompressionMiddleware(budget=30, compressor="lexical"), message)
    assert "In short, the bridge was opened in 1907." in out.content
    assert out.artifact is DOCUMENTS


def test_documents_in_a_format_of_their_own_are_found_in_the_text() -> None:
    told = "\n\n".join(f"Source: {d.metadata}\nContent: {d.page_content}" for d in DOCUMENTS)
    out = shorten(ContextCompressionMiddleware(budget=30, compressor="lexical"), answer(told, artifact=DOCUMENTS))
    assert "[brid" in out.content
    assert out.artifact[0].id == "bridge-notice"


def test_images_stay_beside_the_shortened_text() -> None:
    image = {"type": "image", "url": "data:image/png;base64,AAAA"}
    out = shorten(
        ContextCompressionMiddleware(budget=30, compressor="lexical"), answer([{"type": "text", "text": TEXT}, image])
    )
    assert out.content[1] == image
    assert embedded_count(out.text) <= 30


def test_passages_with_the_same_id_or_none_can_all_be_read_again() -> None:
    documents = [Document(f"Fact {at}. {FILLER * 2}", id="same" if at < 2 else None) for at in range(4)]
    message = answer("\n\n".join(d.page_content for d in documents), artifact=documents)
    out = shorten(ContextCompressionMiddleware(budget=30, compressor="lexical"), message)
    kept = out.response_metadata["ragcompress"]["originals"]
    assert sorted(kept.values()) == sorted(d.page_content for d in documents)


@pytest.mark.parametrize("settings", [
    {"budget": -1}, {"budget": 1.5}, {"conversation_budget": 0.5}, {"old_messages": True}, {"compressor": "lexcal"},
])  # fmt: skip
def test_settings_that_cannot_be_are_refused_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        ContextCompressionMiddleware(**settings)
