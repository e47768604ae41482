"""``compress`` and ``methods``: options, forms of output, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import NOTES, QUESTION
from typer.testing import CliRunner, Result

from ragcompress.cli.app import COMMANDS, app
from ragcompress.methods import METHODS


@pytest.fixture
def notes(tmp_path: Path) -> str:
    path = tmp_path / "notes.md"
    path.write_text(NOTES, encoding="utf-8")
    return str(path)


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(args), input=stdin)


def test_people_see_what_was_kept_and_the_saving(notes: str) -> None:
    done = run("compress", "-q", QUESTION, "--budget", "14", notes)
    assert done.exit_code == 0, done.output
    assert "1843" in done.stdout
    assert "limit 14" in done.stdout
    assert "[…]" in done.stdout  # no colours here: the place of dropped text is marked
    assert "bees did well" not in done.stdout
    assert done.stderr == ""


def test_keep_is_a_fraction_of_the_tokens(notes: str) -> None:
    told = json.loads(run("compress", "-q", QUESTION, "--keep", "0.5", "--json", notes).stdout)
    assert 0 < told["tokens_out"] <= 0.5 * told["tokens_in"]


def test_without_a_size_the_method_decides(notes: str) -> None:
    told = json.loads(run("compress", "-q", QUESTION, "--json", notes).stdout)
    assert told["limit"] == told["tokens_in"]


def test_budget_zero_is_legal(notes: str) -> None:
    told = json.loads(run("compress", "-q", QUESTION, "--budget", "0", "--json", notes).stdout)
    assert (told["text"], told["tokens_out"], told["compression_ratio"]) == ("", 0, None)
    assert run("compress", "-q", QUESTION, "--budget", "0", "--text", notes).stdout == ""


@pytest.mark.parametrize("method", ["truncate", "lexical"])
def test_a_method_is_chosen_by_name(notes: str, method: str) -> None:
    told = json.loads(run("compress", "-q", QUESTION, "-b", "14", "-m", method, "--json", notes).stdout)
    assert told["tokens_out"] <= 14
    assert told["method"] == method


def test_a_dash_and_no_file_both_read_standard_input() -> None:
    first = json.loads(run("compress", "-q", QUESTION, "-b", "14", "--json", stdin=NOTES).stdout)
    second = json.loads(run("compress", "-q", QUESTION, "-b", "14", "--json", "-", stdin=NOTES).stdout)
    assert first["text"] == second["text"] != ""


def test_json_survives_what_utf8_cannot_encode() -> None:
    line = json.dumps({"text": "Ada \ud800 wrote it. It rained all day.", "id": "x"})
    done = run("compress", "-q", "Who wrote it?", "--json", stdin=line + "\n")
    assert done.exit_code == 0, done.output
    assert "Ada \ud800 wrote it." in "".join(segment["text"] for segment in json.loads(done.stdout)["segments"])


def test_html_is_written_beside_the_output(notes: str, tmp_path: Path) -> None:
    page = tmp_path / "out.html"
    done = run("compress", "-q", QUESTION, "-b", "14", "--json", "--html", str(page), notes)
    assert json.loads(done.stdout)["tokens_out"] <= 14
    assert "wrote" in done.stderr
    assert "<mark>Ada Lovelace wrote the first program in 1843." in page.read_text(encoding="utf-8")


BAD = {
    "both sizes": (["-b", "3", "--keep", "0.5"], "give one of them"),
    "negative budget": (["--budget", "-3"], "-3"),
    "keep above one": (["--keep", "20"], "--budget"),
    "keep is no number": (["--keep", "nan"], "nan"),
    "unknown method": (["-m", "lexicl"], "did you mean 'lexical'"),
    "two machine forms": (["--json", "--text"], "give one of them"),
    "unwritable page": (["--html", "/no/such/folder/x.html"], "cannot write"),
    "missing file": (["no-such-file.md"], "no-such-file.md"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_a_message_and_exit_code_2(notes: str, case: str) -> None:
    options, part = BAD[case]
    done = run("compress", "-q", QUESTION, notes, *options)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert part in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("options", [["--budget", "many"], ["--no-such-option"]])
def test_wrong_usage_is_exit_code_2(notes: str, options: list[str]) -> None:
    assert run("compress", "-q", QUESTION, notes, *options).exit_code == 2


def test_the_question_is_the_first_word(notes: str) -> None:
    first = json.loads(run("compress", QUESTION, notes, "--json", "-b", "14").stdout)
    second = json.loads(run("compress", notes, "--query", QUESTION, "--json", "-b", "14").stdout)
    assert first["text"] == second["text"] != ""
    assert json.loads(run("compress", QUESTION, "-b", "14", "--json", stdin=NOTES).stdout)["text"] == first["text"]


def test_a_screen_is_enough_unless_all_is_wanted() -> None:
    passages = [{"text": f"The server number {n} is in rack {n % 7}. " * 9, "id": f"s{n}"} for n in range(60)]
    lines = "".join(json.dumps(row) + "\n" for row in passages)
    short, whole = (run("compress", "Which server is in rack 3?", "-b", "2000", *more, stdin=lines).stdout
                    for more in ([], ["--all"]))  # fmt: skip
    assert len(short) < 3000 < len(whole)
    assert "--all" in short
    assert "--all" not in whole


def test_a_question_is_needed(notes: str) -> None:
    assert run("compress").exit_code == 2
    assert "the question comes first" in run("compress", notes, QUESTION).stderr
    blank = run("compress", "-q", "  ", notes)
    assert blank.exit_code == 2
    assert "query is empty" in blank.stderr


def test_an_interrupt_is_130_and_a_bug_is_1(notes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_with(error: BaseException) -> Result:
        def broken(*_: object, **options: object) -> None:
            raise error

        monkeypatch.setattr("ragcompress.cli.compress.run", broken)
        return run("compress", "-q", QUESTION, notes)

    assert fail_with(KeyboardInterrupt()).exit_code == 130
    bug = fail_with(RuntimeError("a bug"))
    assert bug.exit_code == 1
    assert bug.stderr.startswith("error: RuntimeError: a bug")
    assert "Traceback" not in bug.output
    full = fail_with(OSError(28, "No space left on device", "out"))
    assert (full.exit_code, full.stderr) == (2, "error: out: No space left on device\n")
    monkeypatch.setenv("RAGCOMPRESS_TRACEBACK", "1")
    assert isinstance(fail_with(RuntimeError("a bug")).exception, RuntimeError)


def test_methods_for_machines_and_people() -> None:
    rows = json.loads(run("methods", "--json").stdout)
    assert [row["name"] for row in rows] == [method.name for method in METHODS]
    assert all(set(row) == {"name", "paper", "needs", "offline", "summary"} for row in rows)
    shown = run("methods").stdout
    assert all(method.name in shown for method in METHODS)


@pytest.mark.parametrize("command", [command.__name__ for command in COMMANDS])
def test_every_command_explains_itself(command: str) -> None:
    done = run(command, "--help")
    assert done.exit_code == 0
    assert "--json" in done.stdout or command in ("serve", "mcp", "hook")  # these answer requests and events
