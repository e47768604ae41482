from __future__ import annotations

import json
import threading

import pytest

import ragcompress as rc
from ragcompress.core.errors import CompressionFailed, InvalidInput

PASSAGES = [
    rc.Passage("The tower is 333 metres tall. It was painted in 1958. Pigeons live there.", id="t", title="Tower"),
    rc.Passage("Bread is baked from flour. Salt is added before the dough rests.", id="b", title="Bread"),
]
ASK = "How tall is the tower?"


def test_the_result_adds_up():
    out = rc.compress(ASK, PASSAGES, budget=8)
    assert out.text == "The tower is 333 metres tall."
    assert out.tokens_out == 7 <= 8
    assert out.kept_fraction == out.tokens_out / out.tokens_in
    assert out.compression_ratio == out.tokens_in / out.tokens_out
    span = out.context.segments[0].support[0]
    assert PASSAGES[span.passage].text[span.start : span.end].strip() == out.text
    assert {d.reason for d in out.dropped} <= {"over budget", "below the floor"}
    kept = sum(len(s.text) for s in out.context.segments)
    assert kept + sum(len(d.segment.text) for d in out.dropped) == sum(len(p.text) for p in PASSAGES)
    assert len(out.passage_scores) == 2
    assert out.passage_scores[0] > out.passage_scores[1]
    assert set(out.timings) == {"compress", "total"}


def test_passages_come_back_as_the_same_objects():
    out = rc.compress(ASK, PASSAGES, budget=8)
    assert all(a is b for a, b in zip(out.context.passages, PASSAGES, strict=True))


@pytest.mark.parametrize("budget", [0.3, 10, rc.TokenBudget(6, lambda text: len(text.split()))])
def test_budgets_of_every_kind_hold(budget):
    out = rc.compress(ASK, PASSAGES, budget=budget)
    assert 0 < out.tokens_out <= out.limit
    if isinstance(budget, float):
        assert out.limit == int(out.tokens_in * budget)


def test_the_budget_counts_titles_when_they_are_sent():
    count = rc.TokenBudget(9, lambda text: len(text.split()), render=rc.numbered)
    out = rc.compress(ASK, PASSAGES, budget=count)
    assert out.text == "[1] Tower\nThe tower is 333 metres tall."
    assert out.tokens_out == 8


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"query": "  "}, "query is empty"),
        ({"query": 3}, "query must be a str"),
        ({"passages": "text"}, "wrap it in a list"),
        ({"passages": [1]}, "passage 0 must be a str"),
        ({"budget": -1}, "0 or more"),
        ({"budget": 1.5}, "kept fraction"),
        ({"budget": 0.0}, "kept fraction"),
        ({"budget": "many"}, "whole number"),
        ({"compressor": "lexcial"}, "did you mean 'lexical'"),
        ({"compressor": "zzz"}, "there are: "),
        ({"compressor": 3}, "compressor must be"),
        ({"compressor": rc.SentencePruner}, "compressor must be"),
        ({"timeout_s": 0}, "timeout_s must be above zero"),
        ({"on_error": "ignore"}, "on_error must be"),
    ],
)
def test_bad_input_is_named(arguments, says):
    call = {"query": ASK, "passages": PASSAGES, "budget": 10} | arguments
    with pytest.raises(InvalidInput, match=says):
        rc.compress(**call)


@pytest.mark.parametrize("passages", [[], [""], ["", "  "]])
def test_nothing_in_is_nothing_out(passages):
    out = rc.compress(ASK, passages, budget=10)
    assert (out.text, out.tokens_out, out.kept_fraction, out.compression_ratio) == ("", 0, 1.0, 1.0)
    assert out.warnings == ()
    json.dumps(out.to_dict())
    out.to_html()


@pytest.mark.parametrize("budget", [0, 1])
def test_tiny_budgets_are_legal(budget):
    out = rc.compress(ASK, PASSAGES, budget=budget)
    assert out.tokens_out <= budget
    assert out.compression_ratio > 1


def broken(context, budget):
    raise RuntimeError("no GPU today")


def forgetful(context, budget):
    return None


def meddling(context, budget):
    return rc.Context.of("other", context.passages)


def greedy(context, budget):
    return context


@pytest.mark.parametrize(
    ("compressor", "says"),
    [(broken, "RuntimeError: no GPU today"), (forgetful, "must return a Context"), (meddling, "must leave query")],
)
def test_a_failing_compressor_still_gives_a_context(compressor, says):
    out = rc.compress(ASK, PASSAGES, budget=8, compressor=compressor)
    assert out.text == "The tower is 333 metres tall."
    assert says in out.warnings[0]
    assert "selected by words" in out.warnings[0]
    with pytest.raises(CompressionFailed, match="failed"):
        rc.compress(ASK, PASSAGES, budget=8, compressor=compressor, on_error="raise")


def test_a_compressor_that_ignores_the_budget_is_held_to_it():
    out = rc.compress(ASK, PASSAGES, budget=20, compressor=greedy)
    assert out.tokens_out <= 20


def test_running_out_of_time_gives_a_context_and_a_reason():
    release = threading.Event()

    def stuck(context, budget):
        release.wait(30)
        return context

    out = rc.compress(ASK, PASSAGES, budget=8, compressor=stuck, timeout_s=0.05)
    release.set()
    assert out.text == "The tower is 333 metres tall."
    assert "no answer within 0.05 s" in out.warnings[0]


def test_many_come_in_order_and_lazily():
    pulled = []

    def items():
        for at in range(3):
            pulled.append(at)
            yield f"{ASK} {at}", PASSAGES

    results = rc.compress_many(items(), budget=8)
    assert pulled == []
    assert next(results).context.query.endswith("0")
    assert pulled == [0]
    assert [r.context.query[-1] for r in results] == ["1", "2"]


def test_many_with_progress():
    pytest.importorskip("rich")
    assert len(list(rc.compress_many([(ASK, PASSAGES)], budget=5, progress=True))) == 1


def test_every_method_by_name_holds_the_budget():
    for name in ("truncate", "passages", "lead", "random", "lexical", "dense", "late", "fused"):
        out = rc.compress(ASK, PASSAGES, budget=8, compressor=name)
        assert 0 < out.tokens_out <= 8, name
        assert not out.warnings, name
        assert out == rc.compress(ASK, PASSAGES, budget=8, compressor=name)


def test_top_passages_follows_the_retrievers_scores():
    passages = [rc.Passage("low low", score=0.1), rc.Passage("high high", score=0.9)]
    assert rc.compress("q", passages, budget=2, compressor="passages").text == "high high"


def test_chain_holds_the_budget_and_refuses_what_is_no_compressor():
    out = rc.compress(ASK, PASSAGES, budget=10, compressor=rc.chain(greedy, rc.SentencePruner(rc.LexicalScorer())))
    assert out.tokens_out <= 10
    with pytest.raises(InvalidInput, match="chain needs compressors"):
        rc.chain(rc.SentencePruner)
    with pytest.raises(InvalidInput, match=r"ragcompress.protect\(…\)"):
        rc.chain(rc.SentencePruner(), rc.kinds.numbers)


def test_to_dict_is_json_with_offsets():
    out = rc.compress(ASK, PASSAGES, budget=8)
    row = json.loads(json.dumps(out.to_dict()))
    support = row["segments"][0]["support"][0]
    assert (support["id"], support["start"], support["end"]) == ("t", 0, 30)
    assert row["tokens_out"] == 7


def test_html_escapes_and_highlights_in_place():
    out = rc.compress("<b>x</b> tower tall?", [rc.Passage("The <tower> is tall. Bread & salt.", title="<T>")], budget=8)
    html = out.to_html()
    assert "<mark>The &lt;tower&gt; is tall.</mark> Bread &amp; salt." in html
    assert "<b>x" not in html
    assert "<T>" not in html
    assert "http:" not in html
    assert "https:" not in html
    assert "<mark>The &lt;tower&gt; is tall.</mark>" in out._repr_html_()


def test_the_terminal_view_shows_kept_and_dropped():
    console_class = pytest.importorskip("rich.console").Console
    console = console_class(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(rc.compress(ASK, PASSAGES, budget=8))
    shown = console.export_text()
    assert "333 metres" in shown
    assert "dropped whole: [2] Bread" in shown
