"""``on_error`` covers what fails while it runs, and never the caller's mistakes."""

from __future__ import annotations

import pytest

import ragcompress as rc
from ragcompress.core.errors import CompressionFailed, InvalidInput, MissingExtra

PASSAGES = ["The tower is 333 metres tall. It was painted in 1958. Pigeons live there.", "Bread is baked from flour."]
ASK = "How tall is the tower?"


class Flaky:
    """Counts words, and fails after so many calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self, text: str) -> int:
        self.left -= 1
        if self.left < 0:
            raise TimeoutError("the counting service does not answer")
        return len(text.split())


@pytest.mark.parametrize("calls", range(0, 11, 2))
def test_a_counter_that_fails_at_any_moment_still_gives_a_context(calls):
    out = rc.compress(ASK, PASSAGES, rc.TokenBudget(9, Flaky(calls)), "lexical")
    assert out.text
    assert rc.counter(lambda text: len(text.split()))(out.text) <= 9
    assert out.warnings
    assert "the counting service does not answer" in out.warnings[0]
    with pytest.raises(CompressionFailed, match="counting service"):
        rc.compress(ASK, PASSAGES, rc.TokenBudget(9, Flaky(calls)), "lexical", on_error="raise")


def test_a_renderer_that_fails_still_gives_a_context():
    def torn(context):
        raise KeyError("template")

    out = rc.compress(ASK, PASSAGES, rc.TokenBudget(9, lambda text: len(text.split()), torn))
    assert out.text == "The tower is 333 metres tall."
    assert "KeyError" in out.warnings[0]
    assert "rendered plainly" in out.warnings[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"passages": {"a": "Ada won.", "b": "It rained."}}, r"not a dict; .*Passage\(text, id=key\)"),
        ({"passages": {"Ada won.", "It rained."}}, "a set has none"),
        ({"passages": "Ada won."}, "wrap it in a list"),
        ({"passages": [None]}, "passage 0 must be a str"),
        ({"budget": "many"}, "whole number"),
        ({"budget": True}, "0 or more"),
        ({"budget": 2.0}, "kept fraction"),
        ({"timeout_s": "1"}, "number of seconds"),
        ({"timeout_s": float("nan")}, "number of seconds"),
        ({"compressor": "perplexity:no/such-model"}, "no/such-model"),
        ({"compressor": "labeller:no/such-model"}, "no/such-model"),
    ],
)
def test_mistakes_raise_at_once_whatever_on_error_says(arguments, says):
    with pytest.raises(rc.RagCompressError, match=says):
        rc.compress(**({"query": ASK, "passages": PASSAGES, "budget": 10} | arguments))


def test_a_data_frame_is_not_taken_for_its_columns():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(InvalidInput, match="DataFrame"):
        rc.compress(ASK, pandas.DataFrame({"text": PASSAGES}), budget=10)
    assert rc.compress(ASK, pandas.Series(PASSAGES), budget=8).text


def test_a_missing_package_is_never_hidden():
    def needs(context, budget):
        raise MissingExtra("this needs the package 'torch'")

    with pytest.raises(MissingExtra):
        rc.compress(ASK, PASSAGES, budget=8, compressor=needs)


def test_many_refuse_wrong_settings_before_the_first_item():
    def items():
        raise AssertionError("work began")
        yield

    for options in ({"compressor": "lexcial"}, {"budget": -1}, {"when_nothing": "no"}, {"timeouts": 1}):
        with pytest.raises(InvalidInput):
            rc.compress_many(items(), **({"budget": 8} | options))
    with pytest.raises(InvalidInput, match="must be a pair"):
        list(rc.compress_many([(ASK,)], budget=8))
