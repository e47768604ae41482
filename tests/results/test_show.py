"""Results as HTML and in a terminal: nothing lost, nothing dangerous."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest

import ragcompress as rc
from ragcompress.results.page import fragment, page, pages
from ragcompress.results.show import pieces, visible

PASSAGES = [
    rc.Passage("Ada wrote it in 1843. It rained <b>hard</b>.", title="A & B"),
    rc.Passage("Nothing of use here, at all."),
]


def compressed(query: str = "When did Ada write it?", budget: int = 8) -> rc.Compressed:
    return rc.compress(query, PASSAGES, budget, "lexical")


def terminal(result: rc.Compressed, *, colour: bool) -> str:
    console = pytest.importorskip("rich.console")
    out = io.StringIO()
    system = {"force_terminal": True, "color_system": "truecolor"} if colour else {}
    console.Console(file=out, width=100, **system).print(result)
    return out.getvalue()


def test_pieces_tile_the_passage() -> None:
    result = compressed()
    assert ["".join(text for text, _ in pieces(result, at)) for at in (0, 1)] == [p.text for p in PASSAGES]
    assert [text for text, kept in pieces(result, 0) if kept] == ["Ada wrote it in 1843. "]


def test_the_page_holds_all_text_escaped_and_marks_what_was_kept() -> None:
    html = page(compressed())
    assert "<mark>Ada wrote it in 1843.</mark> It rained &lt;b&gt;hard&lt;/b&gt;." in html
    assert "A &amp; B" in html
    assert "1 passage dropped whole" in html
    assert not re.search(r"<script|https?://|src=|@import", html)
    plain = unescape(re.sub(r"<[^>]*>", "", html))
    assert all(passage.text in plain for passage in PASSAGES)


def test_a_query_cannot_break_out_of_the_page() -> None:
    html = page(compressed('</title><script>alert("x")</script> Ada 1843'))
    assert "<script" not in html


def test_several_results_on_one_page_with_remarks() -> None:
    html = pages("two", [(compressed(), "answer: <1843>"), (compressed(), "")])
    assert html.count("<style>") == 1
    assert html.count('class="rc"') == 2
    assert "answer: &lt;1843&gt;" in html
    assert fragment(compressed()).startswith("<style>")


def test_a_terminal_shows_kept_text_bright() -> None:
    shown = terminal(compressed(), colour=True)
    bright = "".join(re.findall(r"\x1b\[38;2;0;0;0;48;2;242;204;77m(.*?)\x1b\[0m", shown))
    assert bright == "Ada wrote it in 1843."
    assert "dropped whole: [2] passage 2" in shown


def test_without_colours_only_kept_text_is_shown() -> None:
    shown = terminal(compressed(), colour=False)
    assert "Ada wrote it in 1843. […]" in shown
    assert "rained" not in shown


def test_a_long_dropped_stretch_is_shortened_in_a_terminal() -> None:
    text = "Ada wrote it in 1843. " + "Some other words follow here. " * 60
    result = rc.compress("When did Ada write it?", [text], 8, "lexical")
    shown = terminal(result, colour=True)
    assert re.search(r"\[… 1,\d\d\d characters …\]", shown.replace("\n", " "))


def test_text_cannot_command_the_terminal() -> None:
    text = "Ada\x1b]0;owned\x07 wrote\x1b[2J it in 1843\u202e.\r\nNext.\x00"
    assert visible(text) == "Ada�]0;owned� wrote�[2J it in 1843�.\nNext.�"
    result = rc.compress("When did Ada write it?", [text], 50, "lexical")
    assert "\x1b" not in terminal(result, colour=False)


def test_nothing_kept_and_nothing_given_are_shown_too() -> None:
    for result in (compressed(budget=0), rc.compress("x", [], 5)):
        assert "tokens" in terminal(result, colour=True)
        assert "tokens" in page(result)
