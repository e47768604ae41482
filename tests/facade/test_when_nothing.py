"""Never nothing in silence: what stands in where a method keeps nothing, and where its best does not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

import ragcompress as rc
from ragcompress.core.errors import InvalidInput
from ragcompress.methods import METHODS, deciding, needs_budget

PASSAGES = [
    "We keep your account data for as long as your account exists. The office is closed on Sundays.",
    "We hand over data to authorities when a court orders it. Children under 13 must not use the service.",
    "Bread is baked from flour. Salt is added before the dough rests. Water comes last.",
]
FAR_OFF = "Which enzyme unwinds DNA during replication?"
DECIDING = ("labeller", "student")


@pytest.mark.parametrize("compressor", [None, "student", rc.LabellingPruner(), rc.LabellingPruner.dynamic()])
def test_a_few_best_units_stand_in_for_nothing_and_it_is_said(compressor):
    out = rc.compress(FAR_OFF, PASSAGES, compressor=compressor)
    assert 1 <= len(out.context.segments) <= 3
    assert 0 < out.tokens_out < out.tokens_in
    assert "a few best units were kept instead" in out.warnings[-1]


def test_empty_and_all_are_for_the_caller_to_choose():
    empty = rc.compress(FAR_OFF, PASSAGES, when_nothing="empty")
    assert (empty.text, len(empty.warnings)) == ("", 1)
    whole = rc.compress(FAR_OFF, PASSAGES, when_nothing="all")
    assert whole.kept_fraction == 1.0
    assert "when_nothing='all'" in whole.warnings[-1]
    with pytest.raises(InvalidInput, match="when_nothing must be"):
        rc.compress(FAR_OFF, PASSAGES, when_nothing="nothing")  # type: ignore[arg-type]


def test_many_and_named_methods_take_it():
    (out,) = rc.compress_many([(FAR_OFF, PASSAGES)], when_nothing="empty")
    assert out.text == ""
    assert rc.compress(FAR_OFF, PASSAGES, compressor="student", when_nothing="empty").text == ""


def mute(context, budget):
    return context.keep([])


def test_units_are_chosen_by_words_where_the_method_gave_no_scores():
    out = rc.compress("Does a court order it?", PASSAGES, budget=14, compressor=mute)
    assert out.text == "We hand over data to authorities when a court orders it."
    assert rc.compress("Does a court order it?", PASSAGES, 14, mute, when_nothing="empty").warnings


def test_what_stands_in_is_within_the_budget_and_lawful():
    for limit in range(0, 40, 3):
        out = rc.compress(FAR_OFF, PASSAGES, budget=limit, compressor=mute)
        assert out.tokens_out <= limit
        assert out.text or out.warnings
        for segment in out.context.segments:
            (span,) = segment.support
            assert segment.text == PASSAGES[span.passage][span.start : span.end]


def test_the_size_of_a_best_unit_that_does_not_fit_is_said():
    long = "The aqueduct of Veld was designed by Ines Maurer in the year 1871 for the city of Karsk."
    out = rc.compress("Who designed the aqueduct?", [f"It rained. {long} Tea is hot."], budget=10, compressor="lexical")
    need = rc.compress("Who designed the aqueduct?", [long], budget=99, compressor="lexical").tokens_out
    (said,) = out.warnings
    assert f"needs {need} tokens; the budget is 10" in said
    again = rc.compress("Who designed the aqueduct?", [f"It rained. {long} Tea is hot."], need, "lexical")
    assert again.text == long
    assert again.warnings == ()


def test_what_a_row_needs_is_in_the_smallest_budget():
    table = "| City | Inhabitants |\n|---|---|\n| Karsk | 41,200 |\n| Veld | 9,000 |\n"
    out = rc.compress("What about Karsk?", [table], budget=6, compressor="lexical")
    (said,) = out.warnings
    assert "of them for what it can't be understood without" in said
    least = int(said.rpartition(" ")[2])
    again = rc.compress("What about Karsk?", [table], budget=least, compressor="lexical")
    assert "Karsk" in again.text
    assert "Inhabitants" in again.text


def test_a_best_unit_that_fits_needs_no_word():
    assert rc.compress("Does a court order it?", PASSAGES, budget=14).warnings == ()


@pytest.mark.parametrize("method", [method for method in METHODS if method.build], ids=lambda method: method.name)
def test_without_a_budget_a_method_decides_or_says_that_it_needs_one(method):
    assert needs_budget(method.name) == (method.name not in DECIDING)
    if method.name in DECIDING:
        assert rc.compress("Does a court order it?", PASSAGES, compressor=method.name).kept_fraction < 1
    else:
        with pytest.raises(InvalidInput, match=f"{method.name}.*give one: budget="):
            rc.compress("Does a court order it?", PASSAGES, compressor=method.name)


def test_a_compressor_without_a_budget_decides_or_says_that_it_needs_one():
    assert deciding(rc.LabellingPruner()) == rc.LabellingPruner.dynamic()
    assert deciding(rc.LabellingPruner(fill=True)) == replace(rc.LabellingPruner.dynamic(), fill=True)
    for compressor in (rc.SentencePruner(), rc.ClusterPruner(), rc.WordPruner(), rc.mmr, rc.protect, rc.Cascade()):
        with pytest.raises(InvalidInput, match="give one: budget="):
            rc.compress(FAR_OFF, PASSAGES, compressor=compressor)
        with pytest.raises(InvalidInput, match="give one: budget="):
            rc.compress(FAR_OFF, PASSAGES, compressor=rc.chain(compressor, rc.order_ends))
        assert rc.compress(FAR_OFF, PASSAGES, compressor=rc.chain(rc.LabellingPruner(), compressor)).text
    assert rc.compress(FAR_OFF, PASSAGES, compressor=rc.order_ends).kept_fraction == 1.0
    assert rc.compress(FAR_OFF, PASSAGES, compressor=rc.SentencePruner(threshold=0.5)).text
    with pytest.raises(InvalidInput, match="threshold="):
        rc.compress(FAR_OFF, PASSAGES, compressor=rc.LabellingPruner(rc.LexicalScorer()))


def test_the_labelling_pruner_keeps_what_the_name_labeller_keeps():
    by_name = rc.compress("Does a court order it?", PASSAGES, compressor="labeller")
    by_hand = rc.compress("Does a court order it?", PASSAGES, compressor=rc.LabellingPruner())
    assert by_name.text == by_hand.text
    assert by_name.kept_fraction < 1
