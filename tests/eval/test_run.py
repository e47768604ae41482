"""The run: one row per question, compressor and budget; nothing vanishes; a killed run goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eval_cases import copying_reader, question

from eval.bounds import Oracle, full
from eval.rows import Row, RowWriter, read_rows, write_header
from eval.run import Plan, evaluate, run
from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput


def _plan(**makers: object) -> Plan:
    chosen = {"full": lambda q: full, "oracle": Oracle.of} | makers
    return Plan(chosen, (0.1, 0.3), copying_reader)  # type: ignore[arg-type]


def _rows(plan: Plan, asked: object) -> dict[tuple[str, float], Row]:
    return {(row.compressor, row.budget): row for row in evaluate(asked, plan, plan.keys(asked))}  # type: ignore[arg-type]


def test_rows_of_one_question() -> None:
    rows = _rows(_plan(), question(1))
    assert set(rows) == {("full", 1.0), ("oracle", 0.1), ("oracle", 0.3)}
    whole, small = rows["full", 1.0], rows["oracle", 0.3]
    assert whole.tokens_out == whole.tokens_in
    assert small.tokens_out <= 0.3 * whole.tokens_in
    assert (small.answer_recall, small.support_recall, small.f1, small.em) == (1.0, 1.0, 1.0, 1.0)
    assert any(span.passage == 1 and span.start == 0 for span in small.kept)
    assert whole.support_precision is not None
    assert small.support_precision is not None
    assert small.support_precision > whole.support_precision


def test_a_failure_is_a_row_that_counts_as_zero() -> None:
    def broken(context: Context, budget: TokenBudget) -> Context:
        raise RuntimeError("no luck")

    row = _rows(_plan(broken=lambda q: broken), question(1))["broken", 0.1]
    assert row.error == "RuntimeError: no luck"
    assert (row.answer_recall, row.f1, row.em, row.support_recall) == (0.0, 0.0, 0.0, 0.0)


def test_who_breaks_the_budget_fails() -> None:
    row = _rows(_plan(greedy=lambda q: full), question(1))["greedy", 0.1]
    assert row.error is not None
    assert "allowed" in row.error
    assert row.answer_recall == 0.0


def test_unanswerable_is_right_when_the_reader_abstains() -> None:
    def drop(context: Context, budget: TokenBudget) -> Context:
        return context.keep([])

    asked = replace(question(1), answers=(), support=(), gold=())
    rows = _rows(_plan(drop=lambda q: drop), asked)
    assert rows["drop", 0.1].em == 1.0
    assert rows["full", 1.0].em == 0.0  # the reader answers from text that does not answer
    assert not rows["full", 1.0].answerable


def test_an_answer_in_no_passage_is_marked() -> None:
    row = _rows(_plan(), replace(question(1), answers=("1999",)))["full", 1.0]
    assert row.answerable
    assert not row.answer_present


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    asked = [question(n) for n in range(4)]
    plan = _plan()
    assert run(asked, plan, tmp_path) == 12
    whole = (tmp_path / "rows.jsonl").read_text()
    lines = whole.splitlines(keepends=True)
    (tmp_path / "rows.jsonl").write_text("".join(lines[:7]) + lines[7][:40])  # killed in the middle of a line
    assert len(list(read_rows(tmp_path))) == 7
    assert run(asked, plan, tmp_path) == 5
    assert _untimed((tmp_path / "rows.jsonl").read_text()) == _untimed(whole)
    assert run(asked, plan, tmp_path) == 0


def test_a_method_added_later_computes_its_own_rows_only(tmp_path: Path) -> None:
    asked = [question(n) for n in range(2)]
    run(asked, _plan(), tmp_path)
    assert run(asked, _plan(again=Oracle.of), tmp_path) == 4


def test_rows_come_back_as_they_went(tmp_path: Path) -> None:
    rows = list(evaluate(question(1), _plan(), _plan().keys(question(1))))
    with RowWriter(tmp_path) as writer:
        writer.write(rows)
    assert list(read_rows(tmp_path)) == rows


def test_header_refuses_other_data(tmp_path: Path) -> None:
    header = {"data": {"toy": "aa"}, "methods": {"full": "full"}, "commands": ["one"], "reader": "none"}
    write_header(tmp_path, header)
    both = write_header(tmp_path, header | {"commands": ["two"], "data": {"other": "bb"}})
    assert both["commands"] == ["one", "two"]
    assert both["data"] == {"toy": "aa", "other": "bb"}
    for change in ({"data": {"toy": "cc"}}, {"reader": "embedded"}, {"methods": {"full": "else"}}):
        with pytest.raises(InvalidInput):
            write_header(tmp_path, header | change)


def test_named_plan_brings_the_bounds() -> None:
    plan = Plan.named(["lexical"], [0.2])
    assert list(plan.methods) == ["full", "oracle", "truncate", "passages", "lexical"]
    assert list(Plan.named(["lexical"], [0.2], bounds=False).methods) == ["lexical"]
    with pytest.raises(InvalidInput, match="lexical"):
        Plan.named(["lexicol"], [0.2])


def test_all_named_methods_run_on_a_toy() -> None:
    plan = Plan.named(["lexical", "lead", "random"], [0.25])
    for row in evaluate(question(1), plan, plan.keys(question(1))):
        assert row.error is None, row
        assert row.tokens_out <= max(row.budget * row.tokens_in, 0)


def _untimed(text: str) -> list[dict[str, object]]:
    return [json.loads(line) | {"seconds": 0} for line in text.splitlines()]
