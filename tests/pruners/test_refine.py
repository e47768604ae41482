import pytest

import ragcompress as rc
from ragcompress.core.render import render
from ragcompress.core.types import Passage, Span
from ragcompress.pruners.locate import locate
from ragcompress.pruners.refine import RefinePruner, Section, parse
from ragcompress.testing import FakeGenerator, check_compressor, fake_chat_model

PASSAGES = [
    "Ada Lovelace wrote the first program in 1843. It rained in London.",
    "The engine was never built. Babbage said: “It  is too\ndear”. He was sad and went home.",
]
WIDE = rc.TokenBudget(500, len)
GOOD = """## Author
[1] Ada Lovelace wrote the first program in 1843.
## Machine
[2] The engine was never built.
[2] Babbage said: "It is too dear"."""


def run(answer, **options):
    return RefinePruner(FakeGenerator([answer]), **options)(rc.Context.of("Who wrote the program?", PASSAGES), WIDE)


@pytest.mark.parametrize("answer", ["", "NOTHING", GOOD, "## T\n[1] a\n[1] a b", "rubbish", "[9] x … y"])
def test_laws(answer):
    check_compressor(RefinePruner(FakeGenerator([answer])), cases=30)


def test_laws_when_the_model_copies_everything():
    def copy(prompt):
        return "## All of it\n" + prompt.rsplit("Question:", 1)[1].split("\n\n", 1)[1].rsplit("\n\nExtracts", 1)[
            0
        ].replace("]\n", "] ")

    check_compressor(RefinePruner(copy), cases=60)


def test_extracts_are_read_from_the_source_under_their_titles():
    out = run(GOOD)
    texts = [segment.text for segment in out.segments]
    assert texts == [
        "Author\n",
        "Ada Lovelace wrote the first program in 1843.",
        "Machine\n",
        "The engine was never built.",
        "Babbage said: “It  is too\ndear”.",
    ]
    assert [out.is_verbatim(at) for at in range(5)] == [False, True, False, True, True]
    assert out.segments[2].support == (out.segments[3].support[0], out.segments[4].support[0])
    assert "It rained in London." in [gone.segment.text for gone in out.dropped]
    assert not out.notes


def test_titles_can_be_left_out_and_false_ones_go():
    assert "Author" not in render(run(GOOD, titles=False))
    assert "1999" not in render(run("## Written in 1999\n[1] Ada Lovelace wrote the first program in 1843."))


def test_what_is_not_in_the_source_is_dropped_and_reported():
    out = run("[1] Ada Lovelace wrote the first program in 1843.\n[1] She was a countess.")
    assert render(out) == "Ada Lovelace wrote the first program in 1843."
    assert out.notes == ("1 extracts are not in the passages and were dropped",)


def test_a_wrong_passage_number_does_not_matter():
    assert run("[1] The engine was never built.").segments[0].support[0].passage == 1


def test_the_same_text_twice_is_kept_once():
    assert len(run("[2] The engine was never built.\n[2] engine was never").segments) == 1


def test_nothing_relevant_is_the_empty_string():
    out = run("NOTHING")
    assert render(out) == ""
    assert not out.notes


def test_rubbish_falls_back_or_is_named():
    out = run("I am sorry, I can't do that.")
    assert render(out)
    assert "extracted instead" in out.notes[0]
    with pytest.raises(rc.RagCompressError, match="none of the"):
        run("I am sorry, I can't do that.", strict=True)


def test_a_model_that_raises_falls_back():
    out = RefinePruner(lambda prompt: 1 / 0)(rc.Context.of("Who wrote the program?", PASSAGES), rc.TokenBudget(50, len))
    assert render(out) == "Ada Lovelace wrote the first program in 1843."
    assert "ZeroDivisionError" in out.notes[0]


def test_over_budget_the_models_last_words_go_first():
    out = RefinePruner(FakeGenerator([GOOD]))(rc.Context.of("Who wrote it?", PASSAGES), rc.TokenBudget(55, len))
    assert render(out) == "Author\nAda Lovelace wrote the first program in 1843."


def test_a_langchain_chat_model():
    pytest.importorskip("langchain_core")
    out = RefinePruner(fake_chat_model([GOOD]))(rc.Context.of("Who?", PASSAGES), WIDE)
    assert len(out.segments) == 5


def test_parse_forgives_bullets_bold_titles_and_broken_lines():
    assert parse("**One**:\n- [3] a b\nc d\n\n## Two\nPassage 4: e") == [
        Section("One", [(3, "a b\nc d")]), Section("Two", [(4, "e")]),
    ]  # fmt: skip
    assert parse("no extract here") == []


def test_locate_is_exact_first_then_tolerant():
    passages = [Passage("He said – “yes”.\n Then no."), Passage("He said - 'yes'.")]
    assert locate("He said - 'yes'.", passages, first=1) == [Span(1, 0, 16)]
    assert locate("\"he said - 'yes'. then NO\"", passages) == [Span(0, 0, 25)]
    assert locate("said … no", passages) == [Span(0, 3, 7), Span(0, 23, 25)]
    assert locate("never said", passages) == []
    assert locate("…", passages) == []
