"""``tune``: a file of labelled questions in, a file for --method out, and plain words when it can't."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ragcompress.cli.app import app


def run(*args: str) -> Result:
    return CliRunner().invoke(app, list(args))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tune") / "mine.jsonl"
    rows = []
    for number in range(60):
        right = f"Unit {number} weighs {number + 200} kg. It was painted in spring. Spare parts are in hall {number}."
        wrong = {"text": f"Weighing unit {number} is explained on the next page.", "title": "Contents"}
        rows.append(
            {"question": f"weight of unit {number}", "passages": [wrong, right], "answers": [f"{number + 200} kg"]}
        )
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_tuning_reports_what_it_did_and_writes_only_what_is_better(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "tuned.json"
    done = run("tune", str(data), "--out", str(out), "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["questions"] == 60
    assert 0 < report["held_out"] < 30
    assert len(report["before"]) == len(report["after"]) == len(report["shares"])
    assert out.exists() == report["better"]
    if report["better"]:
        text = tmp_path / "unit.txt"
        text.write_text("Unit 7 weighs 207 kg. It is blue.", encoding="utf-8")
        used = run("compress", str(text), "-q", "weight of unit 7", "-b", "30", "-m", f"labeller:{out}", "--json")
        assert used.exit_code == 0, used.output
    again = run("tune", str(data), "--out", str(out))
    assert "needed text kept" in again.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["none.jsonl"], "can't read none.jsonl"),
        (["{data}", "--limit", "0"], "--limit is 0"),
        (["{data}", "--limit", "9"], "at least 40"),
    ],
)
def test_what_it_refuses(data: Path, tmp_path: Path, args: list[str], said: str) -> None:
    done = run("tune", *(arg.format(data=data) for arg in args), "--out", str(tmp_path / "x.json"))
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert not (tmp_path / "x.json").exists()
