"""What requests look like; pydantic refuses the rest with a message that names the field, never its content."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from ragcompress.core import render as looks
from ragcompress.core.budget import Renderer
from ragcompress.core.types import Passage

__all__ = ["ChatBody", "CompressBody", "RerankBody", "TeiBody"]


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("string_unicode", "no text") from None
    return text


Words = Annotated[StrictStr, AfterValidator(_whole)]
Text = Annotated[StrictStr, Field(min_length=1, pattern=r"\S", description="What is asked.")]
Look = Literal["plain", "titled", "numbered", "marked"]
LOOKS: dict[str, Renderer] = {
    "plain": looks.plain, "titled": looks.titled, "numbered": looks.numbered, "marked": looks.marked,
}  # fmt: skip


class PassageBody(BaseModel):
    """A passage with what is known of it."""

    text: Words
    id: Words = ""
    title: Words = ""
    score: float | None = Field(default=None, description="The retriever's relevance; higher is more relevant.")
    metadata: dict[str, Any] = Field(default={}, description="Never read here.")

    def whole(self) -> Passage:
        """As the library takes it."""
        return Passage(self.text, self.id, self.title, self.score, self.metadata)


class BudgetBody(BaseModel):
    """How much to keep: tokens, or a fraction; neither: a threshold decides."""

    model_config = ConfigDict(extra="forbid")
    tokens: Annotated[StrictInt, Field(ge=0, le=1 << 40)] | None = None
    fraction: Annotated[float, Field(gt=0, le=1, strict=True)] | None = None
    tokenizer: Words = Field(default="embedded", description="How tokens are counted; the server names what it has")


class CompressBody(BaseModel):
    """``POST /v1/compress`` with passages."""

    query: Text
    passages: list[Words | PassageBody] = Field(description="Retrieved passages, best first.")
    budget: BudgetBody | None = None
    method: Words | None = Field(default=None, description="As `ragcompress methods` lists them.")
    when_nothing: Literal["best", "all", "empty"] | None = Field(
        default=None, description="What to send when nothing answers: a few best units, everything, or nothing."
    )
    render: Look | None = Field(default=None, description="How the context is written out; plain by default.")
    timeout_ms: Annotated[StrictInt, Field(gt=0, le=600_000)] | None = Field(
        default=None, description="From the request's arrival, waiting included; then a fast fallback answers."
    )

    def given(self) -> list[str | Passage]:
        """The passages as the library takes them."""
        return [p if isinstance(p, str) else p.whole() for p in self.passages]


class ChatBody(BaseModel):
    """``POST /v1/compress`` with chat messages; anything in the list comes back, so nothing in it is refused."""

    messages: list[Any] = Field(description="OpenAI chat messages.")
    model: Any = Field(default=None, description="Not used: tokens are counted by the embedded tokenizer.")
    history_tokens: Annotated[StrictInt, Field(ge=1, le=1 << 40)] | None = Field(
        default=None, description="Also shorten older messages once all texts and tool calls have more tokens."
    )


class DocumentBody(BaseModel):
    """A document of a rerank request."""

    text: Words


class RerankBody(BaseModel):
    """``POST /v1/rerank`` and ``/v2/rerank``, as Cohere, Jina and vLLM have it."""

    query: Text
    documents: list[Words | DocumentBody]
    model: Words | None = Field(default="ragcompress", description="`ragcompress-prune`: compressed texts.")
    top_n: Annotated[StrictInt, Field(ge=1)] | None = Field(default=None, description="How many; all by default.")
    return_documents: StrictBool | None = False
    return_pruned: StrictBool = Field(default=False, description="Put compressed passages where the text goes.")

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
    texts: list[Words]
    raw_scores: StrictBool = Field(default=False, description="Log odds instead of scores in [0, 1].")
    return_text: StrictBool = False
    return_pruned: StrictBool = Field(default=False, description="Put compressed passages beside, as `pruned_text`.")
    truncate: StrictBool | None = Field(default=False, description="Not needed: long texts are read in windows.")
    truncation_direction: Words | None = Field(default=None, description="Not needed.")
