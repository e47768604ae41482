from __future__ import annotations

import numpy as np
import pytest

from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage, Segment, Span
from ragcompress.models.encoders import Encoded
from ragcompress.scorers import DenseScorer, FusedScorer, GuardedScorer, LateInteractionScorer, LexicalScorer
from ragcompress.scorers.features import features
from ragcompress.scorers.guard import unreadable_share

PASSAGES = [
    Passage("The tower is 333 metres tall. It was painted in 1958. Pigeons live there.", title="Tokyo Tower"),
    Passage("Bread is baked from flour. Salt is added before the dough rests.", title="Bread"),
]
NEURAL = [DenseScorer, LateInteractionScorer, FusedScorer]


class LetterEncoder:
    """A stand-in whose states can be checked by hand: one token per letter, one dimension per letter a to z."""

    def query(self, text):
        return self._encode(text)

    def passages(self, passages):
        return [self._encode(passage.text) for passage in passages]

    def _encode(self, text):
        places = [at for at, char in enumerate(text) if char.isalpha()]
        states = np.zeros((len(places), 26), dtype=np.float32)
        for row, at in enumerate(places):
            states[row, ord(text[at].lower()) - 97] = 1
        return Encoded(states, None, np.array([(at, at + 1) for at in places]).reshape(-1, 2))


def _segments(*texts):
    """One passage cut into the given pieces."""
    ends = np.cumsum([len(text) for text in texts])
    tiles = [(int(end) - len(text), int(end)) for end, text in zip(ends, texts, strict=True)]
    return Context.of("ab", ["".join(texts)]).split(lambda _: tiles)


def test_features_are_what_their_names_say():
    found = features(_segments("ab", "b", "cd"), LetterEncoder())
    root = np.sqrt(0.5)
    assert found.cosine == pytest.approx([1, root, 0], abs=1e-6)
    assert found.late == pytest.approx([1, 0.5, 0], abs=1e-6)
    assert found.passage_late == pytest.approx([1, 1, 1], abs=1e-6)
    whole = np.array([1, 2, 1, 1]) / np.sqrt(7)
    assert found.passage_cosine == pytest.approx([float(whole[:2].sum() * root)] * 3, abs=1e-6)


def test_a_segment_without_tokens_is_least_relevant():
    assert features(_segments("ab", "!!"), LetterEncoder()).late[1] == -1


def test_a_rewritten_segment_is_judged_by_its_support():
    context = _segments("ab", "cd").rewrite({0: [Segment("new", (Span(0, 0, 2), Span(0, 2, 4)))]})
    assert features(context, LetterEncoder()).late[0] == pytest.approx(0.5)


@pytest.mark.parametrize("scorer", [LexicalScorer, *NEURAL])
def test_the_right_sentence_scores_highest(scorer):
    context = Context.of("How tall is the tower in metres?", PASSAGES).split()
    scored = scorer()(context)
    best = max(scored.segments, key=lambda segment: segment.score)
    assert best.text.startswith("The tower is 333")
    assert scored.passage_scores[0] > scored.passage_scores[1]


@pytest.mark.parametrize("scorer", [LexicalScorer, *NEURAL])
def test_scoring_changes_scores_only_and_is_deterministic(scorer):
    context = Context.of("How tall?", PASSAGES).split()
    first, second = scorer()(context), scorer()(context)
    assert first == second
    assert [s.support for s in first.segments] == [s.support for s in context.segments]
    assert first.passages is context.passages


@pytest.mark.parametrize("scorer", [LexicalScorer, *NEURAL])
@pytest.mark.parametrize("passages", [[], [""], ["!!!"], ["\x00\ud800"]])
def test_odd_contexts_are_scored_without_fuss(scorer, passages):
    context = Context.of("why?", passages).split()
    scored = scorer()(context)
    assert all(np.isfinite(segment.score) for segment in scored.segments)


def test_words_find_what_has_no_spaces():
    scored = LexicalScorer()(Context.of("東京タワーの高さ", ["雨が降った。東京タワーは333メートル。"]).split())
    assert scored.segments[1].score > scored.segments[0].score


def test_rare_words_weigh_more():
    context = Context.of("the zebra", ["the the dog.", "a zebra.", "the cat.", "the cow."])
    scores = [s.score for s in LexicalScorer(passage_share=0)(context).segments]
    assert scores[1] == max(scores)


def test_the_guard_lets_words_judge_what_no_encoder_reads(monkeypatch):
    monkeypatch.setattr("ragcompress.models.multilingual.ships_multilingual", lambda: False)
    japanese = Context.of("東京タワーの高さは", ["東京タワーは333メートルの塔です。"]).split()
    scored = GuardedScorer(FusedScorer())(japanese)
    assert "can't read this language" in scored.notes[0]
    assert scored.segments == LexicalScorer()(japanese).segments
    assert GuardedScorer(FusedScorer())(Context.of("How tall?", PASSAGES).split()).notes == ()


def test_the_guard_sends_too_much_text_to_words():
    scored = GuardedScorer(FusedScorer(), max_chars=50)(Context.of("How tall?", PASSAGES).split())
    assert "too many for the encoder" in scored.notes[0]


def test_unreadable_share_tells_scripts_apart():
    assert unreadable_share("What is the height of Mont Blanc in 2023?") < 0.1
    assert unreadable_share("") == unreadable_share("123 456") == 0
    for text in ("東京タワーの高さは", "Какова высота башни?", "कितना ऊँचा है", "كم يبلغ ارتفاع البرج"):
        assert unreadable_share(text) > 0.5, text


def test_the_guard_says_nothing_where_there_is_nothing_to_read():
    assert GuardedScorer(FusedScorer())(Context.of("q", [])).notes == ()
    assert GuardedScorer(FusedScorer())(Context.of("q", PASSAGES).split()).notes == ()


def test_an_encoder_is_not_a_name():
    for scorer in (DenseScorer, LateInteractionScorer, FusedScorer):
        with pytest.raises(InvalidInput, match="encoder must give token states"):
            scorer("intfloat/multilingual-e5-small")
