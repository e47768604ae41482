from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ragcompress as rc
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.models.labeller.runtime import JointModel
from ragcompress.pruners.labelling import KeepRule, LabellingPruner, rule_for
from ragcompress.scorers.guard import GuardedScorer
from ragcompress.scorers.labels import LabelScorer, rerank

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
    assert sum(chances) <= 1
    assert scored.passage_scores[1] > scored.passage_scores[0]
    assert sum(scored.passage_scores) <= 1
    assert rerank(Context.of(ASK, PASSAGES).split(), scorer) == [1, 0]


def test_sentences_are_weighed_against_each_other(scorer):
    """Each is read with its passage alone: the others change its share, never two sentences' odds."""
    alone = [s.score for s in scorer(Context.of(ASK, PASSAGES[1:]).split()).segments]
    whole = [s.score for s in scorer(Context.of(ASK, PASSAGES).split()).segments]
    assert [score / alone[1] for score in alone] == pytest.approx([score / whole[3] for score in whole[2:]], rel=1e-4)
    assert whole[3] < alone[1]


def test_order_changes_no_score(scorer):
    split = Context.of(ASK, PASSAGES).split()
    whole = [s.score for s in scorer(split).segments]
    assert [s.score for s in scorer(split.reorder([4, 3, 2, 1, 0])).segments[::-1]] == pytest.approx(whole)
    turned = [s.score for s in scorer(Context.of(ASK, PASSAGES[::-1]).split()).segments]
    assert turned[3:] + turned[:3] == pytest.approx(whole)


def test_what_repeats_shares_its_probability(scorer):
    twice = Context.of(ASK, [PASSAGES[1], PASSAGES[1]]).split()
    chances = [segment.score for segment in scorer(twice).segments]
    assert chances[1] == pytest.approx(chances[4])
    assert chances[1] < 0.5
    kept = [segment.text.strip() for segment in LabellingPruner.dynamic()(twice, rc.TokenBudget(99, len)).segments]
    assert kept.count("The tower is 333 metres tall.") == 1
    assert "Pigeons live there." not in kept


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


class Told(LabelScorer):
    """Keep probabilities as told."""

    chances = (0.5, 0.4, 0.3)

    def __call__(self, context):
        return context.with_scores(self.chances, (1.0,))


class OthersTold:
    """The same from someone else's labeller."""

    def __call__(self, context):
        return context.with_scores(Told.chances, (1.0,))


LONG = "The tower that the city built is, all things considered, of a remarkable height for its age. "
SHORT = ("The height is 333 metres. ", "Work ended in 1991.")


@pytest.mark.parametrize("guarded", [True, False])
def test_under_a_budget_long_sentences_are_kept_last(guarded):
    passages = [LONG + "".join(SHORT)]
    ours = LabellingPruner(GuardedScorer(Told()) if guarded else Told())
    assert rc.compress(ASK, passages, budget=22, compressor=ours).text == "".join(SHORT)
    assert rc.compress(ASK, passages, budget=22, compressor=LabellingPruner(OthersTold())).text == LONG.strip()


def test_dynamic_mode_keeps_what_is_worth_its_tokens(scorer):
    out = rc.compress(ASK, PASSAGES, compressor=LabellingPruner.dynamic(0.95, scorer=scorer))
    assert "333 metres" in out.text
    assert "Salt is added" not in out.text
    assert {gone.reason for gone in out.dropped} == {"below threshold"}


@pytest.mark.parametrize("how", [{"threshold": 0.5}, {"rule": KeepRule(per_token=1e-4, nothing=0.5)}])
def test_nothing_relevant_is_an_empty_context_that_says_so(scorer, how):
    pruner = LabellingPruner(GuardedScorer(scorer), **how)
    out = rc.compress(FAR_OFF, PASSAGES, compressor=pruner, when_nothing="empty")
    assert out.text == ""
    assert "nothing relevant was found" in out.warnings[0]


def test_a_higher_wanted_recall_means_a_lower_threshold(scorer):
    rules = [rule_for(scorer, recall) for recall in (0.8, 0.9, 0.95, 0.99)]
    thresholds = [rule.per_token for rule in rules]
    assert thresholds == sorted(thresholds, reverse=True)
    assert all(0 < rule.per_token < 1 > rule.nothing > 0 for rule in rules)


@pytest.mark.parametrize("recall", [0, 1, 95, -0.5])
def test_a_recall_that_is_no_share_is_named(recall):
    with pytest.raises(InvalidInput, match=r"such as 0\.95, not"):
        LabellingPruner.dynamic(recall)


@given(
    st.lists(st.tuples(st.floats(0, 0.05), st.integers(0, 50)), min_size=1, max_size=20),
    st.floats(1e-6, 0.5),
    st.floats(1e-6, 0.5),
)
def test_a_stricter_rule_keeps_a_subset(judged, one, other):
    chances, sizes = zip(*judged, strict=True)
    loose, strict = sorted((one, other))
    kept = set(KeepRule(loose).choose(chances, sizes))
    assert set(KeepRule(strict).choose(chances, sizes)) <= kept
    assert KeepRule(loose, nothing=1.0).choose(chances, sizes) == ([] if sum(chances) < 1 else sorted(kept))


def test_what_no_labeller_reads_is_not_thresholded(monkeypatch):
    monkeypatch.setattr("ragcompress.models.multilingual.ships_multilingual", lambda: False)
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
    assert not rc.compress(FAR_OFF, PASSAGES, compressor="student", when_nothing="empty").text
