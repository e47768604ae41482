import pytest

import ragcompress as rc
from ragcompress.scorers.second_pass import SecondPass
from ragcompress.testing import check_compressor

PASSAGES = [
    rc.Passage("Bridge of Sighs is a film whose director is Jane Moreau. It is long.", title="Bridge of Sighs"),
    rc.Passage("The weather was fine in most of the country. A film festival was held.", title="Weather"),
    rc.Passage("Jane Moreau is a Belgian artist. She was born in Ghent in 1951.", title="Jane Moreau"),
    rc.Passage("A director leads a company. Directors are elected.", title="Director"),
]
QUERY = "Where is the director of the film Bridge of Sighs from?"


def test_laws():
    check_compressor(rc.SentencePruner(SecondPass(rc.LexicalScorer())), cases=60)


@pytest.mark.parametrize("scorer", [rc.LexicalScorer(), rc.FusedScorer()], ids=repr)
def test_the_bridge_passage_rises(scorer):
    context = rc.Context.of(QUERY, PASSAGES).split()
    one, two = scorer(context), SecondPass(scorer)(context)

    def rank(scored, passage):
        order = sorted(range(len(PASSAGES)), key=lambda at: -scored.passage_scores[at])
        return order.index(passage)

    assert rank(two, 2) < rank(one, 2)


def test_it_changes_scores_only():
    context = rc.Context.of(QUERY, PASSAGES).split()
    out = SecondPass(rc.LexicalScorer())(context)
    assert out.query is context.query
    assert [s.support for s in out.segments] == [s.support for s in context.segments]


def test_a_single_segment_or_none_is_left_alone():
    for passages in ([], ["Only one."]):
        context = rc.Context.of("q", passages).split()
        assert SecondPass(rc.LexicalScorer())(context) == rc.LexicalScorer()(context)


def test_wrong_settings_are_named():
    with pytest.raises(rc.InvalidInput):
        SecondPass(evidence=0)
