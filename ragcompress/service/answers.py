"""What answers look like, for the OpenAPI document; tests hold every real answer to it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

__all__ = ["ChatAnswer", "CompressAnswer", "ErrorAnswer", "OriginalAnswer", "RerankAnswer", "StatusAnswer", "TeiRow"]


class SpanRow(BaseModel):
    """Half-open character offsets into a passage."""

    passage: int = Field(description="Its number, from 0.")
    id: str = ""
    start: int
    end: int


class SegmentRow(BaseModel):
    """A piece of what is sent."""

    text: str
    score: float | None = Field(description="Relevance; higher was kept first.")
    support: list[SpanRow]
    needs: list[SpanRow] = Field(default=[], description="What it can't be understood without.")


class DroppedRow(SegmentRow):
    """A piece that went."""

    reason: str


class CompressAnswer(BaseModel):
    """A compressed context and its account; offsets count code points, as Python does."""

    query: str
    text: str = Field(description="What to send to the reader.")
    method: str
    limit: int = Field(description="The token limit that was held.")
    tokens_in: int
    tokens_out: int
    kept_fraction: float = Field(description="Tokens out over tokens in.")
    compression_ratio: float | None = Field(description="Tokens in over tokens out; null when nothing is left.")
    passage_scores: list[float]
    segments: list[SegmentRow]
    dropped: list[DroppedRow]
    warnings: list[str]
    warning_codes: list[str] = Field(description="What each warning is about; see ragcompress.core.notes.")
    timings: dict[str, float] = Field(description="Seconds by step; `queue`: waiting.")


class ChatAnswer(BaseModel):
    """Messages to be sent, in their order: as many as came, unless ``history_tokens`` was given."""

    messages: list[Any]
    tokens_before: int
    tokens_after: int
    compression_ratio: float = Field(description="After over before; 1 when nothing changed.")
    tokens_saved: int
    ccr_hashes: list[str] = Field(description="Of the whole texts that GET /v1/retrieve/{hash} has.")
    cache_safe: bool = Field(description="What was sent before stands there byte for byte: prompt caches hold.")
    warnings: list[str]


class DocumentRow(BaseModel):
    """A document's text, or what was kept of it."""

    text: str


class RerankRow(BaseModel):
    """One document."""

    index: int
    relevance_score: float = Field(ge=0, le=1)
    document: DocumentRow | None = None


class RerankAnswer(BaseModel):
    """Documents, most relevant first."""

    id: str
    model: str
    results: list[RerankRow]
    usage: dict[str, int]


class TeiRow(BaseModel):
    """One text; most relevant first."""

    index: int
    score: float
    text: str | None = None
    pruned_text: str | None = None


class OriginalAnswer(BaseModel):
    """A whole text."""

    original_content: str


class StatusAnswer(BaseModel):
    """How the server is."""

    status: str


class ErrorAnswer(BaseModel):
    """What was wrong, and the id that the log has it under."""

    error: str
    request_id: str
