"""``compress``: a Runnable from a question and documents to the context string, for chains."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from ragcompress.core.errors import InvalidInput
from ragcompress.facade import compress as _compress
from ragcompress.integrations.langchain.documents import as_passages
from ragcompress.integrations.threads import in_thread

__all__ = ["compress"]


def _context_string(inputs: dict[str, Any], config: RunnableConfig, **options: Any) -> str:
    missing = [key for key in ("question", "documents") if key not in inputs]
    if missing:
        raise InvalidInput(f"compress needs the keys 'question' and 'documents'; {missing[0]!r} is not in {[*inputs]}")
    budget = config.get("configurable", {}).get("budget")
    if budget is not None:
        options = {"budget": budget, **options}
    return _compress(inputs["question"], as_passages(inputs["documents"]), **options).text


async def _acontext_string(inputs: dict[str, Any], config: RunnableConfig, **options: Any) -> str:
    return await in_thread(_context_string, inputs, config, **options)


compress: Runnable[dict[str, Any], str] = RunnableLambda(_context_string, _acontext_string, name="ragcompress.compress")
"""``{"question": str, "documents": [Document, …]}`` -> the compressed context.

``compress.bind(budget=300, compressor="late")`` sets what `ragcompress.compress` takes;
``config={"configurable": {"budget": 300}}`` sets the budget of one call. Async calls compress in a thread.
"""
