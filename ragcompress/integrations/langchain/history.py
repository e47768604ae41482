"""HistoryCompressionMiddleware: what an agent's model is sent of a long conversation."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain.tools import BaseTool, ToolRuntime, tool
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from ragcompress.core.budget import TokenBudget
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor
from ragcompress.integrations.chat import Seen
from ragcompress.integrations.content import texts_of, with_texts
from ragcompress.integrations.history import READ_EARLIER, HistoryCompressor
from ragcompress.integrations.langchain.reading import part_of
from ragcompress.integrations.langchain.toolresults import messages_of
from ragcompress.integrations.shrinking import name_of
from ragcompress.integrations.threads import in_thread

__all__ = ["HistoryCompressionMiddleware", "history_compressor", "look"]

_ROLES = {"human": "user", "ai": "assistant", "tool": "tool", "system": "system", "function": "tool"}


def look(message: Any) -> Seen:
    """What compression needs to know of one of LangChain's messages."""
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return Seen(
        role=_ROLES.get(message.type, "user"),
        texts=tuple(texts_of(message.content)),
        told="\n".join(f"{c['name']} {json.dumps(c['args'], ensure_ascii=False, default=str)}" for c in calls),
        calls=tuple(str(call["id"]) for call in calls),
        answers=(message.tool_call_id,) if isinstance(message, ToolMessage) else (),
    )


def _put(message: Any, texts: Sequence[str]) -> Any:
    return message.model_copy(update={"content": with_texts(message.content, texts)})


def history_compressor(budget: TokenBudget | int, **settings: Any) -> HistoryCompressor:
    """`ragcompress.HistoryCompressor` for LangChain's messages; ``settings`` as there."""
    return HistoryCompressor(budget, look=look, put=_put, note=HumanMessage, **settings)


def _read_earlier(id: str, runtime: ToolRuntime, question: str = "", start: int = 0) -> str:
    """Read the full text of an earlier message that is shown shortened. Pass the id in [brackets] before it.

    Long texts come in pages: go on with `start`, or give a `question` to get what answers it.
    """
    wanted = id.strip().removeprefix(READ_EARLIER).strip(" []\"'()")
    texts = [text for message in messages_of(runtime.state) for text in texts_of(message.content)]
    found = next((text for text in texts if name_of(text) == wanted), None)
    return f"No earlier text has the id {wanted!r}." if found is None else part_of(found, wanted, question, start)


read_earlier = tool(READ_EARLIER)(_read_earlier)


@dataclass(eq=False)
class HistoryCompressionMiddleware(AgentMiddleware[Any, Any, Any]):
    """For ``langchain.agents.create_agent``: the model is sent the conversation within a budget.

    The state keeps everything; see `ragcompress.HistoryCompressor` for what is shortened and when. The agent can read
    what was shortened through the tool ``read_earlier``.

    Attributes:
        budget: int (tokens) or `ragcompress.TokenBudget`, for all messages; the system prompt and tools come on top.
        recent: How many of the newest steps stay whole.
        stable: Decide once, so that prompt caches work; False: judge by the present question every time.
        compressor: A compressor or a method's name; None: the best one installed.
        reversible: Offer ``read_earlier``.
    """

    budget: TokenBudget | int
    recent: int = 4
    stable: bool = True
    compressor: Compressor | str | None = None
    reversible: bool = True

    def __post_init__(self) -> None:
        if self.budget is None:
            raise InvalidInput("budget must be tokens (an int above 0) or a TokenBudget, not None")
        self.history = history_compressor(
            self.budget, recent=self.recent, stable=self.stable, compressor=self.compressor
        )
        self.tools: Sequence[BaseTool] = [read_earlier] if self.reversible else []

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "tools"}  # tools can't be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.__post_init__()

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any] | AIMessage:
        """Call the model with the history within the budget."""
        return handler(self._shortened(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any] | AIMessage:
        """``wrap_model_call``; the shortening runs in a thread."""
        return await handler(await in_thread(self._shortened, request))

    def _shortened(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        out = self.history(request.messages)
        return request.override(messages=out.messages) if out.originals or out.tokens_out < out.tokens_in else request
