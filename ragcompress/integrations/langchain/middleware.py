"""ContextCompressionMiddleware: tool results of an agent, shortened to what the user asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain.tools import BaseTool
from langchain.tools.tool_node import ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.types import Command

from ragcompress.core.budget import Counter, TokenBudget, allocate, embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor
from ragcompress.core.types import Passage
from ragcompress.integrations.errors_shown import keeping_failures
from ragcompress.integrations.labels import READ_ORIGINAL, Labelled, is_json, labels, stub
from ragcompress.integrations.langchain import toolresults as results
from ragcompress.integrations.langchain.documents import as_documents
from ragcompress.integrations.langchain.reading import read_original
from ragcompress.integrations.parts import Budget, Outcome, Parts
from ragcompress.integrations.threads import in_thread
from ragcompress.methods import needs_budget

__all__ = ["ContextCompressionMiddleware"]

Answer = ToolMessage | Command[Any]
NO_OUTPUT = "(no output)"  # some providers refuse an empty message, and models call again
ERROR_TOKENS = 1_000  # of an error that stay, whatever the budget


@dataclass(eq=False)
class ContextCompressionMiddleware(AgentMiddleware[Any, Any, Any]):
    """For ``langchain.agents.create_agent``: what tools answer is compressed to what was asked.

    Asked is what the call's own arguments say, beside what the user last asked in earnest ("Yes please." is not).
    A tool's answer is taken as passages: its artifact, if that is a list of Documents that the text holds, else the
    content blocks, which keep their borders and their order. JSON stays JSON. Lines that tell a failure stay; answers
    that fit, and errors, stay as they are. A message is never empty: a stub says what is not shown, and how much.
    The shortened message carries what was kept in ``response_metadata["ragcompress"]``, with the originals, which the
    agent can read again by id through the tool ``read_original``.

    Attributes:
        budget: Per tool call: int (tokens), float (kept fraction), `ragcompress.TokenBudget`, or None: a threshold.
            Only a stub may have more tokens, where even the shortest does not fit.
        conversation_budget: Tokens of all tool results of a conversation together (int, or a TokenBudget); calls made
            at the same time share what is left. None: no limit.
        compressor: A compressor or a method's name; None: the best one installed.
        only_tools: Names of the tools to compress; None: all. The others are neither compressed nor counted.
        old_messages: Let new results have up to the conversation budget, and shorten older tool messages to make
            room, in what the model is sent (the state keeps them). Without it, what came first keeps its room.
        reversible: Show ids, keep the originals and offer ``read_original``.
        min_tokens: With ``budget`` None or a float, shorter answers are left alone; with None, JSON too.
        timeout_s: Seconds after which a fast fallback answers.
    """

    budget: Budget = None
    conversation_budget: TokenBudget | int | None = None
    compressor: Compressor | str | None = None
    only_tools: Collection[str] | None = None
    old_messages: bool = False
    reversible: bool = True
    min_tokens: int = 64
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        Parts(self.budget, self.compressor).check()
        Parts(self.conversation_budget).check()
        if self.budget is None and self.conversation_budget is None and needs_budget(self.compressor):
            raise InvalidInput(f"{self.compressor!r} keeps as much as a budget holds: give budget, conversation_budget")
        if isinstance(self.conversation_budget, float):
            raise InvalidInput("conversation_budget is a number of tokens; a kept fraction goes into budget")
        if self.old_messages and self.conversation_budget is None:
            raise InvalidInput("old_messages=True makes room within conversation_budget; set one")
        self.tools: Sequence[BaseTool] = [read_original] if self.reversible else []

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "tools"}  # tools can't be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.__post_init__()

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Answer]) -> Answer:
        """Run the tool, then shorten its answer."""
        return self._shorten(request, handler(request))

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Answer]]
    ) -> Answer:
        """Run the tool, then shorten its answer in a thread."""
        return await in_thread(self._shorten, request, await handler(request))

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any] | AIMessage:
        """Call the model, with older tool messages shortened if ``old_messages`` is set."""
        return handler(self._with_room(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any] | AIMessage:
        """``wrap_model_call``; the shortening runs in a thread."""
        return await handler(await in_thread(self._with_room, request))

    def _shorten(self, request: ToolCallRequest, answer: Answer) -> Answer:
        messages = results.messages_of(request.state)
        call = request.tool_call
        question = results.question_for(messages, call["id"], call["name"])
        if isinstance(answer, ToolMessage):
            return self._shortened(answer, messages, question)
        update = answer.update
        if isinstance(update, dict) and isinstance(update.get("messages"), list):
            new = [
                self._shortened(item, messages, question) if isinstance(item, ToolMessage) else item
                for item in update["messages"]
            ]
            return replace(answer, update={**update, "messages": new})
        return answer

    def _shortened(self, message: ToolMessage, messages: Sequence[AnyMessage], question: str) -> ToolMessage:
        if not self._ours(message):
            return message
        if not message.content:
            return message.model_copy(update={"content": NO_OUTPUT})
        left = self._left(message, messages)
        if message.name == READ_ORIGINAL:  # asked for in full: only the conversation's budget may cut it
            return message if left is None else self._cut(message, left, question)
        limit = self._limit(message, left)
        if message.status == "error":
            limit = ERROR_TOKENS if limit is None else max(limit, ERROR_TOKENS)
        if limit is None and self._leave_alone(message):
            return message
        return self._cut(message, limit, question)

    def _ours(self, message: ToolMessage) -> bool:
        return self.only_tools is None or message.name in self.only_tools or message.name == READ_ORIGINAL

    def _left(self, message: ToolMessage, messages: Sequence[AnyMessage]) -> int | None:
        """What the conversation's budget leaves for this message; None: no limit."""
        if self.conversation_budget is None:
            return None
        used = 0 if self.old_messages else sum(self._size(m) for m in messages if isinstance(m, ToolMessage))
        left = max(_number(self.conversation_budget) - used, 0)
        calls = results.unanswered_calls(messages)
        if message.tool_call_id not in calls:
            return left
        return allocate(left, [left] * len(calls))[calls.index(message.tool_call_id)]

    def _limit(self, message: ToolMessage, left: int | None) -> int | None:
        """The most tokens this message may have; None when only a threshold decides."""
        limits = [] if left is None else [left]
        if isinstance(self.budget, float) and not self._leave_alone(message):
            limits.append(int(self.budget * self._size(message)))
        elif isinstance(self.budget, TokenBudget | int):
            limits.append(_number(self.budget))
        elif self.budget is None and limits and self._size(message) <= limits[0]:
            return None  # it fits the conversation: the threshold may still shorten it
        return min(limits, default=None)

    def _leave_alone(self, message: ToolMessage) -> bool:
        json = self.budget is None and not results.tells_documents(message) and is_json(results.text_of(message))
        return self._size(message) < self.min_tokens or json

    def _cut(self, message: ToolMessage, limit: int | None, question: str) -> ToolMessage:
        """The message within ``limit`` tokens, or as short as the threshold makes it; itself where that is no gain."""
        size = self._size(message)
        passages = results.whole_passages(message)
        if (limit is not None and size <= limit) or not passages:
            return message
        read, most = message.name == READ_ORIGINAL, size if limit is None else min(limit, size)
        documents = results.tells_documents(message)
        names = labels(passages) if self.reversible and not read else ("",) * len(passages)
        sizes = () if documents else tuple(self._count(passage.text) for passage in passages)
        look = Labelled(names, documents, sizes=sizes)
        outcome = self._compressed(question, passages, most, look, in_order=read)
        shown = dict(look.bodies(outcome.result.context))
        text = "\n\n".join(shown.values())
        if not text:
            text = stub(passages, look.labels, size, self._count, most)
            shown = {0: text}
        tokens = self._count(text)
        if tokens >= size:
            return message
        facts: dict[str, Any] = {"tokens_in": size, "tokens_out": tokens}
        facts["spans"] = {passages[part.passage].id: part.facts()["spans"] for part in outcome.parts}
        if self.reversible and not read:
            facts["originals"] = {passage.id: passage.text for passage in passages}
        if outcome.result.warnings:
            facts["warnings"] = list(outcome.result.warnings)
        return results.with_text(message, {0: text} if documents else shown, facts, _artifact(message, outcome))

    def _compressed(
        self, question: str, passages: Sequence[Passage], limit: int, look: Labelled, *, in_order: bool
    ) -> Outcome:
        """What is kept: by the threshold if that is short enough, else within the limit."""
        dynamic = self.budget is None and not in_order and not needs_budget(self.compressor)
        compressor: Compressor | str | None = "truncate"
        if not in_order:
            compressor = keeping_failures(self.compressor, passages, self._count, limit, dynamic=dynamic)
        parts = Parts(compressor=compressor, timeout_s=self.timeout_s)
        if dynamic:
            outcome = parts(question, passages)
            if self._count(look(outcome.result.context)) <= limit:
                return outcome
        return replace(parts, budget=TokenBudget(limit, self._count, look))(question, passages)

    def _with_room(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        """The request with older tool messages shortened until all fit the conversation's budget."""
        messages, limit = list(request.messages), self.conversation_budget
        if not self.old_messages or limit is None:
            return request
        places = [at for at, m in enumerate(messages) if isinstance(m, ToolMessage) and self._ours(m)]
        sizes = {at: self._size(cast(ToolMessage, messages[at])) for at in places}
        if sum(sizes.values()) <= _number(limit):
            return request
        newest = max((at for at, m in enumerate(messages) if isinstance(m, AIMessage)), default=-1)
        new, old = [at for at in places if at > newest], [at for at in places if at < newest]
        shares = dict(zip(new, allocate(_number(limit), [sizes[at] for at in new]), strict=True))
        left = _number(limit) - sum(shares.values())
        shares |= dict(zip(old, allocate(left, [sizes[at] for at in old]), strict=True))
        for at, share in shares.items():
            message = cast(ToolMessage, messages[at])
            messages[at] = self._cut(message, share, results.question_for(messages, message.tool_call_id))
        return request.override(messages=messages)

    def _size(self, message: ToolMessage) -> int:
        text = results.text_of(message) if self._ours(message) else ""
        return self._count(text) if text else 0

    @property
    def _count(self) -> Counter:
        budgets = (self.budget, self.conversation_budget)
        return next((given.count for given in budgets if isinstance(given, TokenBudget)), embedded_count)


def _number(budget: TokenBudget | int) -> int:
    return budget.limit if isinstance(budget, TokenBudget) else budget


def _artifact(message: ToolMessage, outcome: Outcome) -> Any:
    """The artifact's documents shortened like the text; an artifact of another kind, or shortened before, as it is."""
    if results.KEY in message.response_metadata or not results.tells_documents(message):
        return message.artifact
    return as_documents(outcome, message.artifact)
