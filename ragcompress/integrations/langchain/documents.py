"""LangChain's Document to and from Passage; the given documents are never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.documents import Document

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.integrations.parts import Outcome

__all__ = ["as_documents", "as_passage", "as_passages"]


def as_passages(documents: Sequence[Any], *, title_key: str = "title") -> list[Passage]:
    """Passages of documents, str, or passages; the title comes from the metadata."""
    if isinstance(documents, str | bytes | Document):
        raise InvalidInput(f"documents is one {type(documents).__name__}; give a list of Document")
    return [as_passage(document, title_key=title_key) for document in documents]


def as_passage(document: Any, *, title_key: str = "title") -> Passage:
    """The passage of one document."""
    if isinstance(document, Passage):
        return document
    if isinstance(document, str):
        return Passage(document)
    if not isinstance(document, Document):
        raise InvalidInput(f"documents must be LangChain Documents, not {type(document).__name__}")
    title = document.metadata.get(title_key)
    score = document.metadata.get("relevance_score", document.metadata.get("score"))
    number = isinstance(score, int | float) and not isinstance(score, bool)
    return Passage(
        document.page_content,
        id=document.id or "",
        title=title if isinstance(title, str) else "",
        score=float(score) if number else None,  # type: ignore[arg-type]
        metadata=document.metadata,
    )


def as_documents(outcome: Outcome, given: Sequence[Any]) -> list[Document]:
    """One document per part, with the id and metadata of the one it comes from and the account of what was kept."""
    documents = []
    for part in outcome.parts:
        source = given[part.passage]
        facts = part.facts()
        if outcome.result.warnings:
            facts["warnings"] = list(outcome.result.warnings)
        metadata = {**_metadata(source), "relevance_score": part.score, "ragcompress": facts}
        name = source.id if isinstance(source, Document | Passage) else None
        documents.append(Document(page_content=part.text, id=name or None, metadata=metadata))
    return documents


def _metadata(source: Any) -> dict[str, Any]:
    return {} if isinstance(source, str) else dict(source.metadata)
