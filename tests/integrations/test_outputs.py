"""Outputs of tools for hooks: shorter, of the same shape, with the whole to be read again; nothing is ever lost."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from ragcompress.core.budget import embedded_count
from ragcompress.integrations.outputs import Shortener, answer_hook, originals_folder

BUILD = "".join(f"[{at}/300] CC src/part_{at}.c -> build/part_{at}.o\n" for at in range(60))
LOG = f"{BUILD}clang: error: linker command failed with exit code 1\n{BUILD}"


def event(response: Any, **more: Any) -> dict[str, Any]:
    given = {"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_input": {"command": "make"}}
    return {**given, "tool_response": response, **more}


def test_text_is_shortened_and_the_whole_is_in_a_private_file(tmp_path: Path) -> None:
    text = Shortener(150, tmp_path / "kept", "lexical")("Why does the build fail?", LOG)
    assert embedded_count(text) <= 150 + 40
    assert "linker command failed" in text
    path = Path(text.rpartition("all of it: ")[2].strip("]"))
    assert path.read_text(encoding="utf-8") == LOG
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_json_stays_json_and_short_text_stays(tmp_path: Path) -> None:
    rows = json.dumps([{"id": at, "name": f"thing {at}"} for at in range(90)])
    shorter = Shortener(150, tmp_path, "lexical")("thing 71", rows)
    found = json.loads(shorter)
    assert {"id": 71, "name": "thing 71"} in found
    assert found[-1].startswith("all of it: ")
    assert "of 90" in found[-2]
    assert Shortener(150, tmp_path)("q", "short") == "short"
    assert "all of it" not in Shortener(150, None, "lexical")("thing 71", LOG)


@pytest.mark.parametrize("response", [
    LOG, {"stdout": LOG, "stderr": "", "interrupted": False}, [{"type": "text", "text": LOG}],
    {"content": [{"type": "text", "text": LOG}], "isError": False},
    {"type": "text", "file": {"filePath": "a", "content": LOG}},
], ids=["str", "shell", "blocks", "mcp", "file"])  # fmt: skip
def test_the_shape_of_a_response_stays(response: Any) -> None:
    (answer,) = answer_hook(event(response), Shortener(150, None, "lexical")).values()
    new = answer["updatedToolOutput"]
    assert answer["hookEventName"] == "PostToolUse"
    assert type(new) is type(response)
    assert len(json.dumps(new)) < len(json.dumps(response)) / 3
    assert "linker command failed" in json.dumps(new)
    if isinstance(response, dict):
        assert list(new) == list(response)


def test_what_the_user_said_is_read_from_the_transcript(tmp_path: Path) -> None:
    lines = [
        {"type": "user", "message": {"role": "user", "content": "Where is part 41 built?"}},
        {"type": "user", "message": {"role": "user", "content": [{"type": "tool_result", "content": "part 3"}]}},
        {"type": "user", "message": {"role": "user", "content": [{"type": "text", "text": "yes please"}]}},
    ]
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n{broken", encoding="utf-8")
    asked: list[str] = []
    answer_hook(event("x", transcript_path=str(path)), lambda question, text: asked.append(question) or text)
    answer_hook(event("x", transcript_path="/nowhere"), lambda question, text: asked.append(question) or text)
    assert asked == ["Where is part 41 built? make", "make"]


def test_nothing_is_said_where_nothing_is_shorter() -> None:
    assert answer_hook(event("short"), Shortener(150)) == {}
    assert answer_hook(event({"ok": True}), Shortener(150)) == {}
    assert "updatedMCPToolOutput" in str(
        answer_hook(event(LOG, tool_name="mcp__x__y"), Shortener(150, None, "lexical"))
    )


def test_the_folder_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert originals_folder() == tmp_path / "ragcompress" / "originals"


def run(monkeypatch: pytest.MonkeyPatch, given: str, *options: str) -> str:
    typer_testing = pytest.importorskip("typer.testing")
    from ragcompress.cli.app import app

    result = typer_testing.CliRunner().invoke(app, ["hook", *options], input=given)
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def test_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    options = ("--budget", "150", "--method", "lexical", "--originals", str(tmp_path))
    assert "linker command failed" in run(monkeypatch, LOG, "why did it fail?", *options)
    assert run(monkeypatch, "short\n", *options) == "short\n"
    answer = json.loads(run(monkeypatch, json.dumps(event({"stdout": LOG})), *options))
    assert "linker command failed" in answer["hookSpecificOutput"]["updatedToolOutput"]["stdout"]
    assert run(monkeypatch, json.dumps(event("short")), *options) == ""
    assert list(tmp_path.iterdir())


def test_the_command_hands_on_what_it_cannot_shorten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    options = ("--budget", "150", "--originals", str(tmp_path / "file" / "below"))
    assert run(monkeypatch, LOG, "why?", *options) == LOG
    assert run(monkeypatch, json.dumps(event(LOG)), *options) == ""
