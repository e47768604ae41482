import pytest

import ragcompress as rc
from ragcompress.scorers.cross import CrossEncoderScorer


class Counting:
    """A stand-in that scores by shared words and remembers the pairs."""

    def __init__(self):
        self.pairs = []

    def predict(self, pairs):
        self.pairs.extend(pairs)
        return [float(len(set(query.split()) & set(text.split()))) for query, text in pairs]


PASSAGES = [rc.Passage("red fox runs. blue sky", title="Animals"), rc.Passage("grey stone")]


def test_any_object_with_predict():
    model = Counting()
    out = CrossEncoderScorer(model)(rc.Context.of("red fox", PASSAGES).split())
    assert [segment.score for segment in out.segments] == [2.0, 0.0, 0.0]
    assert out.passage_scores == (2.0, 0.0)
    assert model.pairs[0] == ("red fox", "Animals. red fox runs.")


def test_an_empty_context_asks_nothing():
    assert CrossEncoderScorer(Counting())(rc.Context.of("q", [])).segments == ()


def test_a_cascade_saves_the_cross_encoder_work():
    model = Counting()
    rc.Cascade(rc.LexicalScorer(), CrossEncoderScorer(model), keep=1)(
        rc.Context.of("red fox", PASSAGES), rc.TokenBudget(100, len)
    )
    assert all("stone" not in text for _, text in model.pairs)


@pytest.mark.parametrize("labels", [1, 2])
def test_a_pair_of_model_and_tokenizer_does_not_depend_on_the_batch(labels):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tiny import tokenizer

    torch.manual_seed(0)
    words = tokenizer()
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=512, num_labels=labels, pad_token_id=0,
    )  # fmt: skip
    pair = transformers.BertForSequenceClassification(config).eval(), words
    context = rc.Context.of("red fox", PASSAGES).split()
    one, many = CrossEncoderScorer(pair, batch_size=1)(context), CrossEncoderScorer(pair)(context)
    for a, b in zip(one.segments, many.segments, strict=True):
        assert a.score == pytest.approx(b.score, abs=1e-4)


def test_wrong_models_and_answers_are_named(tmp_path):
    with pytest.raises(rc.InvalidInput):
        CrossEncoderScorer(7)

    class Short:
        def predict(self, pairs):
            return [1.0]

    with pytest.raises(rc.RagCompressError, match="1 scores for 3"):
        CrossEncoderScorer(Short())(rc.Context.of("q", PASSAGES).split())
    pytest.importorskip("transformers")
    with pytest.raises(rc.RagCompressError, match="nothing is downloaded"):
        CrossEncoderScorer(str(tmp_path / "none"))(rc.Context.of("q", PASSAGES))
