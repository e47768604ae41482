"""Compression as tools of the Model Context Protocol: for agents, over standard input and output or HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

from pydantic import BaseModel, Field

from ragcompress import __version__
from ragcompress.core.errors import InvalidInput, RagCompressError, require
from ragcompress.core.forks import cached_property
from ragcompress.core.types import Passage
from ragcompress.facade import compress
from ragcompress.retriever import HybridRetriever
from ragcompress.service.settings import Settings
from ragcompress.service.store import Pin, Store, digest

__all__ = ["Tools", "make_mcp"]

P = ParamSpec("P")
_SCOPE = "mcp"
Question = Annotated[str, Field(description="What is asked; be specific: everything else is taken out.")]
Budget = Annotated[int | None, Field(description="At most so many tokens; without it the method decides.", ge=0)]


class Source(BaseModel):
    """Where text comes from; ``read_original`` takes its id."""

    id: str
    title: str
    score: float


class Shorter(BaseModel):
    """What was kept."""

    text: str
    tokens_in: int
    tokens_out: int
    sources: list[Source]
    warnings: list[str]


class Answered(BaseModel):
    """A short answer, where it stands, and what it was read from."""

    answer: str
    score: float
    source: str
    context: str


@dataclass(frozen=True)
class Tools:
    """The tools as plain functions.

    Attributes:
        store: Of whole texts.
        index: The folder that ``ragcompress index`` made; None: there is none to search.
    """

    store: Store = field(default_factory=lambda: Store(Settings()))
    index: Path | None = None

    def compress(
        self,
        question: Question,
        passages: Annotated[list[str], Field(description="Texts, most relevant first.")],
        budget: Budget = None,
    ) -> Shorter:
        """Shorten texts to what a question needs; every kept character stands in them. read_original has the rest."""
        given = [Passage(text, self._kept(text)) for text in passages]
        return self._shorter(question, given, budget)

    def search(
        self,
        question: Question,
        count: Annotated[int, Field(description="How many passages to look at.", ge=1, le=100)] = 10,
        budget: Budget = None,
    ) -> Shorter:
        """Find passages in the index and shorten them to what the question needs."""
        return self._shorter(question, self._retriever.retrieve(question, count), budget)

    def ask(
        self,
        question: Question,
        count: Annotated[int, Field(description="How many passages to look at.", ge=1, le=100)] = 10,
    ) -> Answered:
        """Answer a question from the index, with the source; the answer is a span of it, or empty where none is."""
        from ragcompress.models.reader.reader import ExtractiveReader

        out = compress(question, self._retriever.retrieve(question, count))
        found = ExtractiveReader().answer(question, out.context)
        source = out.context.passages[found.support.passage] if found.support else None
        return Answered(
            answer=found.text, score=float(found.score), source=source.id if source else "", context=out.text
        )

    def read_original(
        self, id: Annotated[str, Field(description="As compress and search gave it, or after hash= in a message.")]
    ) -> str:
        """The whole text behind an id."""
        found = self.store.original(_SCOPE, id)
        if found is None and self.index is not None:
            passages = self._retriever.get([id])
            found = passages[0].text if passages else None
        if found is None:
            raise InvalidInput(f"no text has the id {id!r}; it is unknown or expired")
        return found

    @cached_property
    def _retriever(self) -> HybridRetriever:
        if self.index is None:
            raise InvalidInput("there is no index to search; start with: ragcompress mcp --index DIR")
        return HybridRetriever.load(self.index)

    def _kept(self, text: str) -> str:
        name = digest(_SCOPE, text)
        self.store.pin(_SCOPE, name, Pin("", name), text)
        return name

    def _shorter(self, question: str, passages: Iterable[Passage], budget: int | None) -> Shorter:
        out = compress(question, passages, budget)
        used = dict.fromkeys(span.passage for segment in out.context.segments for span in segment.support)
        sources = [
            Source(id=p.id, title=p.title, score=out.passage_scores[at])
            for at in used
            for p in [out.context.passages[at]]
        ]
        return Shorter(
            text=out.text,
            tokens_in=out.tokens_in,
            tokens_out=out.tokens_out,
            sources=sources,
            warnings=list(out.warnings),
        )


def make_mcp(tools: Tools) -> Any:
    """An ``MCPServer`` with the tools; run it, or connect ``mcp.Client`` to it.

    Raises:
        MissingExtra: The package ``mcp`` is not installed.
    """
    server = require("mcp.server.mcpserver", "mcp").MCPServer(
        "ragcompress",
        version=__version__,
        instructions="Shortens long texts to what a question needs, verbatim. Ask read_original where more is needed.",
        log_level="WARNING",
    )
    reads_only = require("mcp_types", "mcp").ToolAnnotations(read_only_hint=True, open_world_hint=False)
    for tool in (tools.compress, tools.search, tools.ask, tools.read_original):
        server.tool(name=tool.__name__, annotations=reads_only)(_told(tool))
    return server


def _told(tool: Callable[P, Any]) -> Callable[P, Any]:
    """Named errors as what the model reads; others are the server's business."""
    tool_error = require("mcp.server.mcpserver.exceptions", "mcp").ToolError

    @wraps(tool)
    def run(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            return tool(*args, **kwargs)
        except RagCompressError as error:
            raise tool_error(str(error)) from error

    return run
