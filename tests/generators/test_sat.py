import pytest

import ragcompress as rc
from ragcompress.generators.sat import model_sentences


class Splitter:
    """Cuts before capitals and, as SaT does, drops line breaks."""

    def split(self, text):
        pieces, start = [], 0
        for at in range(1, len(text)):
            if text[at].isupper() or text[at] == "\n":
                pieces.append(text[start:at])
                start = at + (text[at] == "\n")
        return [*pieces, text[start:]]


@pytest.mark.parametrize(
    "text", ["so Ada wrote it\nThen it rained A lot", "", "   ", "\ud800a B", "x" * 1200, "a\n\nb\n"]
)
def test_tiles_join_to_the_text(text):
    cuts = model_sentences(Splitter())(text)
    assert "".join(text[a:b] for a, b in cuts) == text
    assert all(b - a <= 1200 for a, b in cuts)


def test_the_models_borders_are_the_tiles():
    text = "so Ada wrote it\nThen it rained"
    assert [text[a:b] for a, b in model_sentences(Splitter())(text)] == ["so ", "Ada wrote it\n", "Then it rained"]


def test_what_the_model_never_cuts_is_cut_at_words():
    text = "word " * 400
    cuts = model_sentences(type("One", (), {"split": lambda self, text: [text]})())(text)
    assert len(cuts) >= 4
    assert all(b - a <= 505 and text[a:b].startswith("word") for a, b in cuts)


def test_a_model_that_changes_text_loses_none_of_it():
    text = "one Two three Four"
    cuts = model_sentences(type("Bad", (), {"split": lambda self, text: ["one", "zwei", "Four"]})())(text)
    assert "".join(text[a:b] for a, b in cuts) == text


def test_in_a_pruner():
    pruner = rc.SentencePruner(rc.LexicalScorer(), segmenter=model_sentences(Splitter()))
    out = pruner(rc.Context.of("Ada", ["it rained Ada wrote it Then Snow fell"]), rc.TokenBudget(15, len))
    assert [segment.text.strip() for segment in out.segments] == ["Ada wrote it"]


def test_wrong_models_are_named():
    with pytest.raises(rc.InvalidInput):
        model_sentences(7)
