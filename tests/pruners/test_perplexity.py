import numpy as np
import pytest

import ragcompress as rc
from ragcompress.core.render import render
from ragcompress.generators.causal import CausalModel, Surprise
from ragcompress.pruners.classifier import ClassifierPruner, TokenClassifier
from ragcompress.pruners.perplexity import PerplexityPruner
from ragcompress.testing import check_compressor

TEXT = "Ada Lovelace wrote the first program for a machine in 1843. She was born in London. The tower is 330 m tall."


class Guesser(CausalModel):
    """A language model that expects every word but those it is told, and those of a question that it has read."""

    def __init__(self, hard):
        super().__init__(("", ""))
        self.hard = hard

    def surprise(self, text, *, prefix="", keep=1.0):
        at, logprobs, offsets = 0, [], []
        for word in text.split(" "):
            bare = word.strip(".?")
            logprobs.append(-9.0 if bare in self.hard and bare not in prefix else -1.0)
            offsets.append((at, at + len(word)))
            at += len(word) + 1
        return Surprise(np.array(logprobs, dtype=np.float32), np.array(offsets).reshape(-1, 2))


@pytest.mark.parametrize("options", [{}, {"by": "information"}, {"share": 0}, {"keep": 0.5}], ids=str)
def test_laws(causal, options):
    check_compressor(PerplexityPruner(causal, strict=True, **options), cases=12)


def test_guessable_words_go_first_and_the_budget_is_filled():
    pruner = PerplexityPruner(Guesser({"green", "horses"}), by="information")
    out = pruner(rc.Context.of("zzz", ["some very green apples and large horses here"]), rc.TokenBudget(30, len))
    assert {"green", "horses"} <= set(render(out).split())
    assert 20 <= len(render(out)) <= 30


def test_passages_that_predict_the_question_come_first():
    model = Guesser({"green"})
    context = rc.Context.of("green", ["red apples fell.", "green apples fell."])
    out = PerplexityPruner(model, share=0)(context, rc.TokenBudget(18, len))
    assert render(out) == "green apples fell."
    assert out.passage_scores[1] > out.passage_scores[0]


def test_numbers_names_and_negations_are_never_dropped_from_a_kept_sentence():
    text = "In the year 1843 the lady called Ada did not like all of this very much."
    out = PerplexityPruner(Guesser(set()), by="information")(rc.Context.of("q", [text]), rc.TokenBudget(50, len))
    assert {"1843", "Ada", "not"} <= set(render(out).split())


def test_a_model_that_fails_falls_back_or_is_named(tmp_path):
    pytest.importorskip("transformers")
    missing = str(tmp_path / "none")
    out = PerplexityPruner(missing)(rc.Context.of("Who wrote the program?", [TEXT]), rc.TokenBudget(60, len))
    assert render(out) == "Ada Lovelace wrote the first program for a machine in 1843."
    assert "nothing is downloaded" in out.notes[0]
    with pytest.raises(rc.RagCompressError):
        PerplexityPruner(missing, strict=True)(rc.Context.of("q", [TEXT]), rc.TokenBudget(60, len))


def test_wrong_settings_are_named():
    for options in ({"by": "x"}, {"share": 1}, {"keep": 0}):
        with pytest.raises(rc.InvalidInput):
            PerplexityPruner("name", **options)


def test_a_token_classifier_keeps_the_laws(classifier):
    check_compressor(ClassifierPruner(classifier, strict=True), cases=20)


def test_a_token_classifier_reads_long_text_in_windows(classifier):
    chances, offsets = TokenClassifier(classifier, window=32).keep(TEXT * 3)
    assert len(chances) == len(offsets)
    assert offsets[-1][1] == len(TEXT * 3)
    assert ((chances >= 0) & (chances <= 1)).all()


def test_words_that_the_classifier_would_drop_go(classifier):
    class Fixed(TokenClassifier):
        def keep(self, text):
            spans = [(text.index(word), text.index(word) + len(word)) for word in text.split()]
            return np.array([0.9 if text[a:b] in ("blue", "hill.") else 0.1 for a, b in spans]), np.array(spans)

    pruner = ClassifierPruner(Fixed(classifier))
    out = pruner(rc.Context.of("zzz", ["a rather blue house stood upon some hill."]), rc.TokenBudget(32, len))
    assert "blue" in render(out)
    assert "hill." in render(out)
    assert len(render(out)) <= 32
