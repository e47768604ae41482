"""What requests look like; pydantic refuses the rest with a message that names the field, never its content."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from ragcompress.core.types import Passage

__all__ = ["CompressBody", "RerankBody", "TeiBody"]

Text = Annotated[StrictStr, Field(min_length=1)]


class PassageBody(BaseModel):
    """A passage with what is known of it."""

    text: StrictStr
    id: StrictStr = ""
    title: StrictStr = ""
    metadata: dict[str, Any] = {}


class BudgetBody(BaseModel):
    """How much to keep: tokens, or a fraction; neither: a threshold decides."""

    model_config = ConfigDict(extra="forbid")
    tokens: Annotated[StrictInt, Field(ge=0)] | None = None
    fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    tokenizer: Literal["embedded"] = "embedded"

    def amount(self) -> int | float | None:
        """As `ragcompress.compress` takes it."""
        return self.tokens if self.tokens is not None else self.fraction


class CompressBody(BaseModel):
    """``POST /v1/compress`` with passages."""

    query: Text
    passages: list[StrictStr | PassageBody]
    budget: BudgetBody | None = None
    method: StrictStr | None = None
    timeout_ms: Annotated[StrictInt, Field(gt=0, le=600_000)] | None = None

    def given(self) -> list[str | Passage]:
        """The passages as the library takes them."""
        return [p if isinstance(p, str) else Passage(p.text, p.id, p.title, metadata=p.metadata) for p in self.passages]


class DocumentBody(BaseModel):
    """A document of a rerank request."""

    text: StrictStr


class RerankBody(BaseModel):
    """``POST /v1/rerank`` and ``/v2/rerank``, as Cohere, Jina and vLLM have it."""

    query: Text
    documents: list[StrictStr | DocumentBody]
    model: StrictStr = "ragcompress"
    top_n: Annotated[StrictInt, Field(ge=1)] | None = None
    return_documents: StrictBool = False
    return_pruned: StrictBool = False

    def texts(self) -> list[str]:
        """The documents' texts."""
        return [d if isinstance(d, str) else d.text for d in self.documents]

    @property
    def pruned(self) -> bool:
        """Whether compressed passages are wanted where the text goes."""
        return self.return_pruned or self.model == "ragcompress-prune"


class TeiBody(BaseModel):
    """``POST /rerank``, as Text Embeddings Inference has it."""

    query: Text
    texts: list[StrictStr]
    raw_scores: StrictBool = False
    return_text: StrictBool = False
    return_pruned: StrictBool = False
    truncate: StrictBool = False
