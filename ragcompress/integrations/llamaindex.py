"""LlamaIndex: any compressor of this package as a node postprocessor (extra ``llamaindex``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.integrations.parts import Part, Parts
from ragcompress.integrations.threads import in_thread
from ragcompress.integrations.woven import woven

require("llama_index.core", "llamaindex")

from llama_index.core.bridge.pydantic import PrivateAttr  # noqa: E402  (after the check that it is installed)
from llama_index.core.postprocessor.types import BaseNodePostprocessor  # noqa: E402
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle  # noqa: E402

__all__ = ["RagCompressorPostprocessor"]

KEY = "ragcompress"


class RagCompressorPostprocessor(BaseNodePostprocessor):  # type: ignore[misc]  # LlamaIndex is not followed by mypy
    """Nodes in, shorter nodes out: copies with the same ids, order, scores and metadata; the given ones never change.

    The account of what was kept is in ``metadata["ragcompress"]``, hidden from models and embeddings. Nodes with
    nothing kept are left out, but those with a picture, a sound or a film stay, without text where they had none.
    Node scores stay the retriever's. A node that is shown whole is given as it came. One that was shortened has no
    embedding (it was the whole text's), and ``start_char_idx`` and ``end_char_idx`` say where its text stands in the
    document, or nothing where it is several pieces; ``metadata["ragcompress"]["document_spans"]`` has them all.

    Args:
        budget: int (tokens), float (kept fraction), `ragcompress.TokenBudget`, or None: a threshold decides. It
            covers the nodes' text; metadata that your prompt template shows comes on top.
        compressor: A compressor or a method's name; None: the best one installed.
        keep_empty: Return nodes of which nothing was kept too.
        top_n: At most so many nodes; they share the whole budget.
        timeout_s: Seconds after which a fast fallback answers.
        on_error: As for `ragcompress.compress`.
        when_nothing: As for `ragcompress.compress`.
    """

    budget: Any = None
    compressor: Any = None
    keep_empty: bool = False
    top_n: int | None = None
    timeout_s: float | None = None
    on_error: Literal["fallback", "raise"] = "fallback"
    when_nothing: Literal["best", "all", "empty"] = "best"
    _parts: Parts = PrivateAttr()

    def __init__(self, budget: Any = None, compressor: Any = None, **kwargs: Any) -> None:
        super().__init__(budget=budget, compressor=compressor, **kwargs)
        self._parts = Parts(
            self.budget,
            self.compressor,
            keep_empty=self.keep_empty,
            top_n=self.top_n,
            timeout_s=self.timeout_s,
            on_error=self.on_error,
            when_nothing=self.when_nothing,
        )
        self._parts.check()

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex shows."""
        return "RagCompressorPostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None:
            raise InvalidInput("compression keeps what answers a question; give query_str or query_bundle")
        told = [number for number, node in enumerate(nodes) if _text(node).strip()]
        outcome = self._parts(query_bundle.query_str, [_passage(nodes[number]) for number in told])
        parts = {told[part.passage]: part for part in outcome.parts}
        shown = [(number, _shortened(nodes[number], part)) for number, part in parts.items()]
        media = [number for number, node in enumerate(nodes) if number not in parts and _has_media(node.node)]
        return woven(shown, [(number, _without_text(nodes[number])) for number in media])

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return await in_thread(self._postprocess_nodes, nodes, query_bundle)


def _text(found: NodeWithScore) -> str:
    return str(found.node.get_content(metadata_mode=MetadataMode.NONE))


def _passage(found: NodeWithScore) -> Passage:
    node = found.node
    title = node.metadata.get("title")
    return Passage(_text(found), id=node.node_id, title=title if isinstance(title, str) else "", score=found.score)


def _has_media(node: Any) -> bool:
    names = ("image", "image_path", "image_url", "image_resource", "audio_resource", "video_resource")
    return any(getattr(node, name, None) for name in names)


def _without_text(found: NodeWithScore) -> NodeWithScore:
    """A picture of whose caption nothing was kept; itself where it has none."""
    return _shortened(found, None) if _text(found).strip() else found


def _shortened(found: NodeWithScore, part: Part | None) -> NodeWithScore:
    """The node with what was kept of its text; None: nothing."""
    text, spans = ("", ()) if part is None else (part.text, part.spans)
    node = found.node.model_copy(deep=True)
    facts = {} if part is None else {**part.facts(), "relevance_score": part.score}
    if text != _text(found).strip():
        node.set_content(text)
        node.embedding = None
        facts |= _place(node, spans)
    node.metadata[KEY] = facts
    node.excluded_llm_metadata_keys = [*node.excluded_llm_metadata_keys, KEY]
    node.excluded_embed_metadata_keys = [*node.excluded_embed_metadata_keys, KEY]
    return NodeWithScore(node=node, score=found.score)


def _place(node: Any, spans: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Offsets into the document moved to what is kept; the facts that go with it."""
    if hasattr(node, "text_embedding"):
        node.text_embedding = None
    start = getattr(node, "start_char_idx", None)
    if start is None:
        return {}
    alone = len(spans) == 1
    node.start_char_idx = start + spans[0][0] if alone else None
    node.end_char_idx = start + spans[0][1] if alone else None
    return {"document_spans": [[start + first, start + last] for first, last in spans]}
