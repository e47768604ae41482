"""The middleware inside real agents, with a fake model: budgets, reversal, both twins."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

pytest.importorskip("langchain.agents")

from langchain.agents import create_agent
from langchain.tools import tool
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import create_retriever_tool
from langgraph.types import Command

from ragcompress.budget import TokenBudget, embedded_count
from ragcompress.errors import InvalidInput
from ragcompress.integrations.langchain import ContextCompressionMiddleware
from ragcompress.testing import fake_chat_model, word_count

QUESTION = "When was the bridge opened?"
FILLER = "The river is cold and wide. Trout live in it, and herons hunt them. Children throw stones from the bank. "
DOCUMENTS = [
    Document(f"{FILLER * 2}The bridge was opened in 1907. {FILLER}", id="bridge-notice", metadata={"page": 3}),
    Document(f"The museum sells tickets and postcards. {FILLER * 3}", id="museum-notice"),
    Document(f"Trains run hourly. {FILLER * 2}", id="timetable"),
]


class Listed(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return DOCUMENTS


def search_tool() -> Any:
    return create_retriever_tool(Listed(), "search", "Finds.", response_format="content_and_artifact")


def calling(name: str, *argument_sets: dict[str, Any], start: int = 0) -> AIMessage:
    calls = [{"name": name, "args": args, "id": f"call-{start + at}"} for at, args in enumerate(argument_sets)]
    return AIMessage("", tool_calls=calls)


def tool_messages(messages: Any) -> list[ToolMessage]:
    return [message for message in messages if isinstance(message, ToolMessage)]


def run(middleware: Any, answers: list[Any], tools: Any = None, *, model: Any = None) -> Any:
    model = model or fake_chat_model(answers)
    agent = create_agent(model, tools or [search_tool()], middleware=[middleware])
    return agent.invoke({"messages": [HumanMessage(QUESTION)]}, {"recursion_limit": 400})["messages"]


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
    assert embedded_count(out.content) <= limit
    assert ("[" in out.content) <= reversible
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
    middleware = ContextCompressionMiddleware(budget=10, conversation_budget=20, only_tools=["search"])
    other = answer(TEXT)
    assert shorten(middleware, other) is other
    named = ToolMessage(TEXT, tool_call_id="c0", name="search")
    assert 0 < embedded_count(shorten(middleware, named, before=(other,)).content) <= 10


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


def thirty_calls() -> list[Any]:
    return [calling("search", {"query": f"bridge {at}"}, start=at) for at in range(30)] + ["done"]


def test_thirty_tool_calls_hold_the_conversation_budget() -> None:
    middleware = ContextCompressionMiddleware(budget=60, conversation_budget=500, compressor="lexical")
    found = tool_messages(run(middleware, thirty_calls()))
    assert len(found) == 30
    sizes = [embedded_count(message.content) for message in found]
    assert sum(sizes) <= 500
    assert max(sizes) <= 60
    assert sum(sizes) > 400, "the budget is used, not only held"


def test_thirty_tool_calls_with_older_messages_making_room_for_the_new() -> None:
    middleware = ContextCompressionMiddleware(
        budget=60, conversation_budget=500, compressor="lexical", old_messages=True
    )
    model = fake_chat_model(thirty_calls())
    run(middleware, [], model=model)
    assert len(model.seen) == 31
    totals = [sum(embedded_count(m.text) for m in tool_messages(seen)) for seen in model.seen]
    assert max(totals) <= 500
    assert totals[-1] > 300
    newest = [tool_messages(seen)[-1].content for seen in model.seen[1:]]
    assert all("1907" in content for content in newest), "new results are never starved by old ones"


def test_calls_in_parallel_hold_the_conversation_budget_in_an_agent() -> None:
    middleware = ContextCompressionMiddleware(conversation_budget=150, compressor="lexical")
    found = tool_messages(run(middleware, [calling("search", *[{"query": "q"}] * 5), "done"]))
    assert len(found) == 5
    assert sum(embedded_count(message.content) for message in found) <= 150


def test_the_async_twin_gives_the_same() -> None:
    async def go() -> Any:
        agent = create_agent(
            fake_chat_model([calling("search", {"query": "bridge"}), "1907"]),
            [search_tool()],
            middleware=[ContextCompressionMiddleware(budget=40, compressor="lexical")],
        )
        return (await agent.ainvoke({"messages": [HumanMessage(QUESTION)]}))["messages"]

    sync = run(
        ContextCompressionMiddleware(budget=40, compressor="lexical"), [calling("search", {"query": "b"}), "1907"]
    )
    assert tool_messages(asyncio.run(go()))[0].content == tool_messages(sync)[0].content


def test_a_hundred_concurrent_calls_run_in_threads_and_the_loop_goes_on() -> None:
    middleware = ContextCompressionMiddleware(budget=40, compressor="lexical")
    stalls: list[float] = []

    async def heartbeat(done: asyncio.Event) -> None:
        while not done.is_set():
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            stalls.append(time.perf_counter() - before)

    async def one(number: int) -> Any:
        asking = calling("search", {"query": "bridge"})

        class Request:
            state = {"messages": [HumanMessage(QUESTION), asking]}  # noqa: RUF012
            tool_call = asking.tool_calls[0]

        async def handler(request: Any) -> ToolMessage:
            return ToolMessage(TEXT + f" Note {number}.", tool_call_id="call-0", name="search")

        return await middleware.awrap_tool_call(Request(), handler)

    async def go() -> list[Any]:
        done = asyncio.Event()
        beating = asyncio.create_task(heartbeat(done))
        out = await asyncio.gather(*(one(number) for number in range(100)))
        done.set()
        await beating
        return out

    answers = asyncio.run(go())
    assert len(answers) == 100
    assert all(embedded_count(message.content) <= 40 for message in answers)
    assert len(stalls) >= 3, "the loop ran while the threads compressed"
