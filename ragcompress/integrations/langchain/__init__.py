"""At home in LangChain v1: compressor, retriever, vector store, agent middleware, and a Runnable.

Built on ``langchain-core`` alone (extra ``langchain``); the middleware needs ``langchain`` (extra ``agents``), the
vector store faiss (extra ``retrieval``).

    RagCompressor(budget=400)                        a BaseDocumentCompressor
    CompressedRetriever(retriever, budget=400)       a BaseRetriever around any other
    {"question": …, "documents": …} | compress       a Runnable to the context string
    FaissVectorStore(embeddings)                     a VectorStore, saved without pickle
    ContextCompressionMiddleware(budget=400)         for langchain.agents.create_agent: tool results
    HistoryCompressionMiddleware(budget=8000)        the same: the whole conversation
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ragcompress.core.errors import require

if TYPE_CHECKING:
    from ragcompress.integrations.langchain.compressor import RagCompressor
    from ragcompress.integrations.langchain.history import HistoryCompressionMiddleware
    from ragcompress.integrations.langchain.middleware import ContextCompressionMiddleware
    from ragcompress.integrations.langchain.retriever import CompressedRetriever
    from ragcompress.integrations.langchain.runnable import compress
    from ragcompress.integrations.langchain.vectorstore import FaissVectorStore

_HOMES: dict[str, tuple[str, str, str]] = {  # name: (module, what it needs, the extra with it)
    "CompressedRetriever": ("retriever", "langchain_core", "langchain"),
    "ContextCompressionMiddleware": ("middleware", "langchain.agents", "agents"),
    "FaissVectorStore": ("vectorstore", "langchain_core", "langchain"),
    "HistoryCompressionMiddleware": ("history", "langchain.agents", "agents"),
    "RagCompressor": ("compressor", "langchain_core", "langchain"),
    "compress": ("runnable", "langchain_core", "langchain"),
}

__all__ = [
    "CompressedRetriever",
    "ContextCompressionMiddleware",
    "FaissVectorStore",
    "HistoryCompressionMiddleware",
    "RagCompressor",
    "compress",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home, needs, extra = _HOMES[name]
    require(needs, extra)
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
