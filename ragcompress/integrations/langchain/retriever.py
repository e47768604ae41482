"""CompressedRetriever: any retriever, with its documents compressed; the place for ContextualCompressionRetriever."""

from __future__ import annotations

import inspect
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, ensure_config
from pydantic import Field, model_validator

from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Retriever
from ragcompress.core.types import Passage
from ragcompress.integrations.langchain.compressor import RagCompressor
from ragcompress.integrations.langchain.settings import plainly
from ragcompress.integrations.threads import in_thread

__all__ = ["CompressedRetriever"]


class CompressedRetriever(BaseRetriever):
    """Retrieves with another retriever, then compresses.

    The budget of one call can be given as ``invoke(query, budget=300)`` or, from anywhere in a chain, through
    ``config={"configurable": {"budget": 300}}``. Other keywords of a call (``filter``, ``score_threshold``, …) go to
    the retriever. The old names ``base_retriever`` and ``base_compressor`` mean the same.

    Attributes:
        retriever: A LangChain retriever (or any Runnable from str to documents), or one of this package.
        compressor: What compresses; a `RagCompressor` or another of LangChain's document compressors, or what
            `RagCompressor` takes as ``compressor``.
        budget: Of the compressor, when it was not given as a `RagCompressor`.
        k: At most so many documents come back; also how many are retrieved. None: as many as the retriever gives.
        fetch_k: Retrieve more than ``k``, and keep the ``k`` most relevant after scoring.
    """

    retriever: Any
    compressor: Any = Field(default_factory=RagCompressor)
    budget: Any = None
    k: int | None = None
    fetch_k: int | None = None

    def __init__(self, retriever: Any = None, **kwargs: Any) -> None:
        for old, name in (("base_retriever", "retriever"), ("base_compressor", "compressor")):
            if old in kwargs:
                if name in kwargs or (name == "retriever" and retriever is not None):
                    raise InvalidInput(f"{old} is the old name of {name}; give one of them")
                kwargs[name] = kwargs.pop(old)
        with plainly(type(self).__name__):
            super().__init__(**({"retriever": retriever} if retriever is not None else {}), **kwargs)

    @property
    def base_retriever(self) -> Any:
        """The old name of ``retriever``."""
        return self.retriever

    @property
    def base_compressor(self) -> Any:
        """The old name of ``compressor``."""
        return self.compressor

    @model_validator(mode="after")
    def _check(self) -> CompressedRetriever:
        if not isinstance(self.retriever, Runnable | Retriever):
            raise InvalidInput(
                f"retriever must be a LangChain retriever or have retrieve(query, k), not {self.retriever!r}"
            )
        if isinstance(self.compressor, RagCompressor):
            if self.budget is not None:
                self.compressor = self.compressor.model_copy(update={"budget": self.budget})
        elif not isinstance(self.compressor, BaseDocumentCompressor):
            self.compressor = RagCompressor(compressor=self.compressor, budget=self.budget)
        elif self.budget is not None:
            raise InvalidInput(f"{type(self.compressor).__name__} takes no budget; RagCompressor does")
        return self

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:
        """Retrieve and compress; ``k`` and ``budget`` may be given for this call."""
        return super().invoke(input, config, **_with_budget(config, kwargs))

    async def ainvoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:
        """``invoke``, without blocking the event loop."""
        return await super().ainvoke(input, config, **_with_budget(config, kwargs))

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        budget: Any = None,
        **options: Any,
    ) -> list[Document]:
        wanted = self.k if k is None else k
        config: RunnableConfig = {"callbacks": run_manager.get_child()}
        documents = self._found(query, wanted, config, options)
        if not isinstance(self.compressor, RagCompressor):
            return list(self.compressor.compress_documents(documents, query, config["callbacks"]))[:wanted]
        return self._run(wanted, budget).invoke({"query": query, "documents": documents}, config=config)

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        budget: Any = None,
        **options: Any,
    ) -> list[Document]:
        wanted = self.k if k is None else k
        config: RunnableConfig = {"callbacks": run_manager.get_child()}
        documents = await self._afound(query, wanted, run_manager, options)
        if not isinstance(self.compressor, RagCompressor):
            return list(await self.compressor.acompress_documents(documents, query, config["callbacks"]))[:wanted]
        return await self._run(wanted, budget).ainvoke({"query": query, "documents": documents}, config=config)

    def _run(self, k: int | None, budget: Any) -> Runnable[dict[str, Any], list[Document]]:
        compressor: RagCompressor = self.compressor
        tops = [n for n in (k, compressor.top_n) if n is not None]
        changes: dict[str, Any] = {"top_n": min(tops)} if tops else {}
        return compressor.as_runnable(**changes, **({} if budget is None else {"budget": budget}))

    def _found(self, query: str, k: int | None, config: RunnableConfig, options: dict[str, Any]) -> list[Any]:
        if isinstance(self.retriever, Runnable):
            return self._cut(self.retriever.invoke(query, config, **self._how_many(k), **options), k)
        return _documents(self.retriever.retrieve(query, k=self._fetch(k) or 10, **options))

    async def _afound(
        self, query: str, k: int | None, runs: AsyncCallbackManagerForRetrieverRun, options: dict[str, Any]
    ) -> list[Any]:
        inner = self.retriever
        if not isinstance(inner, Runnable):
            return _documents(await in_thread(inner.retrieve, query, k=self._fetch(k) or 10, **options))
        how = {**self._how_many(k), **options}
        if how and getattr(type(inner), "_aget_relevant_documents", None) is BaseRetriever._aget_relevant_documents:
            config: RunnableConfig = {
                "callbacks": runs.get_sync().get_child()
            }  # LangChain's own twin takes no keywords
            return self._cut(await in_thread(inner.invoke, query, config, **how), k)
        return self._cut(await inner.ainvoke(query, {"callbacks": runs.get_child()}, **how), k)

    def _fetch(self, k: int | None) -> int | None:
        return k if self.fetch_k is None else max(self.fetch_k, k or 0)

    def _cut(self, documents: list[Any], k: int | None) -> list[Any]:
        return documents[: self._fetch(k)]

    def _how_many(self, k: int | None) -> dict[str, int]:
        """``{"k": …}`` where the inner retriever takes it."""
        number, method = self._fetch(k), getattr(type(self.retriever), "_get_relevant_documents", None)
        if number is None or method is None:
            return {}
        parameters = inspect.signature(method).parameters.values()
        takes = any(p.name == "k" or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
        return {"k": number} if takes else {}


def _with_budget(config: RunnableConfig | None, kwargs: dict[str, Any]) -> dict[str, Any]:
    budget = ensure_config(config).get("configurable", {}).get("budget")
    return kwargs if budget is None else {"budget": budget, **kwargs}


def _documents(passages: list[Passage]) -> list[Document]:
    return [
        Document(
            page_content=passage.text,
            id=passage.id or None,
            metadata={
                **passage.metadata,
                **({"title": passage.title} if passage.title else {}),
                "score": passage.score,
            },
        )
        for passage in passages
    ]
