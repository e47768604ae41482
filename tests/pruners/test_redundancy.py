import numpy as np
import pytest

import ragcompress as rc
from ragcompress.pruners.redundancy import Diverse, Redundancy, drop_redundant, mmr
from ragcompress.pruners.shingles import signatures
from ragcompress.testing import check_compressor

WIDE = rc.TokenBudget(10_000, len)
BY_WORDS = Redundancy(by="words")


def texts(context):
    return [segment.text.strip() for segment in context.segments]


@pytest.mark.parametrize("link", [drop_redundant, BY_WORDS, mmr, Diverse(trade=0)], ids=repr)
def test_laws(link):
    check_compressor(link, cases=60)


@pytest.mark.parametrize("link", [drop_redundant, BY_WORDS], ids=repr)
def test_the_same_sentence_in_two_passages_is_kept_once(link):
    context = rc.Context.of(
        "q", ["The tower is very tall today. It rained.", "Snow fell on the old town. The tower is very tall today!"]
    )
    out = link(context, WIDE)
    assert texts(out) == ["The tower is very tall today.", "It rained.", "Snow fell on the old town."]
    assert [(gone.segment.text, gone.reason) for gone in out.dropped] == [
        ("The tower is very tall today!", "near-duplicate")
    ]


def test_one_word_changed_is_a_duplicate_by_cosine():
    context = rc.Context.of("q", ["The cat sat on the mat.", "The cat sat on a mat."])
    assert texts(drop_redundant(context, WIDE)) == ["The cat sat on the mat."]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The trial was a success.", "The trial was not a success."),
        ("It opened in 1889 to the public.", "It opened in 1890 to the public."),
        ("The prize went to Ada Lovelace.", "The prize went to Ada Byron."),
        ("Tea costs 3 € here.", "Tea costs here."),
    ],
)
@pytest.mark.parametrize("link", [Redundancy(threshold=0.2), Redundancy(threshold=0.1, by="words")], ids=repr)
def test_numbers_names_and_negations_make_a_difference(link, one, other):
    assert len(texts(link(rc.Context.of("q", [other, one]), WIDE))) == 2


def test_what_only_repeats_a_part_goes_when_the_longer_comes_first():
    context = rc.Context.of("q", ["It opened in 1889 to the public.", "It opened to the public."])
    assert texts(Redundancy(threshold=0.6)(context, WIDE)) == ["It opened in 1889 to the public."]


def test_the_higher_scored_of_two_stays():
    context = rc.Context.of("q", ["same words here now", "same words here now"]).with_scores([0.1, 0.9])
    assert drop_redundant(context, WIDE).segments[0].support[0].passage == 1


def test_as_a_link_it_does_not_hold_the_budget():
    passages = ["It rained for a long while.", "It rained for a long while.", "Ada wrote the program."]
    context = rc.Context.of("Who wrote the program?", passages)
    chain = rc.chain(drop_redundant, rc.SentencePruner(rc.LexicalScorer()))
    assert texts(chain(context, rc.TokenBudget(22, len))) == ["Ada wrote the program."]
    assert texts(drop_redundant(context, rc.TokenBudget(22, len))) == ["Ada wrote the program."]


def test_unreadable_script_is_compared_by_words_and_says_so():
    context = rc.Context.of("何が首都ですか", ["東京は日本の首都です。", "東京は日本の首都です。", "大阪は大きい。"])
    out = drop_redundant(context, WIDE)
    assert texts(out) == ["東京は日本の首都です。", "大阪は大きい。"]
    assert "by words alone" in out.notes[0]


def test_minhash_estimates_the_share_of_common_shingles():
    words = [f"w{n}" for n in range(100)]
    one, half = " ".join(words), " ".join(words[:75] + [f"x{n}" for n in range(25)])
    rows = signatures([one, half])
    assert np.mean(rows[0] == rows[1]) == pytest.approx(73 / 123, abs=0.12)
    assert (signatures([one]) == rows[:1]).all()


def test_mmr_takes_the_unlike_one_second():
    passages = [
        "Ada wrote the first program.",
        "Ada Lovelace wrote the first program.",
        "The engine was made of brass.",
    ]
    context = rc.Context.of("Who wrote the first program?", passages)
    budget = rc.TokenBudget(70, len)
    assert "The engine was made of brass." not in texts(Diverse(trade=1.0)(context, budget))
    assert "The engine was made of brass." in texts(Diverse(trade=0.3)(context, budget))


def test_wrong_settings_are_named():
    for make in (lambda: Redundancy(by="x"), lambda: Redundancy(threshold=0), lambda: Diverse(trade=2)):
        with pytest.raises(rc.InvalidInput):
            make()
