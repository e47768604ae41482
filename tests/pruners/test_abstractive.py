import time

import pytest

import ragcompress as rc
from ragcompress.core.render import render
from ragcompress.pruners.abstractive import AbstractivePruner
from ragcompress.pruners.faithful import invented, rests_on
from ragcompress.testing import check_compressor, fake_chat_model

TEXT = "Ada Lovelace wrote the first program in 1843. She was the daughter of Lord Byron. It rained in London that day."
BUDGET = rc.TokenBudget(60, len)


def saying(*answers):
    """A rewriter that gives the same answers whatever it is asked."""
    return lambda query, texts, tokens: [answers[at % len(answers)] for at in range(len(texts))]


def first_words(query, texts, tokens):
    return [" ".join(text.split()[:4]) for text in texts]


def test_laws_with_a_model_that_summarises():
    check_compressor(AbstractivePruner(first_words), cases=80)


@pytest.mark.parametrize(
    "rewriter",
    [
        saying(""),
        saying("Zebra 99 “never said” Xerxes."),
        saying(7),
        lambda q, t, n: [],
        lambda q, t, n: 1 / 0,
        saying("a b"),
    ],
    ids=["empty", "invents", "no text", "too few", "raises", "short"],
)
def test_laws_with_a_model_that_misbehaves(rewriter):
    check_compressor(AbstractivePruner(rewriter), cases=40)


def test_a_summary_stands_with_its_source_sentences_as_support():
    out = AbstractivePruner(saying("Lovelace wrote a program in 1843."))(rc.Context.of("Who wrote?", [TEXT]), BUDGET)
    assert render(out) == "Lovelace wrote a program in 1843."
    assert [out.read(span).strip() for span in out.segments[0].support] == [
        "Ada Lovelace wrote the first program in 1843."
    ]
    assert {gone.reason for gone in out.dropped} == {"summarised"}
    assert not out.notes


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("She wrote it in 1844.", "1844"),
        ("It was written by Babbage.", "babbage"),
        ("She said “it works”.", "it works"),
        ("word " * 60, "tokens"),
    ],
)
def test_an_unfaithful_summary_gives_way_to_extraction(answer, fault):
    out = AbstractivePruner(saying(answer))(rc.Context.of("Who wrote the program?", [TEXT]), BUDGET)
    assert render(out) == "Ada Lovelace wrote the first program in 1843."
    assert all(out.is_verbatim(at) for at in range(len(out.segments)))
    assert fault in out.notes[0]


def test_one_bad_summary_costs_only_its_own_passage():
    context = rc.Context.of("program rain", [TEXT, "Snow fell on the old bridge. Nobody crossed it for days."])
    out = AbstractivePruner(saying("Lovelace wrote a program.", "Snow fell 12 days."), least=10)(
        context, rc.TokenBudget(80, len)
    )
    assert "Lovelace wrote a program." in render(out)
    assert "Snow fell on the old bridge." in render(out)
    assert len(out.notes) == 1


def test_a_batch_that_fails_is_tried_text_by_text():
    def rewriter(query, texts, tokens):
        if len(texts) > 1 or "Snow" in texts[0]:
            raise RuntimeError("no")
        return ["Lovelace wrote a program."]

    context = rc.Context.of("program snow", [TEXT, "Snow fell on the old bridge. Nobody crossed it for days."])
    out = AbstractivePruner(rewriter, least=10)(context, rc.TokenBudget(80, len))
    assert "Lovelace wrote a program." in render(out)
    assert "Snow fell" in render(out)
    assert "RuntimeError" in out.notes[0]


def test_nothing_relevant_is_the_empty_string():
    out = AbstractivePruner(saying(""))(rc.Context.of("Who?", [TEXT]), BUDGET)
    assert render(out) == ""
    assert not out.notes


def test_a_model_that_raises_falls_back_or_is_named():
    def broken(query, texts, tokens):
        raise RuntimeError("out of memory")

    out = AbstractivePruner(broken)(rc.Context.of("Who wrote the program?", [TEXT]), BUDGET)
    assert render(out) == "Ada Lovelace wrote the first program in 1843."
    assert "out of memory" in out.notes[0]
    with pytest.raises(rc.RagCompressError, match="out of memory"):
        AbstractivePruner(broken, strict=True)(rc.Context.of("Who?", [TEXT]), BUDGET)


def test_a_model_that_hangs_is_left_behind():
    def slow(query, texts, tokens):
        time.sleep(0.5)
        return texts

    out = AbstractivePruner(slow, timeout_s=0.01)(rc.Context.of("Who wrote the program?", [TEXT]), BUDGET)
    assert render(out) == "Ada Lovelace wrote the first program in 1843."
    assert "TimeoutError" in out.notes[0]


def test_too_many_passages_the_most_relevant_share_the_budget():
    asked = []

    def rewriter(query, texts, tokens):
        asked.extend(texts)
        return texts

    passages = ["Snow fell on the bridge all day.", TEXT, "A cat slept on the warm roof."]
    AbstractivePruner(rewriter, least=60)(rc.Context.of("Who wrote the first program?", passages), BUDGET)
    assert asked == [TEXT]


def test_a_chat_model_is_asked_with_the_question_and_may_say_nothing():
    pytest.importorskip("langchain_core")
    model = fake_chat_model(["Lovelace wrote a program.", "NOTHING."])
    context = rc.Context.of(
        "Who wrote the program?", [TEXT, "Snow fell on the old bridge. Nobody crossed it for days."]
    )
    out = AbstractivePruner(model, least=10)(context, rc.TokenBudget(80, len))
    assert render(out) == "Lovelace wrote a program."
    assert "Who wrote the program?" in str(model.seen[0])


def test_any_seq2seq_model_by_instance(seq2seq):
    pruner = AbstractivePruner(seq2seq)
    out = pruner(rc.Context.of("Who wrote the program?", [TEXT, TEXT]), BUDGET)
    assert len(render(out)) <= 60
    assert out == pruner(rc.Context.of("Who wrote the program?", [TEXT, TEXT]), BUDGET)


def test_a_model_that_is_not_on_this_machine_is_named(tmp_path):
    pytest.importorskip("transformers")
    pruner = AbstractivePruner(str(tmp_path / "none"), strict=True)
    with pytest.raises(rc.RagCompressError, match="nothing is downloaded"):
        pruner(rc.Context.of("Who?", [TEXT]), BUDGET)


def test_a_wrong_model_is_refused_at_once():
    with pytest.raises(rc.InvalidInput):
        AbstractivePruner(7)


def test_invented():
    assert invented("In 1,843 Ada’s “first program”.", 'It was 1843; the "first  program" of Ada.') == []
    assert invented("It cost 5 euros to Bob.", "It cost 6 euros to Ada.") == ["5", "bob"]


def test_rests_on_the_fewest_sentences_that_hold_its_words():
    sources = ["The tower is tall.", "It opened in 1889.", "Rain fell."]
    assert rests_on("The tall tower opened in 1889.", sources) == [0, 1]
    assert rests_on("Rain fell.", sources) == [2]
    assert rests_on("Nothing alike", sources) == []
