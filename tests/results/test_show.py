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


def test_a_context_is_shown_as_a_result_is() -> None:
    """In a notebook: long stretches folded, code in fixed width, passages without a segment behind a click."""
    code = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n" * 30
    text = "Ada wrote it in 1843. " + "Some other words follow here. " * 60
    context = rc.compress("When did Ada write it?", [text, code], 8, "lexical").context
    html = context._repr_html_()
    assert "<h1>When did Ada write it?</h1>" in html
    assert "<mark>Ada wrote it in 1843.</mark>" in html
    assert re.search(r"\[… 1,\d\d\d characters …\]", html)
    assert "1 passage without a segment" in html
    assert "<pre>def add" in html
    plain = unescape(re.sub(r"<[^>]*>", "", html.partition("</style>")[2]))
    assert code in plain


def test_a_passage_is_shown_with_its_title_and_id() -> None:
    html = rc.Passage("a <b>", "p#1", "Title")._repr_html_()
    assert "Title" in html
    assert "p#1" in html
    assert "<p>a &lt;b&gt;</p>" in html


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("name     born\nAda      1815\nCharles  1791\nGrace    1906\n", "pre"),
        ("name,born\nAda,1815\nCharles,1791\nGrace,1906\n", "pre"),
        ("2024-05-01 10:00:00 INFO started\n2024-05-01 10:00:02 ERROR no bearing\n" * 3, "pre"),
        ("--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-x = 1\n+x = 2\n y = 3\n", "pre"),
        ("def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n", "pre"),
        ("Ada wrote it in 1843. It rained.\nNobody knew.\nIt was never run.\nThe end.", "p"),
        ("Monday: 9 to 17\nTuesday: 9 to 12\nSunday: closed\nHolidays: closed\n", "p"),
        ("- one thing\n- another thing\n- a third thing\n- a last thing\n", "p"),
    ],
)
def test_code_logs_and_tables_stand_in_fixed_width(text: str, tag: str) -> None:
    assert f"<{tag}>" in rc.Passage(text)._repr_html_()


def test_a_fold_cuts_no_word() -> None:
    text = "Ada wrote it in 1843. " + "Some other words follow here. " * 60 + "Ada wrote 1843. " + "More words. " * 90
    html = page(rc.compress("When did Ada write it in 1843?", [text], 14, "lexical"))
    plain = unescape(re.sub(r"<summary>.*?</summary>", "", html.partition("</style>")[2]))
    shown = re.sub(r"<details.*?</details>", "|", html, flags=re.DOTALL).partition("</style>")[2]
    assert text in re.sub(r"<[^>]*>", "", plain)
    edges = re.findall(r"(\S*)\|(\S*)", shown)
    assert edges
    assert {word for edge in edges for word in edge if "<" not in word} <= {"", *text.split()}


def test_long_names_of_what_was_dropped_are_short_on_a_screen() -> None:
    from ragcompress.results.show import rich_lines

    passages = [
        rc.Passage("Ada wrote it in 1843."),
        rc.Passage("Nothing of use is here, at all.", title="A very long title " * 9),
    ]
    result = rc.compress("When did Ada write it?", passages, 8, "lexical")
    screen, everything = (str(list(rich_lines(result, most=most))[-1]) for most in (1600, None))
    assert len(screen) < 80 < len(everything)
    assert "[2] A very long titl…" in screen


def test_passages_with_the_same_name_are_named_once() -> None:
    from ragcompress.results.show import rich_lines

    passages = [
        rc.Passage("Ada wrote it in 1843."),
        *(rc.Passage(f"Nothing of use is here, at all: {n}.", title="log") for n in range(30)),
    ]
    result = rc.compress("When did Ada write it?", passages, 8, "lexical")
    said = str(list(rich_lines(result, most=1600))[-1])
    assert said == "\ndropped whole: [2 … 31] log ×30"
