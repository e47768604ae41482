"""The middleware in long and in parallel conversations: one budget for all of them, both twins."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

pytest.importorskip("langchain.agents")

from agent_cases import DOCUMENTS, QUESTION, calling, run, search_tool, tool_messages
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.integrations.langchain import ContextCompressionMiddleware
from ragcompress.pruners.baselines import truncate
from ragcompress.testing import fake_chat_model

TEXT = "\n\n".join(document.page_content for document in DOCUMENTS)


def thirty_calls() -> list[Any]:
    return [calling("search", {"query": f"bridge {at}"}, start=at) for at in range(30)] + ["done"]


def test_thirty_tool_calls_hold_the_conversation_budget() -> None:
    middleware = ContextCompressionMiddleware(budget=60, conversation_budget=500, compressor="lexical")
    found = tool_messages(run(middleware, thirty_calls()))
    assert len(found) == 30
    sizes = [embedded_count(message.content) for message in found]
    stubs = [message.content for message in found if message.content.endswith("] …")]
    assert sum(sizes) - sum(map(embedded_count, stubs)) <= 500, "only stubs are sent beyond it: none is ever empty"
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
    opened, waited = threading.Event(), list[bool]()

    def patient(context: Context, budget: TokenBudget) -> Context:
        waited.append(opened.wait(60))  # only the loop opens: a call that held it up would wait in vain
        return truncate(context, budget)

    middleware = ContextCompressionMiddleware(budget=40, compressor=patient)

    async def one(number: int) -> Any:
        asking = calling("search", {"query": "bridge"})

        class Request:
            state = {"messages": [HumanMessage(QUESTION), asking]}  # noqa: RUF012
            tool_call = asking.tool_calls[0]

        async def handler(request: Any) -> ToolMessage:
            return ToolMessage(TEXT + f" Note {number}.", tool_call_id="call-0", name="search")

        return await middleware.awrap_tool_call(Request(), handler)

    async def go() -> list[Any]:
        calls = [asyncio.create_task(one(number)) for number in range(100)]
        await asyncio.sleep(0)  # all have begun
        opened.set()
        return list(await asyncio.gather(*calls))

    answers = asyncio.run(go())
    assert len(answers) == 100
    assert all(embedded_count(message.content) <= 40 for message in answers)
    assert waited
    assert all(waited)
