"""Splitting pages: nothing but white space is lost, limits hold, structure stays together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcompress.core.segment import MAX_ROW
from ragcompress.demo import load_corpus
from ragcompress.documents.pages import PAGE_LIMIT, split_page

MARKED = st.lists(
    st.sampled_from(["# a b", "## c #", "```", "x = 1", "| a | b |", "- item", "\n", "\n\n", "\r\n", " ", "\u2028"])
    | st.text(max_size=40),
    max_size=30,
).map("\n".join)


@given(st.text() | MARKED, st.integers(1, 200))
def test_only_white_space_lies_outside_the_pieces(text: str, limit: int) -> None:
    position = 0
    for piece in split_page(text, limit=limit):
        assert position <= piece.start < piece.end
        assert not text[position : piece.start].strip()
        assert text[piece.start : piece.end] == text[piece.start : piece.end].strip()
        position = piece.end
    assert not text[position:].strip()


@pytest.mark.parametrize(
    "text",
    ["word " * 60_000, "x" * 300_000, "A sentence here. " * 20_000, "p\n\n" * 100_000, "```\n" + "a = 1\n\n" * 40_000],
    ids=["no punctuation", "no space", "one paragraph", "many paragraphs", "a code block that never closes"],
)
def test_big_pages_keep_the_limit(text: str) -> None:
    pieces = split_page(text)
    assert max(piece.end - piece.start for piece in pieces) <= PAGE_LIMIT
    assert len(pieces) < 3 * len(text) / PAGE_LIMIT


def test_a_row_is_only_cut_beyond_the_segmenters_limit() -> None:
    row = "| " + "cell | " * 250
    assert PAGE_LIMIT < len(row) < MAX_ROW
    text = f"Before.\n\n{row}\n{row}\n\nAfter."
    assert [text[p.start : p.end] for p in split_page(text)] == ["Before.", row.strip(), row.strip(), "After."]


def test_paragraphs_are_the_borders() -> None:
    paragraphs = [f"{number} " + "word " * 100 + "end." for number in range(6)]
    text = "\n\n".join(paragraphs)
    assert [text[p.start : p.end] for p in split_page(text)] == ["\n\n".join(paragraphs[i : i + 2]) for i in (0, 2, 4)]


def test_titles_follow_headings_and_a_heading_is_never_last() -> None:
    booklet = load_corpus()[0]
    pieces = split_page(booklet.text)
    assert pieces[1].title == f"{booklet.title} – Aebiger's line"
    assert pieces[2].title == pieces[1].title  # the section goes on
    for piece in pieces:
        assert not booklet.text[piece.start : piece.end].splitlines()[-1].startswith("#")


def test_comments_in_code_are_no_headings() -> None:
    code = "```sh\nmake\n\n# not a heading\n\nmake test\n```"
    text = "# Page\n\n" + "word " * 150 + "\n\n" + code + "\n\n" + "word " * 200
    pieces = split_page(text)
    assert {piece.title for piece in pieces} == {"Page"}
    assert any(code in text[piece.start : piece.end] for piece in pieces)


def test_long_code_is_cut_between_lines() -> None:
    lines = [f"value_{number} = compute(number={number}); check(value_{number})" for number in range(80)]
    text = "```python\n" + "\n".join(lines) + "\n```"
    pieces = split_page(text)
    assert len(pieces) > 2
    assert [line for p in pieces for line in text[p.start : p.end].split("\n")] == text.split("\n")


@pytest.mark.parametrize("text", ["", " \n\n\t", "\r\n"])
def test_a_blank_page_has_no_pieces(text: str) -> None:
    assert split_page(text) == []


def test_the_title_of_a_piece_with_several_sections_names_them() -> None:
    text = "# Profiles\n\n## Defaults\n\n### dev\n\nIt is quick to build.\n\n### release\n\nIt is quick to run.\n"
    assert [piece.title for piece in split_page(text)] == ["Profiles – Defaults – dev, release"]
    versions = "".join(f"## Version {n}.0 of the programs for the harbour\n\nChange {n}.\n\n" for n in range(6))
    (piece,) = split_page("# Notes\n\n" + versions)
    assert piece.title.startswith("Notes – Version 0.0 of")
    assert " … Version 5.0 of" in piece.title
