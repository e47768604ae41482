"""``eval answers``: contexts by name, rows that resume, the table and the prices."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from eval_cases import question

from eval.answer_table import against, answer_table
from eval.answers import AnswerRow, Shown, answer_questions, read_answers
from eval.cli import main
from eval.prices import PRICES, read_prices
from ragcompress.core.errors import InvalidInput
from ragcompress.generators import Reply, Usage

sys.path.insert(0, str(Path(__file__).parents[1]))

from chat_server import Turn, serving

QUESTIONS = [question(n) for n in range(3)]


class Copying:
    """Answers with what stands behind "born in", and cites the second passage; counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def reply(self, messages: Any, on_text: Any = None) -> Reply:
        self.calls += 1
        text = messages[-1]["content"]
        born = text.partition("born in ")[2].partition(".")[0]
        return Reply(f"{born} [2]" if born else "not in the context", Usage(len(text), 4), 0.5, 1.0)


def rows(folder: Path, *names: str) -> dict[tuple[str, str], AnswerRow]:
    answer_questions(QUESTIONS, [Shown.named(name) for name in names], Copying(), folder)
    return {(row.id, row.context): row for row in read_answers(folder)}


def test_rows_hold_prompt_reply_and_what_they_are_worth(tmp_path: Path) -> None:
    found = rows(tmp_path, "full", "oracle@0.5", "truncate@0.3", "none")
    assert len(found) == 12
    full = found["q1", "full"]
    assert "born in 1815" in full.prompt
    assert (full.reply, full.answer, full.citations) == ("1815 [2]", "1815", (2,))
    assert (full.kept, full.em, full.f1, full.contained, full.cited_gold) == (1.0, 1.0, 1.0, 1.0, 1.0)
    assert (full.first_s, full.seconds, full.completion_tokens) == (0.5, 1.0, 4)
    cut = found["q1", "truncate@0.3"]
    assert (cut.kept, cut.contained, cut.abstained) == (0.0, 0.0, True)
    assert found["q1", "oracle@0.5"].contained == 1.0
    assert found["q1", "oracle@0.5"].prompt_tokens < full.prompt_tokens
    none = found["q1", "none"]
    assert "passages" not in none.prompt
    assert none.prompt == "Question: When was Ada number 1 born?"


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    shown, chat = [Shown.named("full"), Shown.named("none")], Copying()
    assert answer_questions(QUESTIONS[:2], shown[:1], chat, tmp_path) == 2
    file = tmp_path / "answers.jsonl"
    file.write_bytes(file.read_bytes()[:-9])  # killed in the middle of a line
    assert answer_questions(QUESTIONS, shown, chat, tmp_path) == 5
    assert chat.calls == 7
    assert len(list(read_answers(tmp_path))) == 6


def test_a_failure_is_a_row_that_counts_as_wrong(tmp_path: Path) -> None:
    class Broken:
        def reply(self, messages: Any, on_text: Any = None) -> Reply:
            raise TimeoutError("slow")

    answer_questions(QUESTIONS[:1], [Shown.named("full")], Broken(), tmp_path)
    (row,) = read_answers(tmp_path)
    assert (row.error, row.contained) == ("TimeoutError: slow", 0.0)
    assert "1 (1 failed)" in answer_table([row], PRICES)


def test_unanswerable_questions_want_an_abstention(tmp_path: Path) -> None:
    nobody = question(1, answer="1815")
    nobody = type(nobody)(**{**{f: getattr(nobody, f) for f in nobody.__dataclass_fields__}, "answers": ()})
    answer_questions([nobody], [Shown.named("full"), Shown.named("truncate@0.3")], Copying(), tmp_path)
    said = {row.context: row.contained for row in read_answers(tmp_path)}
    assert said == {"full": 0.0, "truncate@0.3": 1.0}


@pytest.mark.parametrize("name", ["nosuch@0.1", "labeller@x", "labeller@0", "labeller@1.5", "truncate"])
def test_contexts_that_can_not_be_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        Shown.named(name)


def test_the_table_pairs_with_the_full_context(tmp_path: Path) -> None:
    found = rows(tmp_path, "full", "oracle@0.5", "truncate@0.3")
    text = answer_table(found.values(), PRICES)
    by_name = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if line.startswith("| ")}
    assert "+0.0 [+0.0, +0.0] of 3 | non-inferior" in by_name["oracle@0.5"]
    assert "-100.0 [-100.0, -100.0] of 3 | inferior" in by_name["truncate@0.3"]
    halves = [{"a": row, "b": row} for row in list(found.values())[:2]]
    assert against(halves[0], {"c": found["q1", "full"]}, margin=0.01) is None
    gain = against(halves[0], {"a": halves[1]["a"]}, margin=0.01)
    assert gain is not None
    assert gain[0].size == 1


def test_the_readers_own_prices(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"mine": {"read": 2, "cached": 1, "written": 3}}', encoding="utf-8")
    row = AnswerRow("d", "q", "full", prompt_tokens=1_000, cached_tokens=400, completion_tokens=100)
    assert "1.900" in answer_table([row], read_prices(file))  # (600 × 2 + 400 × 1 + 100 × 3) / 1,000
    file.write_text('{"mine": {"in": 2}}', encoding="utf-8")
    with pytest.raises(InvalidInput, match="dollars a million"):
        read_prices(file)


def test_from_the_command_line_and_resumed_for_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("httpx", reason="the endpoint needs the extra 'endpoint'")
    data, out = tmp_path / "toy.jsonl", tmp_path / "out"
    passages = [asdict(one) | {"is_gold": at == 1} for at, one in enumerate(QUESTIONS[0].passages)]
    record = {"id": "1", "question": QUESTIONS[0].question, "answers": ["1815"], "passages": passages}
    data.write_text(json.dumps(record, default=dict) + "\n", encoding="utf-8")
    args = ["answers", "--data", str(data), "--contexts", "full,none", "--out", str(out)]
    with serving(Turn(["1815 [2]"]), Turn(["I do not know."])) as talk:
        reader = ["--reader", "openai:m", "--base-url", talk.url]
        assert main([*args, *reader]) == 0
        assert "2 new rows" in capsys.readouterr().out
        (out / "answers.jsonl").unlink()
        assert main([*args, *reader]) == 0  # the rows anew, the answers remembered
        assert len(talk.asked) == 2
    capsys.readouterr()
    assert main(["report", str(out)]) == 0
    assert "| full | 1 | 100.0 | 100.0 [100.0, 100.0]" in capsys.readouterr().out
