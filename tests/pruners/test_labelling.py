from __future__ import annotations

import numpy as np
import pytest

import ragcompress as rc
from ragcompress.context import Context
from ragcompress.labeller.runtime import JointModel
from ragcompress.pruners.labelling import LabellingPruner, threshold_for
from ragcompress.scorers.guard import GuardedScorer
from ragcompress.scorers.labels import LabelScorer, rerank
from ragcompress.types import Passage

PASSAGES = [
    Passage("Bread is baked from flour. Salt is added before the dough rests.", title="Bread"),
    Passage("It was painted in 1958. The tower is 333 metres tall. Pigeons live there.", title="Tower"),
]
ASK = "How tall is the tower?"
FAR_OFF = "Which enzyme unwinds DNA during replication?"


@pytest.fixture(scope="module")
def scorer() -> LabelScorer:
    return LabelScorer()


def test_scores_are_probabilities_and_find_the_sentence(scorer):
    scored = scorer(Context.of(ASK, PASSAGES).split())
    chances = [segment.score for segment in scored.segments]
    assert all(0 <= chance <= 1 for chance in chances)
    assert int(np.argmax(chances)) == 3
    assert scored.passage_scores[1] == max(chances) > scored.passage_scores[0]
    assert rerank(Context.of(ASK, PASSAGES).split(), scorer) == [1, 0]


def test_a_sentence_is_judged_alike_whatever_else_is_asked_for(scorer):
    """Judging is per passage: other passages and the order of segments change nothing."""
    split = Context.of(ASK, PASSAGES).split()
    alone = scorer(Context.of(ASK, PASSAGES[1:]).split())
    turned = scorer(split.reorder([4, 3, 2, 1, 0]))
    whole = scorer(split)
    assert [s.score for s in whole.segments[2:]] == [s.score for s in alone.segments]
    assert [s.score for s in turned.segments[::-1]] == [s.score for s in whole.segments]


def test_long_passages_are_read_in_windows(scorer):
    filler = "The committee met again and nothing of note was decided that day. " * 80
    long = Passage(filler + "The tower is 333 metres tall. " + filler)
    scored = scorer(Context.of(ASK, [long]).split())
    best = max(scored.segments, key=lambda segment: segment.score)
    assert best.text.startswith("The tower is 333")


def test_odd_passages_are_scored_without_fuss(scorer):
    for text in ("", "!!!", "\x00\ud800", "好", "x" * 4000):
        scored = scorer(Context.of(ASK, [text]).split())
        assert all(0 <= segment.score <= 1 for segment in scored.segments)


def test_without_a_threshold_the_budget_decides():
    out = rc.compress(ASK, PASSAGES, budget=8, compressor=LabellingPruner())
    assert out.text == "The tower is 333 metres tall."


def test_dynamic_mode_keeps_what_reaches_the_threshold(scorer):
    pruner = LabellingPruner(GuardedScorer(scorer), threshold=threshold_for(scorer, 0.95))
    out = rc.compress(ASK, PASSAGES, compressor=pruner)
    assert "333 metres" in out.text
    assert "Salt is added" not in out.text
    assert {gone.reason for gone in out.dropped} == {"below threshold"}


def test_nothing_relevant_is_an_empty_context_that_says_so(scorer):
    out = rc.compress(FAR_OFF, PASSAGES, compressor=LabellingPruner(GuardedScorer(scorer), threshold=0.5))
    assert out.text == ""
    assert "nothing relevant was found" in out.warnings[0]


def test_a_higher_wanted_recall_means_a_lower_threshold(scorer):
    thresholds = [threshold_for(scorer, recall) for recall in (0.8, 0.9, 0.95, 0.99)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert all(0 < threshold < 1 for threshold in thresholds)


def test_what_the_labeller_cannot_read_is_not_thresholded():
    out = rc.compress(
        "東京タワーの高さは", ["東京タワーは333メートル。雨が降った。"], compressor=LabellingPruner(threshold=0.9)
    )
    assert "333" in out.text
    assert "can't read this language" in out.warnings[0]


class Counting:
    """A joint graph that counts how often it is asked."""

    def __init__(self, graph):
        self.graph, self.calls = graph, 0

    def run(self, *args):
        self.calls += 1
        return self.graph.run(*args)


def test_the_student_judges_without_reading_them_together(scorer):
    model = scorer.model
    graph = Counting(model._graph)
    counted = JointModel(graph, model.settings)
    split = Context.of(ASK, PASSAGES).split()
    chances = [segment.score for segment in LabelScorer(counted.student())(split).segments]
    assert graph.calls == 0
    assert int(np.argmax(chances)) == 3
    assert all(0 < chance < 1 for chance in chances)
    LabelScorer(counted)(split)
    assert graph.calls == len(PASSAGES)


def test_a_cascade_reads_half_of_the_passages_together(scorer):
    graph = Counting(scorer.model._graph)
    expensive = LabelScorer(JointModel(graph, scorer.model.settings))
    passages = [*PASSAGES, Passage("Cats sleep all day."), Passage("Rivers flow to the sea.")]
    out = rc.compress(ASK, passages, budget=10, compressor=rc.Cascade(LabelScorer.student(), expensive))
    assert graph.calls == 2
    assert out.text == "The tower is 333 metres tall."


def test_the_student_decides_itself_how_much_to_keep():
    out = rc.compress(ASK, PASSAGES, compressor="student")
    assert "333 metres" in out.text
    assert not rc.compress(FAR_OFF, PASSAGES, compressor="student").text
