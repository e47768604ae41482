"""LlamaIndex: any compressor of this package as a node postprocessor (extra ``llamaindex``)."""

from __future__ import annotations

from typing import Any, Literal

from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.integrations.parts import Outcome, Part, Parts
from ragcompress.integrations.threads import in_thread

require("llama_index.core", "llamaindex")

from llama_index.core.bridge.pydantic import PrivateAttr  # noqa: E402  (after the check that it is installed)
from llama_index.core.postprocessor.types import BaseNodePostprocessor  # noqa: E402
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle  # noqa: E402

__all__ = ["RagCompressorPostprocessor"]

KEY = "ragcompress"


class RagCompressorPostprocessor(BaseNodePostprocessor):  # type: ignore[misc]  # LlamaIndex is not followed by mypy
    """Nodes in, shorter nodes out: copies with the same ids, order, scores and metadata; the given ones never change.

    The account of what was kept is in ``metadata["ragcompress"]``, hidden from models and embeddings. Nodes with
    nothing kept are left out. Node scores stay the retriever's.

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
        return _nodes(nodes, self._parts(query_bundle.query_str, [_passage(node) for node in nodes]))

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return await in_thread(self._postprocess_nodes, nodes, query_bundle)


def _passage(found: NodeWithScore) -> Passage:
    node = found.node
    title = node.metadata.get("title")
    return Passage(
        node.get_content(metadata_mode=MetadataMode.NONE),
        id=node.node_id,
        title=title if isinstance(title, str) else "",
        score=found.score,
    )


def _nodes(given: list[NodeWithScore], outcome: Outcome) -> list[NodeWithScore]:
    return [_shortened(given[part.passage], part) for part in outcome.parts]


def _shortened(found: NodeWithScore, part: Part) -> NodeWithScore:
    node = found.node.model_copy(deep=True)
    node.set_content(part.text)
    node.metadata[KEY] = {**part.facts(), "relevance_score": part.score}
    node.excluded_llm_metadata_keys = [*node.excluded_llm_metadata_keys, KEY]
    node.excluded_embed_metadata_keys = [*node.excluded_embed_metadata_keys, KEY]
    return NodeWithScore(node=node, score=found.score)
