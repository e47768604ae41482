import pytest

import ragcompress as rc
from ragcompress.core.types import Span
from ragcompress.pruners import kinds
from ragcompress.pruners.protect import Protect, protect
from ragcompress.testing import check_compressor

TEXT = "The tower is old. Spires add 330 m. People like the tower. Do not climb it."


def texts(context):
    return [segment.text.strip() for segment in context.segments]


@pytest.mark.parametrize("link", [protect, protect(kinds.numbers), Protect(spans=(Span(0, 0, 3),))], ids=repr)
def test_laws(link):
    check_compressor(link, cases=80)


def test_protected_come_first_inside_the_budget():
    out = protect(kinds.numbers)(rc.Context.of("Do people like the tower?", [TEXT]), rc.TokenBudget(20, len))
    assert texts(out) == ["Spires add 330 m."]


def test_what_a_pruner_dropped_comes_back_in_place():
    chain = rc.chain(rc.SentencePruner(rc.LexicalScorer()), protect(kinds.negations))
    out = chain(rc.Context.of("tower people", [TEXT]), rc.TokenBudget(50, len))
    assert texts(out) == ["People like the tower.", "Do not climb it."]
    assert "Do not climb it." not in [gone.segment.text.strip() for gone in out.dropped]


def test_bare_protect_brings_nothing_back_into_passages_that_went():
    pruned = rc.SentencePruner(rc.LexicalScorer())(
        rc.Context.of("tower people", [TEXT, "Paid 40 €."]), rc.TokenBudget(42, len)
    )
    wide = rc.TokenBudget(200, len)
    assert not any("40" in text for text in texts(protect(pruned, wide)))
    assert any("40" in text for text in texts(protect(kinds.numbers)(pruned, wide)))


def test_near_duplicates_stay_out():
    context = rc.Context.of("q", ["It cost 5 €.", "It cost 5 €."]).keep([0], "near-duplicate")
    assert texts(protect(kinds.numbers)(context, rc.TokenBudget(100, len))) == ["It cost 5 €."]


def test_too_much_protected_text_goes_with_a_warning():
    context = rc.Context.of("two", ["One 1. Two 2. Three 3."])
    out = protect(kinds.numbers)(context, rc.TokenBudget(8, len))
    assert texts(out) == ["Two 2."]
    assert out.notes == ("2 of 3 protected segments do not fit into 8 tokens",)


def test_later_links_keep_the_protected_longest():
    context = protect(kinds.numbers)(rc.Context.of("people", [TEXT]), rc.TokenBudget(1000, len))
    assert texts(rc.fit(context, rc.TokenBudget(20, len))) == ["Spires add 330 m."]


def test_spans_of_the_caller():
    at = TEXT.index("Do not")
    link = Protect(what=(), spans=(Span(0, at, at + 3),))
    assert texts(link(rc.Context.of("tower", [TEXT]), rc.TokenBudget(20, len))) == ["Do not climb it."]


def test_wrong_calls_are_named():
    with pytest.raises(rc.InvalidInput):
        protect("numbers")
    with pytest.raises(rc.InvalidInput):
        protect(rc.Context.of("q", []), 7)


def test_behind_word_deletion_whole_sentences_come_back_not_words():
    pruned = rc.WordPruner(scorer=rc.LexicalScorer())(rc.Context.of("tower people", [TEXT]), rc.TokenBudget(22, len))
    out = protect(kinds.numbers)(pruned, rc.TokenBudget(60, len))
    assert "Spires add 330 m." in texts(out)


@pytest.mark.parametrize("first", [rc.WordPruner(share=0.6), rc.SentencePruner(), rc.ClusterPruner(k=2)], ids=repr)
def test_laws_of_chains(first):
    check_compressor(rc.chain(rc.drop_redundant, first, protect, rc.keep_antecedents, rc.order_ends), cases=40)
