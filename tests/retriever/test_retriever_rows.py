"""Add, upsert, delete: the retriever against a plain dict, through saves and loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from retriever_doubles import NumberEncoder, WordEncoder, clusters

from ragcompress import Passage
from ragcompress.core.errors import InvalidInput
from ragcompress.retriever import DenseRetriever, HybridRetriever
from ragcompress.retriever import ann as ann_module
from ragcompress.retriever import dense as dense_module
from ragcompress.retriever.ann import VectorIndex

ENCODER = WordEncoder(8)
IDS = st.sampled_from(["a", "b", "c", "d", "e"])
TEXT = st.sampled_from(["red", "red blue", "green", "blue green red", ""])


class AgainstADict(RuleBasedStateMachine):
    """Whatever is done, the retriever holds what the dict holds, in insertion order."""

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, str] = {}
        self.real = HybridRetriever.build([], ENCODER)
        self.folder: Path | None = None

    @rule(items=st.lists(st.tuples(IDS, TEXT), max_size=4))
    def add(self, items: list[tuple[str, str]]) -> None:
        self.real.add([Passage(text, id=name) for name, text in items])
        for name in dict.fromkeys(name for name, _ in items):
            self.model.pop(name, None)  # an upsert appends
        self.model.update(items)

    @rule(ids=st.lists(IDS, max_size=3))
    def delete(self, ids: list[str]) -> None:
        assert self.real.delete(ids) == len({name for name in ids if self.model.pop(name, None) is not None})

    @rule(mmap=st.booleans())
    def save_and_load(self, mmap: bool) -> None:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            self.real.save(folder)
            self.real = HybridRetriever.load(folder, ENCODER, mmap=mmap)

    @rule()
    def compact(self) -> None:
        self.real.compact()

    @invariant()
    def same(self) -> None:
        assert [(p.id, p.text) for p in self.real] == list(self.model.items())
        assert len(self.real) == len(self.model)
        assert {p.id for p in self.real.retrieve("red", 9)} == set(self.model)
        scores = [p.score for p in self.real.dense.retrieve("red", 9)]
        assert scores == sorted(scores, reverse=True)


TestAgainstADict = AgainstADict.TestCase
TestAgainstADict.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)


def test_passages_without_id_get_one_from_their_content() -> None:
    retriever = DenseRetriever.build(["a", "b", "a"], ENCODER)
    first, second, third = (p.id for p in retriever)
    assert len(retriever) == 3
    assert third == f"{first}-2"
    assert retriever.add(["a", "b", "a"]) == [first, second, third]  # giving the same again changes nothing
    assert len(retriever) == 3
    assert DenseRetriever.build(["b"], ENCODER).retrieve("b")[0].id == second


def test_last_of_an_explicit_id_wins() -> None:
    retriever = DenseRetriever.build([Passage("old", id="x"), Passage("y", id="y"), Passage("new", id="x")], ENCODER)
    assert [(p.id, p.text) for p in retriever] == [("x", "new"), ("y", "y")]


def test_upsert_replaces_text_and_vector() -> None:
    retriever = DenseRetriever.build([Passage("red", id="x"), Passage("blue", id="y")], ENCODER)
    assert retriever.add([Passage("green", id="x")]) == ["x"]
    assert len(retriever) == 2
    assert retriever.retrieve("green", 1)[0].text == "green"
    assert "red" not in {p.text for p in retriever.retrieve("red", 9)}


def test_delete_ignores_unknown_and_takes_one_id() -> None:
    retriever = DenseRetriever.build([Passage("red", id="xy"), Passage("blue", id="y")], ENCODER)
    assert retriever.delete(["nobody"]) == 0
    assert retriever.delete("xy") == 1  # not "x" and "y"
    assert retriever.delete(["y", "y"]) == 1
    assert retriever.retrieve("red") == []


def test_get_keeps_the_order_asked_for() -> None:
    retriever = DenseRetriever.build([Passage("1", id="a"), Passage("2", id="b")], ENCODER)
    assert [p.text for p in retriever.get(["b", "nobody", "a"])] == ["2", "1"]


def test_a_failing_add_changes_nothing() -> None:
    retriever = DenseRetriever.build([Passage("red", id="x")], ENCODER)
    with pytest.raises(InvalidInput):
        retriever.add([Passage("blue", id="x"), 3])  # type: ignore[list-item]
    assert [p.text for p in retriever] == ["red"]


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivfpq"])
@pytest.mark.parametrize("mmap", [True, False])
def test_a_loaded_index_can_change(kind: str, mmap: bool, tmp_path: Path) -> None:
    vectors = clusters(1500, 16)
    encoder = NumberEncoder(vectors)
    DenseRetriever.build([str(i) for i in range(1400)], encoder, kind=kind).save(tmp_path)
    retriever = DenseRetriever.load(tmp_path, encoder, mmap=mmap)
    ids = retriever.add([str(i) for i in range(1400, 1500)])
    assert retriever.kind == kind
    assert retriever.retrieve("1450", 1)[0].id == ids[50]
    assert retriever.delete(ids[:50]) == 50
    retriever.save(tmp_path)  # the mapped files of the old generation go away here
    assert retriever.retrieve("1450", 1)[0].id == ids[50]
    again = DenseRetriever.load(tmp_path, encoder)
    assert len(again) == 1450
    assert again.retrieve_many(["3", "1499"], 5) == retriever.retrieve_many(["3", "1499"], 5)


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_an_interrupted_add_leaves_all_in_step(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clusters(400, 16)
    encoder = NumberEncoder(vectors)
    retriever = DenseRetriever.build([str(i) for i in range(300)], encoder, kind=kind)
    monkeypatch.setattr(ann_module, "CHUNK", 40)
    extend, calls = VectorIndex._extend, []

    def interrupted(self: VectorIndex, rows: np.ndarray, advance: object) -> None:
        calls.append(1)
        extend(self, rows[:40], None)
        raise KeyboardInterrupt

    monkeypatch.setattr(VectorIndex, "_extend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        retriever.add([str(i) for i in range(300, 400)])
    monkeypatch.setattr(VectorIndex, "_extend", extend)
    assert calls
    assert len(retriever) == 300
    assert "305" not in {p.text for p in retriever.retrieve("305", 400)}
    retriever.add([str(i) for i in range(350, 400)])
    retriever.save(tmp_path)
    for one in (retriever, DenseRetriever.load(tmp_path, encoder)):
        assert one.retrieve("399", 1)[0].text == "399"
        assert len(one.retrieve("399", 999)) == 350


class Lengths:
    """A sidecar maker: the character codes of the text."""

    name, fingerprint = "codes", "1"

    def __call__(self, passages: list[Passage]) -> list[np.ndarray]:
        return [np.array([[ord(char)] for char in p.text], dtype=np.int32).reshape(-1, 1) for p in passages]

    def recall(self, passages: list[Passage], arrays: list[np.ndarray]) -> None:
        self.recalled = [
            (p.text, "".join(chr(code) for code in a[:, 0]) if len(a) else None)
            for p, a in zip(passages, arrays, strict=True)
        ]


def test_sidecars_stay_in_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["abc", "de", "", "fghi"]
    retriever = DenseRetriever.build([Passage(t, id=t or "-") for t in texts], ENCODER, [Lengths()])
    retriever.delete(["de"])
    retriever.add([Passage("zz", id="abc"), Passage("new", id="new")])
    retriever.save(tmp_path)

    def codes(of: DenseRetriever, name: str) -> list[int] | None:
        found = of.sidecar_of("codes", name)
        return None if found is None else found[:, 0].tolist()

    loaded = DenseRetriever.load(tmp_path, ENCODER)
    for one in (retriever, loaded):
        assert codes(one, "abc") == [122, 122]
        assert codes(one, "fghi") == [102, 103, 104, 105]
        assert codes(one, "-") is None
        assert codes(one, "de") is None
        assert one.sidecar_of("other", "abc") is None
    loaded.add([Passage("later", id="later")])  # no maker at hand: not computed, but nothing shifts
    assert codes(loaded, "later") is None
    assert codes(loaded, "new") == [110, 101, 119]
    monkeypatch.setattr(dense_module, "all_makers", lambda: (Lengths(),))
    loaded = DenseRetriever.load(tmp_path, ENCODER)
    loaded.add([Passage("ab", id="later")])
    assert codes(loaded, "later") == [97, 98]


def test_what_was_precomputed_is_recalled_with_what_is_retrieved() -> None:
    maker = Lengths()
    retriever = DenseRetriever.build([Passage(t, id=t) for t in ("abc", "de", "fghi")], ENCODER, [maker])
    found = retriever.retrieve("abc", 2)
    assert maker.recalled == [(p.text, p.text) for p in found]


def test_from_vectors_and_its_refusals() -> None:
    vectors = clusters(10, 8)
    retriever = DenseRetriever.from_vectors([str(i) for i in range(10)], vectors, encoder=NumberEncoder(vectors))
    assert retriever.retrieve("4", 1)[0].text == "4"
    with pytest.raises(InvalidInput, match="shape"):
        DenseRetriever.from_vectors(["a"], vectors, encoder=ENCODER)
    with pytest.raises(InvalidInput, match="same id"):
        DenseRetriever.from_vectors([Passage("a", id="1"), Passage("b", id="1")], vectors[:2], encoder=ENCODER)
