"""What `--help` prints, as somebody reads it who has never seen the program."""

from __future__ import annotations

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from ragcompress.cli.app import app

COMMANDS = [name for name in get_command(app).commands if name != "eval"]


def helped(*words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80", "TERM": "dumb"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", ["", *COMMANDS, "bulk compress"])
def test_help_has_no_python_types_and_fits_the_screen(name: str) -> None:
    said = helped(*name.split())
    assert not re.search(r"<(bool|str|list\[str\])>", said)
    assert max(map(len, said.splitlines())) <= 80


def test_a_question_and_its_files_are_written_as_they_are_typed() -> None:
    assert 'ask [OPTIONS] "QUESTION" [FILES]... ' in helped("ask")


def test_paragraphs_flow() -> None:
    """They end where the screen does, not where the source's lines do."""
    lines = [line.strip() for line in helped().splitlines()]
    at = next(number for number, line in enumerate(lines) if line.startswith("Ends with 0"))
    assert min(map(len, lines[at : at + 2])) > 60


def test_every_option_explains_itself() -> None:
    def options(command):
        for each in command.params:
            yield each
        for each in getattr(command, "commands", {}).values():
            yield from options(each)

    assert [each.name for each in options(get_command(app)) if not getattr(each, "help", "")] == []
