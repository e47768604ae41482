import pytest

import ragcompress as rc
from ragcompress.pruners.order import Order, order_ends, order_reading, order_relevance
from ragcompress.testing import check_compressor

ROOM = rc.TokenBudget(10_000, len)


def names(context):
    return [context.passages[s.support[0].passage].text for s in context.segments]


@pytest.mark.parametrize("order", [order_ends, order_reading, order_relevance], ids=repr)
def test_laws(order):
    check_compressor(order, cases=80)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(1, "1"), (2, "12"), (3, "132"), (4, "1342"), (5, "13542"), (6, "135642")],
)
def test_best_stand_at_both_ends(size, expected):
    context = rc.Context.of("q", [str(n + 1) for n in range(size)])
    assert "".join(names(order_ends(context, ROOM))) == expected


def test_retriever_scores_rank_when_nothing_else_does():
    passages = [rc.Passage(text, score=score) for text, score in (("c", 1), ("a", 3), ("b", 2))]
    assert names(order_relevance(rc.Context.of("q", passages), ROOM)) == ["a", "b", "c"]


def test_passage_scores_beat_segment_scores():
    context = rc.Context.of("q", ["a", "b"]).with_scores([5, 1], passage_scores=[0.1, 0.9])
    assert names(order_relevance(context, ROOM)) == ["b", "a"]


def test_segments_of_a_passage_stay_together_in_reading_order():
    context = rc.Context.of("q", ["A one. A two.", "B one.", "C one. C two."]).split()
    scored = context.with_scores([0.1, 0.9, 0.5, 0.6, 0.2])
    assert [s.text.strip() for s in order_ends(scored, ROOM).segments] == [
        "A one.", "A two.", "B one.", "C one.", "C two.",
    ]  # fmt: skip
    assert order_reading(order_ends(scored, ROOM), ROOM).segments == scored.segments


def test_over_budget_the_weakest_goes_not_the_last():
    context = rc.Context.of("q", ["best", "good", "weak"])
    out = order_ends(context, rc.TokenBudget(10, len))
    assert names(out) == ["best", "good"]


def test_as_a_link_it_leaves_the_budget_to_what_follows():
    context = rc.Context.of("program", ["It rained.", "Snow fell.", "Ada wrote a program."])
    out = rc.chain(order_ends, rc.SentencePruner(rc.LexicalScorer()))(context, rc.TokenBudget(20, len))
    assert names(out) == ["Ada wrote a program."]


def test_unknown_order_is_refused():
    with pytest.raises(rc.InvalidInput, match="by must be"):
        Order("middle")
