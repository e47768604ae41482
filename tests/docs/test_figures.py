"""Figures in README and documentation: those that can be made here are made again, others are the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ragcompress as rc
from ragcompress.demo import load_corpus, load_questions
from ragcompress.retriever.embed import passage_text

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EVALUATION = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")


def test_before_and_after_are_what_comes_out() -> None:
    """The README's first screen: the demo's first question over ten passages found by words."""
    pytest.importorskip("bm25s", reason="finding passages needs the extra 'faiss'")
    from ragcompress.retriever.lexical import LexicalIndex

    shown = " ".join(re.findall(r"^> (.*)$", README, re.MULTILINE)).replace("*", "")
    corpus = load_corpus()
    question = next(each.question for each in load_questions() if each.question in shown)
    found = LexicalIndex.build(passage_text(passage) for passage in corpus).top(question, 10)
    out = rc.compress(question, [corpus[int(row)] for row in found])
    assert f"{out.tokens_in:,} tokens" in shown
    assert f"{out.tokens_out} tokens" in shown
    assert " ".join(out.text.split()) in shown


def test_the_first_table_is_that_of_the_evaluation() -> None:
    rows = re.findall(r"^\| [^|]+ \| \**(\d+)\**(?: of 100)? \| \**(\d+)\**(?: of 100)? \|$", README, re.MULTILINE)
    table = EVALUATION.partition("README's table")[2]
    measured = re.findall(r"^\| \w+ \| 0\.(\d\d)0 ±[\d.]+ \| 0\.(\d\d)0 ±[\d.]+ \|$", table, re.MULTILINE)
    assert len(rows) == 3
    assert [tuple(map(int, row)) for row in rows] == [tuple(map(int, row)) for row in measured]


def test_links_on_an_index_page_lead_to_the_repository() -> None:
    pytest.importorskip("hatchling", reason="the dev extra is not installed")
    from hatch_build import at_home

    page = at_home(README, "https://example.org/r/{}/v1/")
    assert "![A contract: the clause that answers, with the titles above it](https://example.org/r/raw/v1/docs/" in page
    assert "[Tutorial](https://example.org/r/blob/v1/docs/tutorial.md)" in page
    assert not re.findall(r"\]\((?!https?:|#)[^)]*\)", page + at_home(README, ""))
    assert "![" not in at_home(README, "")


def test_models_are_as_large_as_the_readme_says() -> None:
    """As a wheel holds them: the reader's table of words is the encoder's."""
    pytest.importorskip("hatchling", reason="the dev extra is not installed")
    from hatch_build import OTHER, WHOLE, cut

    folder = ROOT / "ragcompress" / "weights"
    sizes = {file.name: file.stat().st_size for file in folder.iterdir()}
    made = cut((folder / WHOLE).read_bytes(), (folder / OTHER).read_bytes())
    assert made is not None
    sizes[WHOLE] = len(made)
    assert f"({round(sum(sizes.values()) / 1e6)} MB installed)" in README
