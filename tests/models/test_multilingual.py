"""The multilingual encoder as it ships."""

import json

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace

from ragcompress.core.types import Passage
from ragcompress.models.multilingual import (
    multilingual,
    multilingual_labeller,
    packed,
    ships_multilingual,
    twin,
    unpacked,
)

pytestmark = pytest.mark.skipif(
    not ships_multilingual(), reason="the multilingual weights are not in this checkout: see docs/languages.md"
)


def vector(states):
    mean = states.last.mean(axis=0)
    return mean / np.linalg.norm(mean)


def test_a_question_finds_its_answer_in_any_language():
    encoder = multilingual()
    passages = [
        Passage("Die Berliner Mauer fiel am 9. November 1989."),
        Passage("Bananen sind gelb und krumm."),
        Passage("柏林墙于1989年11月9日倒塌。"),
        Passage("The Berlin Wall fell on 9 November 1989."),
    ]
    states = encoder.passages(passages)
    for asked in ("Wann fiel die Berliner Mauer?", "When did the Berlin Wall fall?", "柏林墙什么时候倒塌?"):
        cosines = [float(vector(encoder.query(asked)) @ vector(own)) for own in states]
        assert cosines[1] == min(cosines)


def test_queries_and_passages_bear_their_prefixes():
    encoder = multilingual()
    asked, told = encoder.query("Zwei Worte"), encoder.passages([Passage("Zwei Worte", title="Titel")])[0]
    assert (asked.offsets[:3] == -1).all()  # start, "query", ":"
    spoken = told.offsets[told.offsets[:, 0] >= 0]
    assert next("Zwei Worte"[start:end] for start, end in spoken) == "Zwei"
    assert len(told.ids) > len(asked.ids)
    assert asked.middle.shape == asked.last.shape == (len(asked.ids), 384)


def test_the_fingerprint_names_model_and_weights():
    assert multilingual().fingerprint.startswith("multilingual-e5-small:")


def test_twins_are_of_the_embedded_encoder_alone():
    assert twin(multilingual()) is None
    assert multilingual_labeller(student=True) is multilingual_labeller(student=True)


def test_a_packed_tokenizer_reads_as_before() -> None:
    vocab = [["<unk>", 0.0], ["▁a", -1.25], ["b", -2.5], ["▁ab", -2.125], ["ä", -9.001]]
    whole = Tokenizer(Unigram([(piece, score) for piece, score in vocab], 0, False))
    whole.pre_tokenizer = Metaspace()
    read = unpacked(packed(json.loads(whole.to_str())))
    assert read.to_str() == whole.to_str()
    assert read.encode("ab ä b").tokens == whole.encode("ab ä b").tokens
