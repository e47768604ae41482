import numpy as np
import pytest

import ragcompress as rc
from ragcompress.core.render import render
from ragcompress.core.segment import words
from ragcompress.pruners.packing import pack, shielded
from ragcompress.pruners.words import WordPruner
from ragcompress.scorers.labels import LabelScorer
from ragcompress.testing import check_compressor

TEXT = (
    "The really rather old tower of the pretty little town of Ghent is about 330 m tall and has never been climbed by "
    "anyone at all. People who live in the area like to walk around it."
)


@pytest.mark.parametrize(
    "pruner",
    [WordPruner(), WordPruner(share=0.6), WordPruner(impact="exact"), WordPruner.labelled(share=0.5)],
    ids=["first-order", "first-order 0.6", "exact", "labelled"],
)
def test_laws(pruner):
    check_compressor(pruner, cases=40 if pruner.impact == "exact" else 80)


@pytest.mark.parametrize("impact", ["first-order", "exact"])
def test_words_go_and_what_must_not_go_stays(impact):
    count = rc.counter(lambda text: len(text.split()))
    out = WordPruner(share=0.5, impact=impact)(
        rc.Context.of("How tall is the tower?", [TEXT]), rc.TokenBudget(20, count)
    )
    kept = render(out).split()
    assert 15 <= len(kept) <= 20
    assert {"tower", "Ghent", "330", "m", "tall", "never"} <= set(kept)


def test_the_labeller_keeps_the_words_that_answer():
    text = "The tower was painted dark brown by a crew of workers in spring, and its lamps were cleaned as well."
    context = rc.Context.of("What colour did the tower get?", [text, "Bread is baked from flour and yeast."])
    weights = LabelScorer().words(context.split(words))
    pieces = [segment.text.strip() for segment in context.split(words).segments]
    best = {pieces[at] for at in np.argsort(weights)[-3:]}
    assert best == {"dark", "brown", "painted"}
    count = rc.counter(lambda text: len(text.split()))
    kept = render(WordPruner.labelled(share=0.6)(context, rc.TokenBudget(10, count))).split()
    assert {"dark", "brown"} < set(kept)
    assert len(kept) <= 10


def test_every_piece_is_a_stretch_of_the_source():
    out = WordPruner(share=0.5)(rc.Context.of("How tall is the tower?", [TEXT]), rc.TokenBudget(100, len))
    assert len(out.segments) > 1
    assert all(out.is_verbatim(at) for at in range(len(out.segments)))
    assert any(gone.reason == "light word" for gone in out.dropped)


def test_first_order_agrees_with_exact_on_most_of_what_goes():
    budget = rc.TokenBudget(24, lambda text: len(text.split()))
    kept = [
        set(render(WordPruner(share=0.4, impact=impact)(rc.Context.of("tower", [TEXT]), budget)).split())
        for impact in ("first-order", "exact")
    ]
    assert len(kept[0] & kept[1]) >= 0.6 * len(kept[0])


def test_with_room_enough_nothing_goes():
    out = WordPruner()(rc.Context.of("tower", [TEXT]), rc.TokenBudget(1000, len))
    assert render(out) == TEXT


def test_the_lightest_words_go_first_and_only_their_share():
    context = rc.Context.of("zzz", ["aa bb cc dd ee ff"]).with_scores([1.0])
    out = pack(context, rc.TokenBudget(9, len), weigh=lambda c: [5, 1, 4, 0, 3, 2], share=0.5)
    assert render(out) == "aa cc ee"


def test_where_word_deletion_is_not_enough_the_weakest_sentence_goes_whole():
    context = rc.Context.of("zzz", ["aa bb cc. ", "dd ee ff."]).with_scores([1.0, 2.0])
    out = pack(context, rc.TokenBudget(9, len), weigh=lambda c: [0] * len(c.segments), share=0.4)
    assert render(out) == "dd ee ff."


def test_code_is_never_thinned():
    text = "```\nfor x in range(3): print(x)\n```\nIt prints quite a lot of small numbers to the screen of the user."
    out = WordPruner(share=0.8)(rc.Context.of("print", [text]), rc.TokenBudget(80, len))
    assert "for x in range(3): print(x)" in render(out)


def test_shields():
    context = rc.Context.of("Where is the gate?", ["He paid 5 kg of tea to Ada Byron but didn't open gates."]).split(
        words
    )
    stays = [s.text.strip() for s, stay in zip(context.segments, shielded(context), strict=True) if stay]
    assert stays == ["5", "kg", "Ada", "Byron", "didn't", "gates."]


def test_unreadable_language_is_weighed_by_words():
    out = WordPruner(share=0.5)(
        rc.Context.of("首都", ["東京は日本の首都です。大阪はとても大きい町です。"]), rc.TokenBudget(9, len)
    )
    assert 0 < len(render(out)) <= 9


def test_wrong_settings_are_named():
    for make in (lambda: WordPruner(share=1), lambda: WordPruner(impact="fast")):
        with pytest.raises(rc.InvalidInput):
            make()
