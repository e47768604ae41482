"""The history middleware in an agent: what the model is sent, and reading it again."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import pytest

pytest.importorskip("langchain.agents")

from agent_cases import calling, tool_messages
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

from ragcompress.core.budget import embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.integrations.content import joined
from ragcompress.integrations.langchain import ContextCompressionMiddleware, HistoryCompressionMiddleware
from ragcompress.integrations.shrinking import name_of
from ragcompress.testing import fake_chat_model

FACTS = [" ".join(f"Item {n} of list {at} weighs {at * n + 3} grams." for n in range(20)) for at in range(12)]


@tool
def weigh(at: int) -> str:
    """Weights."""
    return FACTS[at]


def calls() -> list[AIMessage]:
    return [calling("weigh", {"at": at}, start=at) for at in range(12)]


def total(messages: Any) -> int:
    return sum(embedded_count(text) for message in messages if (text := joined(message.content)))


def test_the_model_is_sent_the_budget_and_the_state_keeps_everything() -> None:
    model = fake_chat_model([*calls(), "done"])
    middleware = HistoryCompressionMiddleware(1600, compressor="lexical", recent=2)
    agent = create_agent(model, [weigh], middleware=[middleware])
    state = agent.invoke({"messages": [HumanMessage("What does item 7 of list 3 weigh?")]}, {"recursion_limit": 99})
    assert [message.content for message in tool_messages(state["messages"])] == FACTS
    assert all(total(seen) <= 1600 for seen in model.seen)
    for seen in model.seen:
        made = [call["id"] for message in seen if isinstance(message, AIMessage) for call in message.tool_calls]
        assert [message.tool_call_id for message in seen if isinstance(message, ToolMessage)] == made
        assert seen[0].content == "What does item 7 of list 3 weigh?"
    steady = sum(
        [m.content for m in after[: len(before)]] == [m.content for m in before]
        for before, after in zip(model.seen, model.seen[1:], strict=False)
    )
    assert steady >= len(model.seen) // 2, "most requests begin with the bytes of the one before"


def test_the_agent_reads_an_earlier_text_again() -> None:
    middleware = HistoryCompressionMiddleware(1000, compressor="lexical", recent=2)
    question = {"messages": [HumanMessage("What does item 7 weigh?")]}
    first = fake_chat_model([*calls()[:6], "done"])
    create_agent(first, [weigh], middleware=[middleware]).invoke(question)
    name = next(m.content for m in tool_messages(first.seen[-1]) if m.content.startswith("["))[1:7]
    model = fake_chat_model([*calls()[:6], calling("read_earlier", {"id": name}, start=6), "done"])
    state = create_agent(model, [weigh], middleware=[middleware]).invoke(question, {"recursion_limit": 99})
    read = tool_messages(state["messages"])[-1].content
    assert read in FACTS
    assert name_of(read) == name


def test_async_and_together_with_the_tool_results_middleware() -> None:
    model = fake_chat_model([*calls(), "done"])
    both = [ContextCompressionMiddleware(budget=90, compressor="lexical"), HistoryCompressionMiddleware(500)]

    async def go() -> Any:
        agent = create_agent(model, [weigh], middleware=both)
        return await agent.ainvoke({"messages": [HumanMessage("What does item 7 weigh?")]}, {"recursion_limit": 99})

    asyncio.run(go())
    assert all(total(seen) <= 500 for seen in model.seen)


def test_it_pickles_copies_and_refuses_what_cannot_be() -> None:
    middleware = HistoryCompressionMiddleware(700, compressor="lexical", recent=2)
    for again in (pickle.loads(pickle.dumps(middleware)), copy.deepcopy(middleware)):
        assert again.history == middleware.history
        assert [one.name for one in again.tools] == ["read_earlier"]
    assert HistoryCompressionMiddleware(700, reversible=False).tools == []
    with pytest.raises(InvalidInput):
        HistoryCompressionMiddleware(0)
