"""Haystack: any compressor of this package as a pipeline component (extra ``haystack``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.integrations.parts import Part, Parts
from ragcompress.integrations.threads import in_thread
from ragcompress.integrations.woven import woven
from ragcompress.pruners.nothing import WhenNothing

require("haystack", "haystack")

from haystack import Document, component, default_from_dict, default_to_dict  # noqa: E402  (after the check)

__all__ = ["RagCompressorComponent"]


@component
class RagCompressorComponent:
    """Documents in, shorter documents out: copies with the same id, order, score and meta; the given ones stay.

    The account of what was kept is in ``meta["ragcompress"]``. Documents with nothing kept are left out; those
    without text (pictures and other files) stay as they are, in their place.
    A pipeline with it can be saved as YAML when budget and compressor are plain values; Haystack loads it with
    ``allowed_modules=["ragcompress.integrations.haystack"]``, as any component that is not its own.

    Args:
        budget: int (tokens), float (kept fraction), `ragcompress.TokenBudget`, or None: a threshold decides.
        compressor: A compressor or a method's name; None: the best one installed.
        keep_empty: Return documents of which nothing was kept too.
        top_n: At most so many documents; they share the whole budget.
        timeout_s: Seconds after which a fast fallback answers.
        when_nothing: As for `ragcompress.compress`.
    """

    def __init__(
        self,
        budget: Any = None,
        *,
        compressor: Any = None,
        keep_empty: bool = False,
        top_n: int | None = None,
        timeout_s: float | None = None,
        when_nothing: WhenNothing = "best",
    ) -> None:
        self.parts = Parts(
            budget, compressor, keep_empty=keep_empty, top_n=top_n, timeout_s=timeout_s, when_nothing=when_nothing
        )
        self.parts.check()

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]  # not followed by mypy
    def run(self, query: str, documents: list[Document], budget: Any = None) -> dict[str, list[Document]]:
        """Compress ``documents`` to what ``query`` needs.

        Args:
            query: What is asked.
            documents: What was retrieved.
            budget: For this run only.
        """
        told = [number for number, document in enumerate(documents) if (document.content or "").strip()]
        parts = self.parts if budget is None else replace(self.parts, budget=budget)
        outcome = parts(query, [_passage(documents[number]) for number in told])
        shown = [(told[part.passage], _shortened(documents[told[part.passage]], part)) for part in outcome.parts]
        others = [(number, document) for number, document in enumerate(documents) if number not in told]
        return {"documents": woven(shown, others)}

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]
    async def run_async(self, query: str, documents: list[Document], budget: Any = None) -> dict[str, list[Document]]:
        """``run`` in a thread, for asynchronous pipelines."""
        return await in_thread(self.run, query, documents, budget)

    def to_dict(self) -> dict[str, Any]:
        """For saving a pipeline.

        Raises:
            InvalidInput: The budget or the compressor is an object that can't be written down.
        """
        settings = {
            name: getattr(self.parts, name)
            for name in ("budget", "compressor", "keep_empty", "top_n", "timeout_s", "when_nothing")
        }
        for name, value in settings.items():
            if not isinstance(value, str | int | float | None):
                raise InvalidInput(f"{name}={value!r} can't be saved with a pipeline; use a number or a method's name")
        return dict(default_to_dict(self, **settings))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RagCompressorComponent:
        """For loading a pipeline."""
        made: RagCompressorComponent = default_from_dict(cls, data)
        return made


def _passage(document: Document) -> Passage:
    title = document.meta.get("title")
    return Passage(
        document.content, id=document.id, title=title if isinstance(title, str) else "", score=document.score
    )


def _shortened(source: Document, part: Part) -> Document:
    meta = {**source.meta, "ragcompress": {**part.facts(), "relevance_score": part.score}}
    if part.text == str(source.content).strip():
        return replace(source, meta=meta)
    # An embedding is of the whole text, so it does not go along.
    return replace(source, content=part.text, meta=meta, embedding=None, sparse_embedding=None)
