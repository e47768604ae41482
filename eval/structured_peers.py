"""LangChain's splitter and EmbeddingsFilter as a compressor, for the table of structured text.

It gets all the help there is: the recommended splitter, our embedded MiniLM, every token of the budget (the most alike
chunks that fit, not a fixed number of them), and its chunks in reading order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import require
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import fill, fit

__all__ = ["PEERS"]

CHUNK = 300  # characters, as in LangChain's own example of a DocumentCompressorPipeline


def embeddings_filter(context: Context, budget: TokenBudget) -> Context:
    """The chunks most like the question that fit."""
    split = context.split(_chunks)
    documents = [_document(segment.text, number=at) for at, segment in enumerate(split.segments)]
    scores = [-1.0] * len(documents)
    if documents:
        for one in _filter(len(documents)).compress_documents(documents, context.query):
            scores[one.metadata["number"]] = float(one.state["query_similarity_score"])
    return fit(fill(split.with_scores(scores), budget), budget)


PEERS: dict[str, Callable[[], Compressor]] = {"filter": lambda: embeddings_filter}
"""By their names on the command line."""


def _chunks(text: str) -> list[tuple[int, int]]:
    """Where the splitter cuts; white space between two chunks goes with the first."""
    splitters = require("langchain_text_splitters", "peers")
    splitter = splitters.RecursiveCharacterTextSplitter(chunk_size=CHUNK, chunk_overlap=0, add_start_index=True)
    starts = [one.metadata["start_index"] for one in splitter.create_documents([text])]
    edges = [0, *sorted({start for start in starts if start > 0}), len(text)]
    return [(a, b) for a, b in pairwise(edges) if b > a]


def _document(text: str, **metadata: Any) -> Any:
    return require("langchain_core.documents", "langchain").Document(text, metadata=metadata)


def _filter(number: int) -> Any:
    classic = require("langchain_classic.retrievers.document_compressors", "peers")
    return classic.EmbeddingsFilter(embeddings=_embeddings(), k=number)


@cache
def _embeddings() -> Any:
    from ragcompress.integrations.langchain.embeddings import EncoderEmbeddings
    from ragcompress.retriever.embedded import EmbeddedEncoder

    return EncoderEmbeddings(EmbeddedEncoder())
