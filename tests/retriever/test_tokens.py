import numpy as np
import pytest

import ragcompress as rc
from ragcompress.models.encoders import OnnxEncoder
from ragcompress.retriever.tokens import TokenRetriever
from ragcompress.scorers.features import normalise

pytest.importorskip("faiss")

PASSAGES = [
    rc.Passage("The tower of Ghent is 118 metres tall.", "tower", "Ghent"),
    rc.Passage("Cats sleep for most of the day.", "cats", metadata={"page": 3}),
    rc.Passage("The bridge was opened in 1894 by the queen.", "bridge"),
    rc.Passage("Bread is made of flour, water and salt.", "bread"),
]


@pytest.fixture(scope="module")
def retriever():
    return TokenRetriever.build(PASSAGES)


@pytest.mark.parametrize(
    ("query", "best"),
    [("How tall is the tower?", "tower"), ("How long do cats sleep?", "cats"), ("When did the bridge open?", "bridge")],
)
def test_the_right_passage_comes_first(retriever, query, best):
    found = retriever.retrieve(query, k=2)
    assert found[0].id == best
    assert found[0].score > found[1].score


def test_a_wide_search_gives_the_late_interaction_of_all_tokens():
    encoder = OnnxEncoder.embedded()
    retriever = TokenRetriever.build(PASSAGES, dim=48, nearest=10_000)
    query = encoder.query("How tall is the tower?")
    tokens = normalise(query.last[query.offsets[:, 0] >= 0])
    wanted = {}
    for passage, states in zip(PASSAGES, encoder.passages(PASSAGES), strict=True):
        rows = normalise(states.last[states.offsets[:, 0] >= 0])
        wanted[passage.id] = float((tokens @ rows.T).max(axis=1).mean())
    found = retriever.retrieve("How tall is the tower?", k=4)
    assert [p.id for p in found] == sorted(wanted, key=lambda name: -wanted[name])
    for passage in found:
        assert passage.score == pytest.approx(wanted[passage.id], abs=0.12)  # 4 bits and principal components


def test_what_is_missing_is_imputed_with_the_last_similarity():
    class Given:
        """Token vectors as told: the query has two tokens, the second is far from passage 0."""

        def _encoded(self, rows):
            rows = np.array(rows, dtype=np.float32)
            offsets = np.array([(at, at + 1) for at in range(len(rows))])
            return type("E", (), {"last": rows, "offsets": offsets})()

        def query(self, text):
            return self._encoded([[1, 0], [0, 1]])

        def passages(self, passages):
            return [self._encoded([[1, 0.0], [1, 0.01]]), self._encoded([[0.0, 1], [0.6, 0.8]])]

    found = TokenRetriever.build(["a", "b"], Given(), dim=2, nearest=2).retrieve("q", k=2)
    assert {p.text for p in found} == {"a", "b"}
    whole = TokenRetriever.build(["a", "b"], Given(), dim=2, nearest=4).retrieve("q", k=2)
    score = {p.text: p.score for p in found}
    exact = {p.text: p.score for p in whole}
    assert score["a"] > exact["a"] + 0.2  # the second query token: 0.8 imputed where the truth is 0.0


def test_saved_and_loaded_it_answers_alike(retriever, tmp_path):
    retriever.save(tmp_path / "index")
    again = TokenRetriever.load(tmp_path / "index")
    assert again.retrieve("How tall is the tower?", k=4) == retriever.retrieve("How tall is the tower?", k=4)
    assert again.retrieve("cats", 1)[0].metadata == {"page": 3}


def test_damage_and_other_encoders_are_named(retriever, tmp_path):
    retriever.save(tmp_path)
    with pytest.raises(rc.RagCompressError, match="was built with"):
        TokenRetriever.load(tmp_path, OnnxEncoder(None, retriever.encoder._tokenizer, "another"))
    next(tmp_path.glob("gen-*/tokens.faiss")).write_bytes(b"x")
    with pytest.raises(rc.RagCompressError):
        TokenRetriever.load(tmp_path)


def test_many_tokens_go_through_an_inverted_file(monkeypatch):
    monkeypatch.setattr("ragcompress.retriever.tokens.MANY", 20)
    retriever = TokenRetriever.build(PASSAGES, dim=8)
    assert retriever.retrieve("How long do cats sleep?", 1)[0].id == "cats"


def test_bytes_per_passage_are_what_the_index_holds(retriever):
    tokens = sum(int((e.offsets[:, 0] >= 0).sum()) for e in OnnxEncoder.embedded().passages(PASSAGES))
    assert retriever.bytes_per_passage == pytest.approx(tokens * (96 / 2 + 4) / 4)


def test_empty_indexes_and_queries(tmp_path):
    empty = TokenRetriever.build([])
    assert empty.retrieve("anything") == []
    empty.save(tmp_path)
    assert TokenRetriever.load(tmp_path).retrieve("x") == []
    assert TokenRetriever.build(["", "a b"]).retrieve("a", 5)[0].text == "a b"
    with pytest.raises(rc.InvalidInput):
        empty.retrieve(" ")


def test_wrong_settings_are_named():
    for options in ({"dim": 3}, {"dim": 0}, {"nearest": 0}):
        with pytest.raises(rc.InvalidInput):
            TokenRetriever.build(["a"], **options)
