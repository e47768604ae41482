"""The LlamaIndex postprocessor against the real package."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.schema import ImageNode, MediaResource, MetadataMode, Node, NodeWithScore, QueryBundle, TextNode

from ragcompress.core.budget import embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.integrations.llamaindex import RagCompressorPostprocessor

QUESTION = "Who wrote the program?"


def nodes() -> list[NodeWithScore]:
    texts = {
        "rain": "It rained all day. The river rose. Nobody crossed.",
        "ada": "Ada wrote the program in 1843. She liked horses. Bob read the program.",
        "heron": "Herons fish. Trout swim. The program of the theatre is out.",
    }
    return [
        NodeWithScore(node=TextNode(text=text, id_=name, metadata={"source": name}), score=0.9 - at / 10)
        for at, (name, text) in enumerate(texts.items())
    ]


def joined(found: list[NodeWithScore]) -> str:
    return "\n\n".join(node.node.get_content(metadata_mode=MetadataMode.NONE) for node in found)


def test_nodes_are_shortened_copies_in_their_order_with_their_own_metadata() -> None:
    given = nodes()
    out = RagCompressorPostprocessor(budget=24, compressor="lexical").postprocess_nodes(given, query_str=QUESTION)
    assert joined(given) == joined(nodes())
    assert "ragcompress" not in given[1].node.metadata
    assert embedded_count(joined(out)) <= 24
    ada = next(node for node in out if node.node.node_id == "ada")
    assert "Ada wrote the program" in ada.node.get_content()
    assert ada.score == given[1].score
    assert [node.node.metadata["source"] for node in out] == [node.node.node_id for node in out]
    for start, end in ada.node.metadata["ragcompress"]["spans"]:
        assert given[1].node.text[start:end] in ada.node.text
    assert "ragcompress" not in ada.node.get_content(metadata_mode=MetadataMode.LLM)


@pytest.mark.parametrize("budget", [0, 1, 8, 0.5, 0.9, 1000])
def test_never_longer_and_never_an_error_when_nothing_is_left(budget: Any) -> None:
    out = RagCompressorPostprocessor(budget, "lexical").postprocess_nodes(nodes(), query_bundle=QueryBundle(QUESTION))
    assert len(joined(out)) <= len(joined(nodes()))
    assert bool(out) == (budget not in (0, 1))


def test_async_gives_the_same() -> None:
    postprocessor = RagCompressorPostprocessor(20, "lexical", top_n=2)
    out = asyncio.run(postprocessor.apostprocess_nodes(nodes(), query_str=QUESTION))
    assert joined(out) == joined(postprocessor.postprocess_nodes(nodes(), query_str=QUESTION))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match="question"):
        RagCompressorPostprocessor(20).postprocess_nodes(nodes())
    with pytest.raises(InvalidInput):
        RagCompressorPostprocessor(-1)


TEXT = "The dam on the Irin was finished in 1963. It rained. The dam is 88 metres high. Two villages were flooded."
HEAD = "Chapter 1. "


def found(*given: Any) -> list[NodeWithScore]:
    nodes = [NodeWithScore(node=node, score=0.5) for node in given]
    return RagCompressorPostprocessor(16, "lexical").postprocess_nodes(nodes, query_str="How high is the dam?")


def test_offsets_embeddings_and_relations_are_those_of_the_text_that_is_left() -> None:
    node = TextNode(text=TEXT, embedding=[0.1, 0.2], start_char_idx=len(HEAD), end_char_idx=len(HEAD + TEXT))
    (out,) = found(node)
    assert "88 metres" in out.node.text
    assert len(out.node.text) < len(TEXT)
    assert out.node.embedding is None
    if out.node.start_char_idx is not None:
        assert (HEAD + TEXT)[out.node.start_char_idx : out.node.end_char_idx] == out.node.text
    spans = out.node.metadata["ragcompress"]["document_spans"]
    assert all((HEAD + TEXT)[start:end] in out.node.text for start, end in spans)
    assert (out.node.start_char_idx is None) == (len(spans) > 1)
    assert node.embedding == [0.1, 0.2]
    assert (node.start_char_idx, node.end_char_idx) == (len(HEAD), len(HEAD + TEXT))


def test_a_node_that_fits_is_given_as_it_came() -> None:
    node = TextNode(text="The dam is 88 m high.", embedding=[0.1], start_char_idx=5, end_char_idx=26)
    (out,) = found(node)
    assert (out.node.text, out.node.embedding, out.node.start_char_idx) == (node.text, [0.1], 5)


def test_pictures_stay_in_their_place_whether_they_have_words_or_not() -> None:
    pictures = [
        ImageNode(text="", image="AAAA", id_="bare"),
        ImageNode(text="Sheep graze on the northern slope near the old pier.", image="BBBB", id_="captioned"),
        Node(image_resource=MediaResource(data=b"CCCC"), id_="new"),
    ]
    out = found(pictures[0], TextNode(text=TEXT, id_="dam"), pictures[1], TextNode(text="", id_="blank"), pictures[2])
    assert [node.node.node_id for node in out] == ["bare", "dam", "captioned", "new"]
    assert out[0].node is pictures[0]
    assert out[2].node.image == "BBBB"
    assert out[2].node.text == ""
