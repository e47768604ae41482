"""Stored token states give the same compression as fresh ones, and are used only where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("faiss", reason="the retriever needs the extra 'faiss'")

import ragcompress as rc
from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.demo import load_corpus, load_questions
from ragcompress.models.encoders import Encoded, OnnxEncoder
from ragcompress.models.labeller.runtime import JointModel
from ragcompress.retriever.states import StateMaker, pack, unpack
from ragcompress.scorers.labels import LabelScorer

PASSAGES = load_corpus()
SOME = PASSAGES[:12]
BUDGET = TokenBudget(150, embedded_count)


def fresh_encoder(counted: list[int]) -> OnnxEncoder:
    """The embedded encoder with a cache of its own, counting its forwards."""
    shared = OnnxEncoder.embedded()

    class Counting(OnnxEncoder):
        def _forwards(self, windows: list[list[int]]):
            counted.extend(len(ids) for ids in windows)
            return super()._forwards(windows)

    return Counting(shared._graph, shared._tokenizer, shared._name)


def test_packed_states_come_back_nearly_as_they_were() -> None:
    states = OnnxEncoder.embedded().passages([SOME[0]])[0]
    again = unpack(pack(states))
    np.testing.assert_array_equal(again.offsets, states.offsets)
    np.testing.assert_array_equal(again.ids, states.ids)
    for packed, plain in ((again.last, states.last), (again.middle, states.middle)):
        assert (np.abs(packed - plain) <= np.abs(plain).max(axis=0) / 240 + 1e-4).all()
        cosines = (packed * plain).sum(1) / np.linalg.norm(packed, axis=1) / np.linalg.norm(plain, axis=1)
        assert cosines.min() > 0.995


def test_an_encoder_without_middle_states_is_refused() -> None:
    states = OnnxEncoder.embedded().passages([SOME[0]])[0]
    with pytest.raises(InvalidInput, match="middle states"):
        pack(type(states)(states.last, None, states.offsets, states.ids))


def test_retrieved_passages_need_no_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rc.DenseRetriever.build(SOME, precompute=True).save(tmp_path / "index")
    counted: list[int] = []
    encoder = fresh_encoder(counted)
    monkeypatch.setattr("ragcompress.retriever.sidecar.default_makers", lambda: (StateMaker(encoder),))
    monkeypatch.setattr("ragcompress.retriever.dense.all_makers", lambda: (StateMaker(encoder),))
    found = rc.DenseRetriever.load(tmp_path / "index").retrieve("What is it?", 5)
    states = encoder.passages(found)
    assert counted == []
    plain = OnnxEncoder.embedded().passages(found)
    for stored, computed in zip(states, plain, strict=True):
        assert (np.abs(stored.last - computed.last) <= np.abs(computed.last).max(axis=0) / 240 + 1e-4).all()


def test_another_encoders_states_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rc.DenseRetriever.build(SOME, precompute=True).save(tmp_path / "index")
    counted: list[int] = []
    other = fresh_encoder(counted)
    other._name = "another"
    monkeypatch.setattr("ragcompress.retriever.dense.all_makers", lambda: (StateMaker(other),))
    found = rc.DenseRetriever.load(tmp_path / "index").retrieve("What is it?", 2)
    other.passages(found)
    assert len(counted) >= 2


def test_compression_keeps_the_same_sentences() -> None:
    """With stored states and without, the same text is kept but for near ties.

    Judged by the student: the joint graph rounds by what else is in a window, and so flips near ties of its own.
    """
    plain, model = OnnxEncoder.embedded(), JointModel.embedded().student()

    class Stored:
        """As the encoder after a round trip through the sidecar."""

        query = staticmethod(plain.query)

        def passages(self, passages: Sequence[Passage]) -> list[Encoded]:
            return [unpack(pack(states)) for states in plain.passages(passages)]

    both, either = 0, 0
    for asked in load_questions()[:8]:
        context = Context.of(asked.question, PASSAGES[:30])
        kept = [
            {
                segment.support[0]
                for segment in rc.LabellingPruner(LabelScorer(model, encoder))(context, BUDGET).segments
            }
            for encoder in (Stored(), plain)
        ]
        both, either = both + len(kept[0] & kept[1]), either + len(kept[0] | kept[1])
    assert both / either > 0.9


def test_retrieval_works_as_before_without_states() -> None:
    retriever = rc.DenseRetriever.build([Passage("a b", id="1")])
    assert retriever.sidecars == {}
    assert retriever.retrieve("a", 1)[0].id == "1"
