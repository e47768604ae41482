"""Stored units give the pruning that reading anew gives, without reading."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("faiss", reason="the retriever needs the extra 'faiss'")

import ragcompress as rc
from ragcompress import structure
from ragcompress.core.errors import InvalidInput
from ragcompress.demo import load_corpus, load_questions
from ragcompress.models.encoders import OnnxEncoder
from ragcompress.models.sessions import LateSession
from ragcompress.models.stored import TokenCodes
from ragcompress.retriever.states import StateMaker
from ragcompress.retriever.units import UnitMaker, pack_units, unpack_units, unpack_vectors

units_module = import_module("ragcompress.structure.units")
PASSAGES = [*load_corpus()[:30], rc.Passage("| a | b |\n|---|---|\n| 1 | 2 |\n", id="table"), rc.Passage("", id="none")]


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> OnnxEncoder:
    """The embedded encoder and the structure room with nothing remembered."""
    shared = OnnxEncoder.embedded()
    fresh = OnnxEncoder(shared._graph, shared._tokenizer, shared._name)
    monkeypatch.setattr("ragcompress.models.encoders._embedded", lambda *_: fresh)
    monkeypatch.setattr(units_module, "_stored", {})
    return fresh


def test_units_and_vectors_come_back(encoder):
    for passage, packed in zip(PASSAGES, UnitMaker(encoder)(PASSAGES), strict=True):
        assert list(unpack_units(packed)) == structure.units(passage.text)
        found = unpack_vectors(packed)
        np.testing.assert_allclose(found.vector, encoder.passages([passage])[0].vector, atol=1e-3)
        lengths = np.linalg.norm(found.rows, axis=1)
        assert (np.isclose(lengths, 1, atol=1e-3) | (lengths == 0)).all()
        tokens = len(encoder.passages([passage])[0].offsets)
        assert len(packed) < 2000 + 1000 * (1 + len(structure.units(passage.text))) + 200 * tokens
        again = pack_units(unpack_units(packed), found)
        np.testing.assert_array_equal(again, packed)


def test_dense_pruning_of_what_is_retrieved_reads_the_question_alone(encoder, tmp_path: Path, monkeypatch):
    rc.DenseRetriever.build(PASSAGES, precompute="units").save(tmp_path / "index")
    retriever = rc.DenseRetriever.load(tmp_path / "index")
    assert set(retriever.sidecars) == {"units"}
    encoder._cache.clear()
    encoder._units.clear()
    calls: list[int] = []
    run = LateSession.run
    same = 0
    for asked in load_questions()[:8]:
        found = retriever.retrieve(asked.question, 10)
        bare = [rc.Passage(f"{p.text} ", p.id, p.title) for p in found]  # nothing is stored for another text
        with monkeypatch.context() as patch:
            patch.setattr(LateSession, "run", lambda self, *rest: calls.append(1) or run(self, *rest))
            stored = rc.compress(asked.question, found, 80, "dense")
        anew = rc.compress(asked.question, bare, 80, "dense")
        same += stored.text == anew.text
    assert len(calls) == 8
    assert same >= 7


def test_the_student_of_what_is_retrieved_reads_the_question_alone(encoder, monkeypatch):
    corpus = [passage for passage in load_corpus() if len(passage.text) < 900]  # what is read in one window
    calls, same, kept = list[int](), 0, 0
    packed = UnitMaker(encoder)(corpus)
    encoder._cache.clear()
    run = LateSession.run
    for at, asked in enumerate(load_questions()[:8]):
        passages = corpus[at : at + 20]
        UnitMaker(encoder).recall(passages, packed[at : at + 20])
        with monkeypatch.context() as patch:
            patch.setattr(LateSession, "run", lambda self, *rest: calls.append(1) or run(self, *rest))
            stored = rc.compress(asked.question, passages, 0.2, "student")
        bare = [rc.Passage(f"{p.text} ", p.id, p.title) for p in passages]  # nothing is stored for another text
        anew = rc.compress(asked.question, bare, 0.2, "student")
        spans = [{s.support[0][:2] for s in out.context.segments} for out in (stored, anew)]
        same, kept = same + len(spans[0] & spans[1]), kept + len(spans[0] | spans[1])
    assert len(calls) == 8
    assert same >= 0.85 * kept  # four bits a dimension: near ties fall differently


def test_codes_of_tokens_compare_as_their_states_do(encoder):
    states = encoder.passages(PASSAGES[:1])[0]
    asked = encoder.query("How tall is the tower?").last
    asked = asked / np.linalg.norm(asked, axis=1, keepdims=True)
    found = TokenCodes.of(states.last, states.lengths).cosines(asked)
    apart = np.abs(found - asked @ states.last.T / states.lengths)[:, states.offsets[:, 0] >= 0]
    assert apart.mean() < 0.015  # special tokens lie far out and are cut off
    assert np.percentile(apart, 99) < 0.06


def test_units_of_other_code_are_not_used(encoder, tmp_path: Path, monkeypatch):
    rc.DenseRetriever.build(PASSAGES[:3], precompute="units").save(tmp_path / "index")
    monkeypatch.setattr("ragcompress.retriever.units.LAYOUT", 99)
    rc.DenseRetriever.load(tmp_path / "index").retrieve("What?", 2)
    assert not units_module._stored
    assert not encoder._units


def test_a_context_that_other_units_were_cut_from_is_read_anew(encoder):
    UnitMaker(encoder).recall(PASSAGES[:2], UnitMaker(encoder)(PASSAGES[:2]))
    context = rc.Context.of("What?", PASSAGES[:2]).split(lambda text: [(0, 5), (5, len(text))])
    scores = [segment.score for segment in rc.DenseScorer(encoder)(context).segments]
    assert len(scores) == 4
    assert None not in scores


def test_what_is_computed_is_said_in_a_word():
    from ragcompress.retriever.sidecar import makers_for

    assert [[maker.name for maker in makers_for(word)] for word in (False, "units", True)] == [
        [],
        ["units"],
        ["states", "units"],
    ]
    assert [maker.name for maker in makers_for([StateMaker()])] == ["states"]
    with pytest.raises(InvalidInput, match="'vectors'"):
        makers_for("vectors")
