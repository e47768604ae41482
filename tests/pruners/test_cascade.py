import pytest

import ragcompress as rc
from ragcompress.pruners.cascade import Cascade
from ragcompress.testing import check_compressor

PASSAGES = ["Ada wrote the program.", "It rained a lot.", "The program was short. Bob slept.", "Snow fell."]
WIDE = rc.TokenBudget(1000, len)


class Spy:
    """A scorer that remembers which passages it was shown."""

    def __init__(self):
        self.seen = set()

    def __call__(self, context):
        self.seen = {segment.support[0].passage for segment in context.segments}
        return context.with_scores(
            [1.0] * len(context.segments), [float(at in self.seen) for at in range(len(context.passages))]
        )


@pytest.mark.parametrize(
    "cascade",
    [Cascade(), Cascade(keep=1, unit="sentences"), Cascade(expensive=rc.SentencePruner(rc.LexicalScorer()), keep=2)],
    ids=repr,
)
def test_laws(cascade):
    check_compressor(cascade, cases=60)


@pytest.mark.parametrize(("keep", "expected"), [(0.5, {0, 2}), (1, {2}), (2, {0, 2}), (1.0, {0, 1, 2, 3})])
def test_the_expensive_scorer_sees_only_what_passed(keep, expected):
    spy = Spy()
    Cascade(rc.LexicalScorer(), spy, keep=keep)(rc.Context.of("short program", PASSAGES), WIDE)
    assert spy.seen == expected


def test_sentences_can_be_the_unit():
    spy = Spy()
    out = Cascade(rc.LexicalScorer(), spy, keep=2, unit="sentences")(rc.Context.of("short program", PASSAGES), WIDE)
    assert [s.text.strip() for s in out.segments] == ["Ada wrote the program.", "The program was short."]
    assert {gone.reason for gone in out.dropped} == {"not selected"}


def test_an_expensive_compressor_gets_the_budget_and_no_cheap_scores():
    budgets = []

    def compressor(context, budget):
        budgets.append(budget)
        assert all(segment.score is None for segment in context.segments)
        return context

    out = Cascade(rc.LexicalScorer(), compressor)(rc.Context.of("program", PASSAGES), rc.TokenBudget(30, len))
    assert budgets[0].limit == 30
    assert out.segments


def test_passages_never_seen_rank_below_those_seen_in_the_cheap_order():
    out = Cascade(rc.LexicalScorer(), Spy(), keep=1)(rc.Context.of("short program", PASSAGES), WIDE)
    scores = out.passage_scores
    assert scores[2] > scores[0] > scores[1] > scores[3]


def test_the_default_cascade_keeps_the_answer():
    out = rc.compress("Who wrote the program?", PASSAGES, budget=6, compressor=Cascade(keep=0.5))
    assert out.text == "Ada wrote the program."


def test_wrong_settings_are_named():
    for make in (lambda: Cascade(keep=0), lambda: Cascade(keep=1.5), lambda: Cascade(unit="words")):
        with pytest.raises(rc.InvalidInput):
            make()
