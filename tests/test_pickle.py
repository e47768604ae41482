"""What a program keeps can be copied and sent to another process: methods, scorers, readers, adapters."""

from __future__ import annotations

import pickle
from copy import deepcopy
from typing import Any

import pytest
from tiny import causal, classifier, seq2seq  # noqa: F401  (fixtures)

import ragcompress as rc
from ragcompress.methods import METHODS, resolve
from ragcompress.models.encoders import OnnxEncoder
from ragcompress.models.labeller.runtime import JointModel

PASSAGES = ["The tower is 330 m tall. It was painted in 1958. Pigeons live there.", "Bread is baked from flour."]
ASK = "How tall is the tower?"


def said(prompt: str) -> str:
    return "## Tower\n[1] The tower is 330 m tall."


def copies(thing: Any) -> tuple[Any, Any]:
    return pickle.loads(pickle.dumps(thing)), deepcopy(thing)


def same(compressor: Any, budget: Any = 10) -> None:
    wanted = rc.compress(ASK, PASSAGES, budget, compressor)
    for copy in copies(compressor):
        got = rc.compress(ASK, PASSAGES, budget, copy)
        assert (got.text, got.warnings) == (wanted.text, wanted.warnings)


@pytest.mark.parametrize("name", [method.name for method in METHODS if method.build])
def test_every_method_that_needs_no_model_of_yours(name):
    same(resolve(name))
    assert len(pickle.dumps(resolve(name))) < 10_000, "a pickle names the shipped weights and does not hold them"


def test_methods_with_a_model_of_yours(causal, classifier, seq2seq):  # noqa: F811
    for made in (
        rc.PerplexityPruner(causal), rc.ClassifierPruner(classifier), rc.AbstractivePruner(seq2seq),
        rc.RefinePruner(said), rc.LabellingPruner.of_model(classifier),
        rc.SentencePruner(rc.PairLabelScorer(classifier)),
    ):  # fmt: skip
        same(made)
        same(made)  # and when it has been loaded
    assert {m.name for m in METHODS if not m.build} == {"perplexity", "classifier", "abstractive", "refine"}


def test_what_ships_stays_one_shared_thing():
    for copy in copies(OnnxEncoder.embedded()):
        assert copy is OnnxEncoder.embedded()
    for copy in copies(JointModel.embedded()):
        assert copy is JointModel.embedded()
    assert all(copy == rc.LabellingPruner() for copy in copies(rc.LabellingPruner()))


def test_dynamic_chains_and_orders():
    same(rc.LabellingPruner.dynamic(), None)
    same(rc.chain(rc.drop_redundant, rc.LabellingPruner(), rc.order_ends))
    same(rc.chain(rc.SentencePruner(rc.LexicalScorer()), rc.protect, rc.keep_headings))


def test_results_and_readers():
    out = rc.compress(ASK, PASSAGES, 10)
    assert all(copy == out for copy in copies(out))
    reader = rc.ExtractiveReader(threshold=0.1)
    assert all(copy.threshold == 0.1 for copy in copies(reader))


def test_retrievers():
    pytest.importorskip("faiss")
    for kind in (rc.DenseRetriever, rc.HybridRetriever):
        found = kind.build(PASSAGES)
        for copy in copies(found):
            assert [p.text for p in copy.retrieve(ASK, 1)] == [p.text for p in found.retrieve(ASK, 1)]


def test_langchain_adapters():
    pytest.importorskip("langchain_core")
    from langchain_core.documents import Document

    from ragcompress.integrations.langchain import CompressedRetriever, RagCompressor

    documents = [Document(text) for text in PASSAGES]
    compressor = RagCompressor(budget=10, compressor=rc.SentencePruner())
    for copy in copies(compressor):
        assert copy.compress_documents(documents, ASK) == compressor.compress_documents(documents, ASK)
    pytest.importorskip("faiss")
    retriever = CompressedRetriever(rc.DenseRetriever.build(PASSAGES), compressor=compressor)
    for copy in copies(retriever):
        assert copy.invoke(ASK) == retriever.invoke(ASK)
