"""choose, speed, trust, retrieval, the readers and the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from eval_cases import FILLER, question

from eval import choose, speed, trust
from eval.answers import read_answers
from eval.bounds import Oracle, full
from eval.cli import main
from eval.datasets import shortened
from eval.hub import from_records
from eval.options import METHODS
from eval.presets import PRESETS, preset
from eval.readers import generative, named
from eval.retrieval import retrieval_scores, retrieve_for
from eval.rows import read_rows
from eval.run import Plan
from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage, Segment, Span
from ragcompress.methods import DEFAULT, resolve
from ragcompress.models.encoders import Encoded, OnnxEncoder
from ragcompress.pruners import baselines

QUESTIONS = [question(n) for n in range(12)]


def test_choose_finds_the_smallest_budget_that_suffices() -> None:
    plan = Plan({"oracle": Oracle.of, "truncate": lambda q: baselines.truncate}, (0.02, 0.3, 1.0))
    best, worst = choose.choose(QUESTIONS, plan, answer_recall=0.95)
    assert (best.method, best.budget, best.confirmed.value, best.reached) == ("oracle", 0.3, 1.0, True)
    assert (worst.method, worst.budget) == ("truncate", 1.0)
    assert best.confirmed.size == 6  # the half it was not chosen on


def test_choose_says_when_it_can_not() -> None:
    plan = Plan({"truncate": lambda q: baselines.truncate}, (0.02,))
    assert choose.choose(QUESTIONS, plan, answer_recall=0.9) == []
    with pytest.raises(InvalidInput, match="answer-recall"):
        choose.choose(QUESTIONS, plan, answer_recall=95)
    with pytest.raises(InvalidInput, match="4 needed"):
        choose.choose(QUESTIONS[:2], plan, answer_recall=0.9)


def test_speed_adds_up() -> None:
    prices = speed.Prices(prefill=1000, per_million=2.0)
    timed = speed.Timed("x", lambda q: baselines.truncate)
    found = speed.measure(timed, QUESTIONS[:3], budget=0.5, salt=1, prices=prices)
    assert found.questions == 3
    assert found.saved_ms == pytest.approx(found.saved_tokens)
    assert found.saved_money == pytest.approx(found.saved_tokens * 0.002)
    assert found.net_ms == pytest.approx(found.saved_ms - 1000 * found.saved_tokens / found.break_even)


def test_speed_with_stored_states_encodes_no_passage(monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = OnnxEncoder.embedded()
    encoded: list[tuple[str, str]] = []
    whole = embedded._encode

    def watched(keys: Sequence[tuple[str, str]]) -> list[Encoded]:
        encoded.extend(key for key in keys if key not in embedded._cache)
        return whole(keys)

    monkeypatch.setattr(embedded, "_encode", watched)
    timed = speed.Timed("x", lambda q: resolve("late"), speed.stored_states())
    speed.measure(timed, QUESTIONS[:2], budget=0.5, salt=77, prices=speed.Prices())
    assert encoded
    assert {text.strip() for _, text in encoded} <= {question.question for question in QUESTIONS[:2]}


def test_trust_passes_the_honest() -> None:
    assert trust.check("truncate", lambda q: baselines.truncate, QUESTIONS[:2], (0.0, 0.2, 1.0)) == (6, [])


def test_trust_finds_every_kind_of_breach() -> None:
    calls: list[int] = []

    def forger(context: Context, budget: TokenBudget) -> Context:
        calls.append(1)
        lie = Segment(f"Invented {len(calls)}. " * 60, (Span(0, 0, 5),))
        return context.rewrite({0: [lie]})

    def failing(context: Context, budget: TokenBudget) -> Context:
        raise ValueError("no")

    _, breaches = trust.check("forger", lambda q: forger, QUESTIONS[:1], (0.2,))
    assert {b.promise for b in breaches} == {"within budget", "never longer", "verbatim", "deterministic"}
    _, breaches = trust.check("failing", lambda q: failing, QUESTIONS[:1], (0.2,))
    assert [b.promise for b in breaches] == ["never fails"]


def test_retrieval_scores_on_a_known_case() -> None:
    relevant = {"q1": {"a": 1}, "q2": {"b": 1}, "q3": {"c": 1}}
    found = {"q1": {"a": 2.0, "x": 1.0}, "q2": {"x": 2.0, "b": 1.0}}  # q3 was never answered: zero
    scores = retrieval_scores(relevant, found)
    assert scores["R@1"] == pytest.approx(1 / 3)
    assert scores["R@5"] == pytest.approx(2 / 3)
    assert scores["RR@10"] == pytest.approx((1 + 0.5) / 3)
    with pytest.raises(InvalidInput):
        retrieval_scores({}, {})


def test_retrieved_passages_carry_the_gold_spans_along() -> None:
    asked = QUESTIONS[0]

    class Backwards:
        def retrieve(self, query: str, k: int = 10) -> list[Passage]:
            return [asked.passages[1], Passage(FILLER)][:k]

    (found,) = retrieve_for([asked], Backwards(), k=2)
    assert found.gold == (0,)
    assert found.support == (Span(0, 0, asked.support[0].end),)


def test_generators_become_readers() -> None:
    prompts: list[str] = []

    def generator(prompt: str) -> str:
        prompts.append(prompt)
        return "Unanswerable." if len(prompts) > 1 else " 1815 \nbecause"

    read = generative(generator)
    context = Context.of("When?", ["Ada was born in 1815."])
    assert read("When?", context).text == "1815"
    assert "Ada was born in 1815." in prompts[0]
    assert read("When?", context).abstained
    with pytest.raises(InvalidInput, match="embedded"):
        named("gpt")


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    path = tmp_path / "toy.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for asked in QUESTIONS:
            passages = [
                {"id": p.id, "title": p.title, "text": p.text, "is_gold": at in asked.gold}
                | {"support": [[s.start, s.end] for s in asked.support if s.passage == at]}
                for at, p in enumerate(asked.passages)
            ]
            record = {"id": asked.id, "question": asked.question, "answers": list(asked.answers)}
            file.write(json.dumps(record | {"passages": passages, "meta": {"support_type": "sentence"}}) + "\n")
    return path


def test_command_line_end_to_end(toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    common = ["--compressors", "lexical", "--limit", "5"]
    command = [
        "run",
        "--data",
        str(toy),
        *common,
        "--budgets",
        "0.2,0.4",
        "--reader",
        "none",
        "--out",
        str(out),
    ]
    assert main(command) == 0
    assert "45 new rows" in capsys.readouterr().out
    assert main(command) == 0
    assert "0 new rows" in capsys.readouterr().out
    assert "toy" in json.loads((out / "run.json").read_text())["data"]
    assert main(["report", str(out)]) == 0
    assert main(["compare", str(out), str(out)]) == 0
    assert "non-inferior" in capsys.readouterr().out
    assert main(["choose", str(toy), "--answer-recall", "0.9", "--compressors", "lexical"]) == 0
    assert "compressor='lexical'" in capsys.readouterr().out
    assert main(["speed", "--data", str(toy), *common]) == 0
    assert main(["trust", "--data", str(toy), *common]) == 0
    assert "broken" not in capsys.readouterr().out


def test_command_line_errors_are_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--data", "no-such-file", "--out", str(tmp_path)]) == 2
    assert main(["report", str(tmp_path)]) == 2
    assert main(["choose", "no-such-file", "--answer-recall", "0.9"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert full(Context.of("q", ["x"]), TokenBudget(1, len)).segments[0].text == "x"


def test_presets_say_where_they_depart() -> None:
    assert {"recomp", "provence", "exit"} <= PRESETS.keys()
    for one in PRESETS.values():
        assert "arXiv" in one.paper
        assert one.differs
        assert one.prompt.format(context="c", question="q")
    with pytest.raises(InvalidInput, match="recomp"):
        preset("llmlingua")


def test_a_preset_runs_by_one_command(toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ["run", "--preset", "exit", "--data", str(toy), "--compressors", "lexical", "--limit", "2"]
    assert main([*command, "--reader", "none", "--out", str(out)]) == 0
    assert "26 new rows" in capsys.readouterr().out
    assert "EXIT, Hwang" in (out / "report.md").read_text(encoding="utf-8")
    assert main(["run", "--out", str(out)]) == 2
    assert "--preset" in capsys.readouterr().err


def test_shortened_keeps_the_gold_passages() -> None:
    found = shortened(QUESTIONS[0], 1)
    assert [p.id for p in found.passages] == ["b"]
    assert (found.gold, found.support[0].passage) == ((0,), 0)
    assert shortened(QUESTIONS[0], 9) == QUESTIONS[0]


def test_hub_rows_become_questions() -> None:
    squad = {"id": "1", "title": "A_B", "context": "Ada wrote.", "question": "Who?"}
    answers = {"text": ["Ada", "Ada"], "answer_start": [0, 0]}
    hotpot = {"question": "?", "answer": "x", "context": {"title": ["T"], "sentences": [["One.", " Two."]]}}
    one, two = from_records([squad | {"answers": answers}, hotpot], dataset="d")
    assert (one.answers, one.support, one.passages[0].title) == (("Ada",), (Span(0, 0, 3),), "A B")
    assert (two.answers, two.passages[0].text, two.id) == (("x",), "One. Two.", "1")
    with pytest.raises(InvalidInput, match="no column 'question'"):
        from_records([{"text": "x"}], dataset="d")
    with pytest.raises(InvalidInput, match="context"):
        from_records([{"question": "?", "context": [1]}], dataset="d")


def test_the_format_of_tune_is_enough_and_bad_lines_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.jsonl"
    rows = [
        {
            "question": f"weight of unit {n}",
            "passages": ["Nothing.", f"Unit {n} weighs {n + 200} kg."],
            "answers": [f"{n + 200} kg"],
        }
        for n in range(6)
    ]
    mine.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main(["choose", str(mine), "--answer-recall", "0.5", "--compressors", "lexical"]) == 0
    assert "| yes |" in capsys.readouterr().out
    for line, said in (
        ("{", "line 7 is not JSON"),
        ('{"question": "x"}', "line 7 is no labelled question: 'passages' is missing"),
    ):
        mine.write_text("".join(json.dumps(row) + "\n" for row in rows) + line, encoding="utf-8")
        assert main(["choose", str(mine), "--answer-recall", "0.5"]) == 2
        assert said in capsys.readouterr().err


def test_the_default_method_is_among_those_tried() -> None:
    assert METHODS.split(",")[0] == DEFAULT


def test_retrieval_has_something_to_find(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retrieval", "--data", str(toy)]) == 0
    assert '"R@1": 0.0' not in capsys.readouterr().out


def test_runs_that_are_not_there_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 2
    assert "holds no run" in capsys.readouterr().err
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes\n", encoding="utf-8")
    assert main(["report", str(notes)]) == 2
    assert "line 1 is no row of a run" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"K\xe4se\n", b"[]\n", b"{}\n", b"[" * 9000 + b"\n", b'{"dataset": 3}\n'])
def test_a_file_that_holds_no_rows_is_named(content: bytes, tmp_path: Path) -> None:
    """Whatever is in it: its name and a reason, not a traceback."""
    for name in ("rows.jsonl", "answers.jsonl", "run.json"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=r"rows\.jsonl"):
        list(read_rows(tmp_path))
    with pytest.raises(InvalidInput, match=r"answers\.jsonl"):
        list(read_answers(tmp_path))
