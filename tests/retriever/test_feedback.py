import pytest

import ragcompress as rc
from ragcompress.retriever.feedback import FeedbackRetriever, HopRetriever
from ragcompress.testing import FakeEncoder

pytest.importorskip("faiss")

PASSAGES = [
    rc.Passage("bridge film director jane moreau", "film", "Bridge"),
    rc.Passage("jane moreau born in ghent", "jane", "Jane Moreau"),
    rc.Passage("bridge over the river director", "river"),
    rc.Passage("snow and ice in winter", "snow"),
    rc.Passage("bread of flour and salt", "bread"),
]


@pytest.fixture
def dense():
    return rc.DenseRetriever.build(PASSAGES, FakeEncoder(256))


def names(passages):
    return [passage.id for passage in passages]


def test_feedback_moves_the_question_towards_its_first_hits(dense):
    query = "bridge film"
    plain = {p.id: p.score for p in dense.retrieve(query, 5)}
    moved = {p.id: p.score for p in FeedbackRetriever(dense, passages=1, weight=1.0).retrieve(query, 5)}
    assert next(iter(plain)) == next(iter(moved)) == "film"
    assert moved["jane"] > plain["jane"] + 0.1
    assert moved["snow"] == pytest.approx(plain["snow"], abs=0.05)


def test_without_weight_feedback_changes_nothing(dense):
    assert FeedbackRetriever(dense, weight=0).retrieve("bridge film", 3) == dense.retrieve("bridge film", 3)


def test_feedback_after_deletions_reads_the_right_rows(dense):
    dense.delete(["bread", "river"])
    assert names(FeedbackRetriever(dense, passages=1).retrieve("jane ghent", 1)) == ["jane"]


def test_a_second_hop_finds_what_the_first_names(dense):
    hop = HopRetriever(dense, evidence=1, scorer=rc.LexicalScorer())
    query = "bridge film"
    assert names(hop.retrieve(query, 5)).index("jane") <= 2
    assert names(hop.retrieve(query, 5))[0] == "film"
    assert len(hop.retrieve(query, 2)) == 2


def test_empty_and_zero(dense):
    empty = rc.DenseRetriever.build([], FakeEncoder(16))
    assert FeedbackRetriever(empty).retrieve("x") == []
    assert HopRetriever(empty).retrieve("x") == []
    assert FeedbackRetriever(dense).retrieve("x", 0) == []


def test_wrong_settings_are_named(dense):
    for make in (lambda: FeedbackRetriever(dense, passages=0), lambda: HopRetriever(dense, evidence=0)):
        with pytest.raises(rc.InvalidInput):
            make()
