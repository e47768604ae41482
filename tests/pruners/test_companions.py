from functools import partial

import pytest

import ragcompress as rc
from ragcompress.core.segment import sentences
from ragcompress.pruners.companions import (
    KeepWith,
    antecedent,
    heading,
    keep_antecedents,
    keep_headings,
    keep_neighbours,
    neighbours,
)
from ragcompress.testing import check_compressor

TEXT = "Rain fell. Ada was a baroness. She wrote a program. It was short. Then she slept."


def texts(context):
    return [segment.text.strip() for segment in context.segments]


def pruned(query, passages):
    pruner = rc.SentencePruner(rc.LexicalScorer(), segmenter=sentences)  # units bring what they need by themselves
    return pruner(rc.Context.of(query, passages), rc.TokenBudget(25, len))


@pytest.mark.parametrize("link", [keep_neighbours, keep_headings, keep_antecedents], ids=repr)
def test_laws(link):
    check_compressor(link, cases=80)


def test_a_pronoun_brings_its_antecedent():
    kept = pruned("program", [TEXT])
    assert texts(kept) == ["She wrote a program."]
    out = KeepWith(antecedent, sentences)(kept, rc.TokenBudget(60, len))
    assert texts(out) == ["Ada was a baroness.", "She wrote a program."]


def test_chains_of_pronouns_lead_to_the_name():
    assert antecedent(["Ada was.", "She wrote.", "It was short."], 2) == [1, 0]


def test_neighbours_on_both_sides_in_reading_order():
    kept = pruned("program", [TEXT])
    out = KeepWith(neighbours, sentences)(kept, rc.TokenBudget(100, len))
    assert texts(out) == ["Ada was a baroness.", "She wrote a program.", "It was short."]
    wide = KeepWith(partial(neighbours, size=2), sentences)
    assert len(texts(wide(kept, rc.TokenBudget(100, len)))) == 5


def test_the_best_sentence_has_its_companions_before_the_second_best_is_kept():
    context = rc.Context.of("q", ["Aaaa bb. He cc dd.", "Eee ff gg hh."]).split().with_scores([0.0, 0.9, 0.5])
    out = keep_antecedents(context, rc.TokenBudget(20, len))
    assert texts(out) == ["Aaaa bb.", "He cc dd."]


def test_a_heading_comes_along():
    kept = pruned("tea price", ["# Our list of drinks\n\nMilk is sour today.\n\nTea has a price.\n"])
    assert texts(kept) == ["Tea has a price."]
    out = KeepWith(heading, sentences)(kept, rc.TokenBudget(60, len))
    assert texts(out) == [
        "# Our list of drinks",
        "Tea has a price.",
    ]
