"""The checks can fail: for every law there is a compressor that breaks it, and it is named."""

from __future__ import annotations

import doctest
import importlib
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest

import ragcompress.testing as rt
from ragcompress.core.context import Context
from ragcompress.core.errors import MissingExtra
from ragcompress.core.render import fit
from ragcompress.core.segment import words
from ragcompress.core.types import Passage, Segment, Span
from ragcompress.pruners.baselines import truncate
from ragcompress.pruners.extractive import SentencePruner
from ragcompress.scorers import LexicalScorer
from ragcompress.structure import units
from ragcompress.testing.cases import COUNTERS, STATES, STYLES
from ragcompress.testing.meaning import never_joined
from ragcompress.testing.texts import AWKWARD


def over_budget(context: Context, budget: Any) -> Context:
    return context


def raises_on_empty(context: Context, budget: Any) -> Context:
    if not context.segments:
        raise ValueError("zero sentences")
    return fit(context, budget)


def returns_none(context: Context, budget: Any) -> Any:
    return None if budget.limit == 0 else fit(context, budget)


def returns_text(context: Context, budget: Any) -> Any:
    return "shorter"


def other_passages(context: Context, budget: Any) -> Context:
    return replace(fit(context, budget), passages=tuple(p for p in context.passages)) if context.passages else context


def copied_query(context: Context, budget: Any) -> Context:
    return replace(fit(context, budget), query=context.query + "!")


def mutates_metadata(context: Context, budget: Any) -> Context:
    for passage in context.passages:
        passage.metadata["seen"] = True  # type: ignore[index]
    return fit(context, budget)


def says_it_twice(context: Context, budget: Any) -> Context:
    return fit(replace(context, segments=context.segments * 2), budget)


def outside(context: Context, budget: Any) -> Context:
    return replace(context, segments=(Segment("", (Span(99, 0, 0),)),))


def without_support(context: Context, budget: Any) -> Context:
    return replace(context, segments=(Segment("", ()),))


def garbles(context: Context, budget: Any) -> Context:
    shouted = tuple(replace(segment, text=segment.text.swapcase()) for segment in context.segments)
    return fit(replace(context, segments=shouted), budget)


def makes_longer(context: Context, budget: Any) -> Context:
    longer = {at: [replace(segment, text="In short: " + segment.text)] for at, segment in enumerate(context.segments)}
    out = context.rewrite(longer)
    return out if rt_tokens(out, budget) <= budget.limit else fit(context, budget)


def rt_tokens(context: Context, budget: Any) -> int:
    return int(budget.count(budget.render(context)))


def without_needs(context: Context, budget: Any) -> Context:
    """The last unit alone, whatever it needs."""
    split = context.split(units)
    kept = split.keep([len(split.segments) - 1] if split.segments else [])
    return kept if lawful(kept, budget) else context.keep([])


def half_units(context: Context, budget: Any) -> Context:
    """Half of every unit, as if it were whole."""
    halves = context.split(lambda text: [(0, len(text) // 2), (len(text) // 2, len(text))] if len(text) > 1 else [])
    kept = halves.keep(range(0, len(halves.segments), 2))
    return kept if lawful(kept, budget) else context.keep([])


def joins(context: Context, budget: Any) -> Context:
    """Every other word."""
    cut = replace(context, segments=Context.of(context.query, context.passages).segments).split(words)
    out = cut.keep(range(0, len(cut.segments), 2))
    return out if lawful(out, budget) else context.keep([])


def lawful(out: Context, budget: Any) -> bool:
    whole = Context.of(out.query, out.passages)
    shorter = len(budget.render(out)) <= len(budget.render(whole))
    return shorter and rt_tokens(out, budget) <= min(budget.limit, rt_tokens(whole, budget))


_calls = count()


def alternates(context: Context, budget: Any) -> Context:
    return fit(context.split(), budget) if next(_calls) % 2 else fit(context.keep([]), budget)


def raises_now_and_then(context: Context, budget: Any) -> Context:
    if next(_calls) % 2:
        raise RuntimeError("now and then")
    return fit(context, budget)


@pytest.mark.parametrize(
    ("compressor", "law"),
    [
        (over_budget, 4), (raises_on_empty, 8), (returns_none, 8), (returns_text, 8), (raises_now_and_then, 8),
        (other_passages, 1), (copied_query, 1), (mutates_metadata, 1),
        (says_it_twice, 2), (outside, 2), (without_support, 2),
        (garbles, 3), (alternates, 5), (makes_longer, 8),
        (without_needs, 6), (half_units, 6),
    ],
)  # fmt: skip
def test_a_broken_law_is_named(compressor: Any, law: int) -> None:
    with pytest.raises(rt.LawBroken) as caught:
        rt.check_compressor(compressor)
    assert isinstance(caught.value, AssertionError)
    assert caught.value.law.number == law
    assert f"{compressor.__name__} breaks law {law}" in str(caught.value)
    assert repr(caught.value.case) in str(caught.value)


def test_a_rendering_that_joins_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragcompress.core.style._break", lambda *_: " ")  # as renderings are that show no gap
    with pytest.raises(rt.LawBroken, match="breaks law 7"):
        rt.check_compressor(joins)


def _of(text: str, *kept: str) -> Context:
    spans = [Span(0, text.index(piece), text.index(piece) + len(piece)) for piece in kept]
    segments = tuple(Segment(text[span.start : span.end], (span,)) for span in spans)
    return replace(Context.of("?", [text]), segments=segments)


@pytest.mark.parametrize(
    ("kept", "rendered", "joined"),
    [
        (("# Opening", "[1907]"), "# Opening […] [1907]", False),  # the bracket behind the heading is the gap's own
        (("# Opening", "[1907]"), "# Opening [1907]", True),
        (("# Opening", "["), "# Opening […] [", False),
        (("]", "so"), "] […] so", False),  # and so is the one before what follows
        (("]", "so"), "] so", True),
        (("# Opening", "[…] went"), "# Opening […] […] went", False),  # a gap that the passage itself shows
        (("# Opening", "[…] went"), "# Opening […] went", True),
    ],
)
def test_a_shown_gap_joins_nothing(kept: tuple[str, ...], rendered: str, joined: bool) -> None:
    assert (
        bool(never_joined(_of("# Opening\n\nIt rained.\n\n[1907]\n\nand so\n\n[…] went on.", *kept), rendered))
        is joined
    )


def test_what_another_passage_begins_with_is_not_joined() -> None:
    first, second = "Who built it; nobody knows. Then it rained.", "it rained here as well."
    spans = Span(0, 0, 13), Span(0, 33, 42), Span(1, 0, 9)
    pieces = tuple(Segment((first, second)[at][start:end], (Span(at, start, end),)) for at, start, end in spans)
    out = replace(Context.of("?", [first, second]), segments=pieces)
    assert [piece.text for piece in pieces] == ["Who built it;", "it rained", "it rained"]
    assert never_joined(out, "Who built it; … it rained … Who built it;\n\nit rained") == ""
    assert never_joined(out, "Who built it;\nit rained\n\nit rained")


def test_lexical_with_shown_gaps() -> None:
    rt.check_compressor(SentencePruner(LexicalScorer()), cases=120, seed=4)


def test_the_smallest_case_is_small() -> None:
    with pytest.raises(rt.LawBroken) as caught:
        rt.check_compressor(lambda c, b: c if len(c.passages) >= 2 and "1907" in c.passages[1].text else fit(c, b))
    case = caught.value.case
    assert len(case.passages) == 2
    assert len(case.passages[0].text) <= 1
    assert len(case.passages[1].text) < 40
    assert case.state == "whole"


@pytest.mark.parametrize("name", ["testing", "testing.doubles"])
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"ragcompress.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("compressor", [truncate, fit, SentencePruner(LexicalScorer()), lambda c, b: c.keep([])])
def test_lawful_compressors_pass(compressor: Any) -> None:
    rt.check_compressor(compressor, cases=100)
    assert rt.broken_laws(compressor, cases=60) == {}


def test_a_lawful_rewrite_passes_and_an_unlawful_one_does_not() -> None:
    def halves(context: Context, budget: Any) -> Context:
        return fit(context.rewrite({at: [Segment(segment.text[::2], segment.support)]
                                    for at, segment in enumerate(context.segments)}), budget)  # fmt: skip

    rt.check_compressor(halves, cases=100)
    assert set(rt.broken_laws(garbles, cases=60)) == {3}


def test_a_missing_package_is_not_a_broken_law() -> None:
    def needy(context: Context, budget: Any) -> Context:
        raise MissingExtra("pip install it")

    with pytest.raises(MissingExtra):
        rt.check_compressor(needy)


def test_cases_are_the_same_for_the_same_seed_and_cover_everything() -> None:
    cases = list(rt.random_cases(600, seed=3))
    assert cases == list(rt.random_cases(600, seed=3))
    assert cases[50:] != list(rt.random_cases(600, seed=4))[50:]
    assert {case.limit for case in cases} >= {0, 1}
    assert {case.counter for case in cases} == set(COUNTERS)
    assert {case.style for case in cases} == set(STYLES)
    assert {case.state for case in cases} == set(STATES)
    text = "".join(passage.text for case in cases for passage in case.passages)
    assert all(
        any(low <= char <= high for char in text) for low, high in ("az", "а\u044f", "ا\u064a", "一\u9fff", "ก\u0e2e")
    )
    assert sum(awkward in text for awkward in AWKWARD) > len(AWKWARD) * 0.8


def test_some_counters_do_not_add_up() -> None:
    a, b = "the bridge is long", "the bridge is old"
    gaps = {name: counter(f"{a} {b}") - counter(a) - counter(b) for name, counter in COUNTERS.items()}
    assert gaps["words"] == 0
    assert gaps["distinct_words"] < 0 < gaps["more_than_the_sum"]
    assert COUNTERS["with_special_tokens"]("") == 2


class TestTruncate(rt.CompressorStandardTests):
    cases = 60

    @property
    def compressor(self) -> Any:
        return truncate


def test_the_class_fails_where_its_compressor_does() -> None:
    class Broken(rt.CompressorStandardTests):
        cases = 60

        @property
        def compressor(self) -> Any:
            return over_budget

    with pytest.raises(rt.LawBroken):
        Broken().test_budget_holds()
    Broken().test_same_in_same_out()
    with pytest.raises(NotImplementedError, match="must override"):
        rt.CompressorStandardTests().test_budget_holds()


def test_the_class_refuses_a_repr_with_an_address() -> None:
    class Nameless(rt.CompressorStandardTests):
        @property
        def compressor(self) -> Any:
            class Plain:
                __call__ = staticmethod(fit)

            return Plain()

    with pytest.raises(AssertionError, match="differs between runs"):
        Nameless().test_repr_names_it_the_same_in_every_run()


def test_the_doubles() -> None:
    assert rt.word_count(" two\nwords ") == 2
    vectors = rt.FakeEncoder(8).encode(["red fox", "", "\ud800"])
    assert vectors.shape == (3, 8)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1], atol=1e-6)
    assert rt.FakeEncoder(8).fingerprint != rt.FakeEncoder(9).fingerprint
    say = rt.FakeGenerator(("one", "two"))
    assert [say("a"), say("b"), say("c")] == ["one", "two", "two"]
    assert say.prompts == ["a", "b", "c"]
    assert rt.FakeGenerator(str.upper)("loud") == "LOUD"


def test_the_fake_chat_model_answers_in_turn_and_takes_tools() -> None:
    pytest.importorskip("langchain_core")
    model = rt.fake_chat_model(["one", "two"])
    assert model.bind_tools([]).invoke("hello").content == "one"
    assert model.invoke("again").content == "two"
    assert [messages[0].content for messages in model.seen] == ["hello", "again"]
    assert rt.fake_chat_model(["x"]).seen == []


def test_a_case_makes_equal_contexts() -> None:
    case = rt.Case("q", (Passage("a b. c d."),), 3, state="scored")
    assert case.context() == case.context()
    assert case.context() is not case.context()
