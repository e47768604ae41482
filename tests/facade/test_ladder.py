"""What answers when something fails: the next rung down, told by a code; and what no fallback may hide."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
import threading

import pytest

import ragcompress as rc
from ragcompress import ladder
from ragcompress.core.errors import CompressionFailed, InvalidInput
from ragcompress.core.notes import CODES, Warning, typed
from ragcompress.methods import METHODS, resolve
from ragcompress.models.labeller.runtime import JointModel

PASSAGES = ["The tower is 333 metres tall. It was painted in 1958. Pigeons live there.", "Bread is baked from flour."]
ASK = "How tall is the tower?"


def broken(context, budget):
    raise RuntimeError("no GPU today")


def names(method, **options) -> list[str]:
    return [rung.name for rung in ladder.below(method, **options)]


def test_each_method_has_the_rungs_below_it() -> None:
    whole = ["student", "dense", "lexical", "lead"]
    assert names(resolve("labeller")) == names(resolve("cascade")) == whole
    assert names(resolve("student")) == whole[1:]
    assert names(resolve("dense")) == names(resolve("cluster")) == names(broken) == whole[2:]
    assert names(resolve("lexical")) == names(resolve("lead")) == whole[3:]
    assert names(resolve("labeller"), quick=True) == whole[2:]
    assert names(resolve("labeller"), dynamic=True) == ["student"]
    assert names(broken, dynamic=True) == []
    assert set(whole) <= {method.name for method in METHODS}


def test_where_the_joint_reading_fails_the_student_answers(monkeypatch, caplog) -> None:
    def torn(*_):
        raise OSError("the graph can't be read")

    monkeypatch.setattr(JointModel, "_read", torn)
    passages = [f"{text} Seen anew." for text in PASSAGES]  # nothing of them is remembered
    with caplog.at_level(logging.WARNING, "ragcompress"):
        out = rc.compress("How tall is that tower?", passages, budget=12)
    assert out.text.startswith("The tower is 333 metres tall.")
    assert [warning.code for warning in out.warnings] == ["failed"]
    assert "labeller failed: OSError" in out.warnings[0]
    assert "reads passages and question apart" in out.warnings[0] or "apart answered" in out.warnings[0]
    assert [record.getMessage() for record in caplog.records] == ["labeller failed (OSError); student answered"]


def test_every_rung_may_break_but_the_last(monkeypatch) -> None:
    table = {name: said for name, said in ladder._RUNGS.items() if name in ("lexical", "lead")}
    monkeypatch.setattr(ladder, "_RUNGS", table)
    monkeypatch.setattr(ladder, "_rung", lambda method: 0)
    monkeypatch.setattr(ladder, "_builder", lambda name: lambda: broken if name == "lexical" else resolve(name))
    out = rc.compress(ASK, PASSAGES, budget=9, compressor=broken)
    assert out.text == "The tower is 333 metres tall."
    assert "first sentences" in out.warnings[0]


def test_the_log_line_tells_types_and_no_text(caplog) -> None:
    def quoting(context, budget):
        raise ValueError(f"can't parse {context.passages[0].text!r}")

    with caplog.at_level(logging.WARNING, "ragcompress"):
        rc.compress(ASK, PASSAGES, budget=9, compressor=quoting)
    assert [record.getMessage() for record in caplog.records] == ["quoting failed (ValueError); lexical answered"]


def test_without_a_budget_what_cannot_decide_keeps_everything() -> None:
    out = rc.compress(ASK, PASSAGES, compressor=broken)
    assert out.tokens_out == out.tokens_in
    assert out.warnings[0].code == "failed"


@pytest.mark.parametrize("timeout_s", [None, 20.0])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, SystemExit])
def test_what_is_nobodys_failure_passes(error, timeout_s) -> None:
    def stopped(context, budget):
        raise error

    with pytest.raises(error):
        rc.compress(ASK, PASSAGES, budget=9, compressor=stopped, timeout_s=timeout_s)


@pytest.mark.parametrize("wrong", [lambda context: context, lambda context, budget, more: context, lambda: None])
def test_a_function_that_cannot_be_called_is_a_mistake(wrong) -> None:
    with pytest.raises(InvalidInput, match=r"must be \(Context, TokenBudget\) -> Context"):
        rc.compress(ASK, PASSAGES, budget=9, compressor=wrong)
    assert rc.compress(ASK, PASSAGES, budget=9, compressor=lambda context, budget, more=1: context).text


def test_a_warning_is_a_str_with_a_code() -> None:
    told = Warning("words decided", "language")
    assert (told, told.message, told.code) == ("words decided", "words decided", "language")
    assert type(told.message) is str
    for other in (pickle.loads(pickle.dumps(told)), copy.deepcopy(told)):
        assert (other, other.code) == (told, "language")
    assert json.loads(json.dumps([told])) == ["words decided"]
    assert Warning("?", "from a newer server").code == "other"
    assert [note.code for note in typed(["plain", told])] == ["other", "language"]


def test_every_warning_of_a_result_has_a_code_and_goes_into_the_dict() -> None:
    def noting(context, budget):
        import dataclasses

        return dataclasses.replace(context.keep([0]), notes=("plain",))

    out = rc.compress(ASK, PASSAGES, budget=4, compressor=noting)
    assert {warning.code for warning in out.warnings} <= set(CODES)
    assert out.to_dict()["warning_codes"] == [warning.code for warning in out.warnings]
    assert out.warnings[0].code == "other"
    late = rc.compress(ASK, PASSAGES, budget=9, compressor=lambda c, b: threading.Event().wait(9), timeout_s=0.01)
    assert late.warnings[0].code == "out-of-time"


def test_a_cancelled_task_frees_its_worker() -> None:
    began, ended = threading.Event(), threading.Event()

    def slow(context, budget):
        from ragcompress.core.clock import check

        began.set()
        try:
            while True:
                check()
        finally:
            ended.set()

    async def cancelled() -> None:
        task = asyncio.create_task(rc.acompress(ASK, PASSAGES, budget=9, compressor=slow))
        await asyncio.to_thread(began.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert ended.wait(20)


def test_strictness_raises_the_same_reason() -> None:
    with pytest.raises(CompressionFailed, match="broken failed: RuntimeError: no GPU today"):
        rc.compress(ASK, PASSAGES, budget=9, compressor=broken, on_error="raise")
