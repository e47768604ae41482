"""``ask``: how sure the reader is, and a language model in its place."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cli_helpers import NOTES, QUESTION
from typer.testing import CliRunner, Result

from ragcompress.cli import answer as answers
from ragcompress.cli.app import app
from ragcompress.core.types import Span

sys.path.insert(0, str(Path(__file__).parents[1]))

from chat_server import Turn, serving


def run(*args: str) -> Result:
    return CliRunner().invoke(app, list(args))


@pytest.fixture
def notes(tmp_path: Path) -> str:
    (tmp_path / "notes.md").write_text(NOTES, encoding="utf-8")
    return str(tmp_path / "notes.md")


class Reader:
    """As the real one, with an answer and a probability of one's choice."""

    def __init__(self, text: str, score: float) -> None:
        self.text, self.score, self.support = text, score, Span(0, 40, 44) if text else None

    def answer(self, question: str, passages: object) -> Reader:
        return self


def test_it_says_how_sure_it_is(notes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "load_reader", lambda: Reader("1843", 0.83))
    assert "83% sure" in run("ask", QUESTION, notes, "-b", "30").stdout


def test_unsure_it_shows_the_closest_sentence_and_no_bare_span(notes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "load_reader", lambda: Reader("", 0.12))
    shown = " ".join(run("ask", QUESTION, notes, "-b", "30").stdout.split())
    assert "not sure; closest: Ada Lovelace wrote the first program in 1843. (notes)" in shown
    assert "12% sure" in shown
    told = json.loads(run("ask", QUESTION, notes, "-b", "30", "--json").stdout)["answer"]
    assert (told["text"], told["score"]) == ("", 0.12)
    assert told["closest"] == "Ada Lovelace wrote the first program in 1843."
    assert NOTES[told["source"]["start"] : told["source"]["end"]].strip() == told["closest"]


def test_a_language_model_answers_from_what_was_kept(notes: str) -> None:
    pytest.importorskip("httpx", reason="the endpoint needs the extra 'endpoint'")
    with serving(Turn(["In 1843 ", "[1][9]"]), Turn(["In 1843 [1]"])) as talk:
        model = ("--reader", "openai:m", "--base-url", talk.url)
        told = json.loads(run("ask", QUESTION, notes, "-b", "60", *model, "--json").stdout)
        shown = " ".join(run("ask", "--query", QUESTION, notes, *model).stdout.split())
    assert (told["answer"]["text"], told["answer"]["citations"], told["answer"]["unsent"]) == ("In 1843", [1], [9])
    assert told["answer"]["source"]["id"] == "notes.md#1"
    sent = talk.asked[0]["messages"][-1]["content"]
    assert "[1] notes\n" in sent
    assert told["context"]["text"] in sent  # what is counted is what is sent
    assert told["context"]["tokens_out"] <= 60
    assert shown.startswith("In 1843 [1]")
    assert "cites [1]" in shown


def test_a_model_that_finds_nothing_is_believed(notes: str) -> None:
    pytest.importorskip("httpx", reason="the endpoint needs the extra 'endpoint'")
    with serving(Turn(["not in the context"])) as talk:
        done = run("ask", QUESTION, notes, "--reader", "openai:m", "--base-url", talk.url, "--json")
    told = json.loads(done.stdout)["answer"]
    assert (told["text"], told["closest"]) == ("", "Ada Lovelace wrote the first program in 1843.")


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--reader", "gpt"], "openai:MODEL"),
        (["--base-url", "http://here/v1"], "--reader"),
        (["--reader", "llama:none.gguf"], "no file"),
    ],
)
def test_impossible_readers_are_bad_input(notes: str, options: list[str], hint: str) -> None:
    done = run("ask", QUESTION, notes, *options)
    assert done.exit_code == 2
    assert hint in " ".join(done.stderr.split())
