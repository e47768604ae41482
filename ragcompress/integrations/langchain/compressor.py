"""RagCompressor: any compressor of this package as LangChain's BaseDocumentCompressor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.runnables import RunnableConfig, RunnableLambda
from pydantic import ConfigDict, field_serializer, model_validator

from ragcompress.integrations.langchain.documents import as_documents, as_passages
from ragcompress.integrations.langchain.settings import plainly
from ragcompress.integrations.parts import Parts
from ragcompress.integrations.threads import in_thread

__all__ = ["RagCompressor"]


class RagCompressor(BaseDocumentCompressor):
    """Documents in, shorter documents out: same ids, same order, metadata kept and added to.

    The budget holds for the page contents joined with a blank line. ``metadata["relevance_score"]`` is the relevance,
    ``metadata["ragcompress"]`` has the kept ``spans`` (offsets into the page content given), ``tokens_in`` and
    ``tokens_out`` of the document, and ``warnings`` if there were any. Every call is a run called RagCompressor in
    traces; the async twin compresses in a thread.

    Attributes:
        budget: int (tokens), float (kept fraction), `ragcompress.TokenBudget`, or None: a threshold decides.
        compressor: Any ``(Context, TokenBudget) -> Context``, or a method's name; None: the best one installed.
        per: ``"passage"``: one document per passage; ``"span"``: one per kept run of text.
        keep_empty: Return documents of which nothing was kept too, with empty content.
        min_score: Drop documents of lower relevance.
        top_n: Return at most so many passages; they share the whole budget.
        timeout_s: Seconds after which a fast fallback answers.
        on_error: ``"fallback"``, or ``"raise"`` `ragcompress.core.errors.CompressionFailed`.
        when_nothing: What to return where nothing is relevant enough: ``"best"`` units, ``"all"``, or ``"empty"``.
        title_key: Where a document's title is in its metadata; scorers read it.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True, extra="forbid")

    budget: Any = None
    compressor: Any = None
    per: Literal["passage", "span"] = "passage"
    keep_empty: bool = False
    min_score: float | None = None
    top_n: int | None = None
    timeout_s: float | None = None
    on_error: Literal["fallback", "raise"] = "fallback"
    when_nothing: Literal["best", "all", "empty"] = "best"
    title_key: str = "title"

    def __init__(self, **settings: Any) -> None:
        with plainly(type(self).__name__):
            super().__init__(**settings)

    @field_serializer("budget", "compressor", when_used="json")
    def _said(self, value: Any) -> Any:
        """Numbers and names as they are; what has no form in JSON, such as a tokenizer, as its repr."""
        return value if isinstance(value, str | int | float | None) else repr(value)

    @model_validator(mode="after")
    def _check(self) -> RagCompressor:
        self.parts().check()
        return self

    def parts(self, **changes: Any) -> Parts:
        """The settings as the function that does the work, some of them changed."""
        names = (
            "budget",
            "compressor",
            "per",
            "keep_empty",
            "min_score",
            "top_n",
            "timeout_s",
            "on_error",
            "when_nothing",
        )
        return Parts(**{name: getattr(self, name) for name in names} | changes)

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        """Compress ``documents`` to what ``query`` needs.

        Raises:
            InvalidInput: A blank query or wrong types.
            CompressionFailed: Only with ``on_error="raise"``.
        """
        return self.as_runnable().invoke({"query": query, "documents": documents}, config=_config(callbacks))

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        """``compress_documents`` in a thread; the event loop goes on meanwhile."""
        return await self.as_runnable().ainvoke({"query": query, "documents": documents}, config=_config(callbacks))

    def as_runnable(self, **changes: Any) -> RunnableLambda[dict[str, Any], list[Document]]:
        """A Runnable from ``{"query", "documents"}`` to documents, with some settings changed for this run."""
        parts, title_key = self.parts(**changes), self.title_key

        def work(inputs: dict[str, Any]) -> list[Document]:
            documents = inputs["documents"]
            return as_documents(parts(inputs["query"], as_passages(documents, title_key=title_key)), documents)

        async def awork(inputs: dict[str, Any]) -> list[Document]:
            return await in_thread(work, inputs)

        return RunnableLambda(work, awork, name="RagCompressor")

    run = as_runnable  # its first name


def _config(callbacks: Callbacks | None) -> RunnableConfig | None:
    """None lets the callbacks of an enclosing run through."""
    return None if callbacks is None else {"callbacks": callbacks}
