"""``demo`` from end to end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ragcompress.cli import demo
from ragcompress.cli.app import app
from ragcompress.cli.survey import survives

pytest.importorskip("faiss", reason="the retriever needs the extra 'retrieval'")


@pytest.fixture(autouse=True, scope="module")
def one_index() -> Iterator[None]:
    build = cache(demo.HybridRetriever.build)  # encoding the corpus takes seconds: once is enough
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo.HybridRetriever, "build", lambda corpus, progress: build(tuple(corpus)))
        yield


def test_for_machines() -> None:
    done = CliRunner().invoke(app, ["demo", "--json", "--budget", "200"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert all(case["context"]["tokens_out"] <= 200 < case["context"]["tokens_in"] for case in told["cases"])
    assert [bool(case["expected"]) for case in told["cases"]] == [True, True, False]
    whole, cut, compressed, *_ = told["survey"]
    assert whole["questions"] == 25
    assert compressed["tokens"] <= 25 * 200
    assert whole["survived"] >= compressed["survived"] > cut["survived"]
    assert compressed["survived"] >= 18
    assert all(row["right"] + row["wrong"] <= 25 for row in told["survey"])
    half_cut, half = told["survey"][3:]
    assert half["right"] > half_cut["right"]


def test_for_people(tmp_path: Path) -> None:
    page = tmp_path / "demo.html"
    done = CliRunner().invoke(app, ["demo", "--html", str(page)], env={"COLUMNS": "100"})
    assert done.exit_code == 0, done.output
    assert "82 passages" in done.stdout
    assert "the corpus holds no answer" in done.stdout
    assert "of 25" in done.stdout
    assert done.stdout.index("it can't count") < done.stdout.index("cut off after 250")  # what it can't do, first
    assert done.stdout.index("last train down") < done.stdout.index("all 25 questions")  # questions first
    assert "ragcompress index folder/" in done.stdout
    assert page.read_text(encoding="utf-8").count('<div class="rc">') == 4  # three questions and the table


@pytest.mark.parametrize(
    ("text", "found"),
    [("It is 25 m deep.", True), ("25\nm", True), ("25 M", True), ("25 minutes", False), ("125 m", False), ("", False)],
)
def test_an_answer_survives_as_whole_words(text: str, found: bool) -> None:
    assert survives(["25 m"], text) is found


def test_an_answer_may_end_in_a_sign() -> None:
    assert survives(["31%"], "They gave back 31% of it.")
    assert not survives([], "anything")
