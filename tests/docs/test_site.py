"""What the README and the documentation print: Python that runs, commands that exist, links that lead somewhere."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import ragcompress as rc
from pipelines.proofs.pictures import MADE_BY, RECORD, mark
from ragcompress.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"^(?P<before><!-- not run: [^\n]+ -->\n)?```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
ELSEWHERE = {  # pages whose Python is run by tests of their own
    "langchain.md": "tests/integrations/test_langchain_docs.py",
    "methods.md": "tests/pruners/test_docs.py",
    "agents.md": "tests/integrations/test_agents_docs.py",
    "answers.md": "tests/generators/",
    "scale.md": "tests/bulk/, tests/retriever/test_stores_shared.py",
    "service.md": "tests/service/",
}


def names() -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in PAGES]


def blocks(page: Path, kind: str) -> Iterator[str]:
    for fence in FENCE.finditer(page.read_text(encoding="utf-8")):
        if fence["kind"] == kind and not fence["before"]:
            yield fence["body"]


def words(text: str) -> int:
    """A tokenizer whose tokens are words."""
    return len(text.split())


@pytest.mark.parametrize("name", [name for name in names() if Path(name).name not in ELSEWHERE])
def test_python_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page one after another, in one session; ``<!-- not run: reason -->`` before one leaves it out."""
    found = list(blocks(ROOT / name, "python"))
    if any("Retriever" in block for block in found):
        pytest.importorskip("faiss", reason="the retriever needs the extra 'faiss'")
    monkeypatch.chdir(tmp_path)
    passages = ["Ada wrote the note in 1843. It rained that day.", "Bob kept bees. The bees did well."]
    session: dict[str, Any] = {"rc": rc, "passages": passages, "tokenizer": words}
    for block in found:
        exec(compile(block, name, "exec"), session)


@pytest.mark.parametrize("name", names())
def test_commands_and_their_options_exist(name: str) -> None:
    root: Any = get_command(app)
    for block in [*blocks(ROOT / name, ""), *blocks(ROOT / name, "bash"), *blocks(ROOT / name, "sh")]:
        for line in re.findall(r"(?:^|\| )ragcompress ([^|#\n]+)", block, re.MULTILINE):
            words = line.split()
            command = root.commands.get(words[0])
            assert command is not None, line
            while hasattr(command, "commands") and len(words) > 1 and words[1] in command.commands:
                words = words[1:]
                command = command.commands[words[0]]
            known = {option for each in command.params for option in [*each.opts, *each.secondary_opts]}
            given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            assert words[0] in ("eval", "choose") or given <= known | {"--help"}, line


@pytest.mark.parametrize("name", list(MADE_BY))
def test_no_picture_is_older_than_what_makes_it(name: str) -> None:
    known = json.loads((ROOT / "docs" / RECORD).read_text(encoding="utf-8"))
    assert known[name] == mark(name), f"make {name} anew: python -m pipelines.proofs.pictures docs/"


def test_no_picture_fetches_anything() -> None:
    assert "url(" not in (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8").replace("url(#", "")


@pytest.mark.parametrize("name", names())
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert Path(os.path.normpath(page.parent / target)).exists(), target
