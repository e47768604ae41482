import math

import pytest

import ragcompress as rc
from ragcompress.generators.answers import CausalAnswerer, answer_each

PASSAGES = ["Paris is big.", rc.Passage("Lyon is nice.", title="Cities"), "Nobody lives here.", "Paris again."]


def says(prompt):
    """Knows what each passage says, and how sure it is."""
    table = {"Lyon": ("Lyon", -0.1), "big": ("Paris", -0.3), "again": (" paris.", -0.4)}
    return next((answer for word, answer in table.items() if word in prompt), ("I do not know.", -0.01))


def test_the_surest_answer_wins():
    answered = answer_each(says, "Which city?", PASSAGES)
    assert (answered.text, answered.score) == ("Lyon", -0.1)
    assert [one.text for one in answered.each] == ["Paris", "Lyon", "", "paris."]


def test_votes_add_up_over_equal_answers():
    answered = answer_each(says, "Which city?", PASSAGES, by="votes")
    assert answered.text == "Paris"
    share = (math.exp(-0.3) + math.exp(-0.4)) / (math.exp(-0.1) + math.exp(-0.3) + math.exp(-0.4))
    assert answered.score == pytest.approx(share)


def test_a_compressed_context_shows_what_was_kept_under_its_title():
    shown = []

    def generate(prompt):
        shown.append(prompt)
        return "x", 0.0

    context = rc.Context.of("q?", [rc.Passage("One. Two. Three.", title="T")]).split().keep([0, 2])
    answer_each(generate, "q?", context)
    assert "T\nOne. Three." in shown[0]
    assert "Two" not in shown[0]


def test_no_answer_and_no_passages():
    assert answer_each(lambda prompt: ("unknown", -1.0), "q?", ["a"]).text == ""
    assert answer_each(says, "q?", []).text == ""
    assert answer_each(says, "q?", [], by="votes").score == 0.0
    with pytest.raises(rc.InvalidInput):
        answer_each(says, "q?", [], by="x")


def test_a_model_scores_its_own_answer(causal, seq2seq):
    for model, kind in ((causal, "causal"), (seq2seq, "seq2seq")):
        text, score = CausalAnswerer(model, kind=kind, max_new_tokens=3)("Question: who")
        assert score < 0
        assert CausalAnswerer(model, kind=kind, max_new_tokens=3)("Question: who") == (text, score)
    with pytest.raises(rc.InvalidInput):
        CausalAnswerer(causal, kind="x")
