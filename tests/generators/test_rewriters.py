import pytest

import ragcompress as rc
from ragcompress.generators.rewriters import ChatRewriter, Seq2SeqRewriter, as_generator, as_rewriter
from ragcompress.testing import fake_chat_model


def test_seq2seq_holds_its_token_limit_and_does_not_depend_on_the_batch(seq2seq):
    texts = ["Ada wrote the first program.", "The tower is tall.", "a"]
    one, many = Seq2SeqRewriter(seq2seq, batch_size=1), Seq2SeqRewriter(seq2seq, batch_size=8)
    written = many("who", texts, 5)
    assert written == one("who", texts, 5)
    longest = max(map(len, seq2seq[1].get_vocab()))
    assert all(len(text) <= 5 * longest for text in written)


def test_a_chat_model_gives_one_text_each():
    prompts = []

    def model(prompt):
        prompts.append(prompt)
        return " Short. "

    assert ChatRewriter(model)("Who?", ["a {b}", "c"], 40) == ["Short.", "Short."]
    assert "at most 30 words" in prompts[0]
    assert "a {b}" in prompts[0]


@pytest.mark.parametrize("answer", ["NOTHING", "nothing.", " Nothing "])
def test_nothing_means_the_empty_text(answer):
    assert ChatRewriter(lambda prompt: answer)("Who?", ["a"], 40) == [""]


def test_langchain_models_of_both_kinds():
    pytest.importorskip("langchain_core")
    from langchain_core.language_models.fake import FakeListLLM
    from langchain_core.messages import AIMessage

    assert as_generator(fake_chat_model(["hello"]))("x") == "hello"
    assert as_generator(FakeListLLM(responses=["hello"]))("x") == "hello"
    blocks = AIMessage(content=[{"type": "text", "text": "hel"}, {"type": "thinking", "thinking": "?"}, "lo"])
    assert as_generator(fake_chat_model([blocks]))("x") == "hello"


def test_wrong_models_are_refused():
    for wrong in (7, str, None):
        with pytest.raises(rc.InvalidInput):
            as_rewriter(wrong)
        with pytest.raises(rc.InvalidInput):
            as_generator(wrong)
