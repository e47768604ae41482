"""Pages keep their structure: cut at units, titles say what stands over a piece, HTML and CSV lose nothing."""

from __future__ import annotations

import json

import pytest

from ragcompress.documents.files import read_passages
from ragcompress.documents.pages import split_page


def test_a_long_table_says_its_header_in_every_title() -> None:
    rows = "\n".join(f"| Station {at} | {1880 + at} |" for at in range(120))
    text = f"# Stations\n\n## Coast\n\nAll of them.\n\n| Name | Opened |\n|---|---|\n{rows}\n"
    first, second, *others = split_page(text)
    assert first.title == second.title == "Stations – Coast"  # the second begins with the header
    assert {piece.title for piece in others} == {"Stations – Coast – Name, Opened"}


def test_rows_and_records_are_not_cut() -> None:
    rows = [f"Station {at},{1880 + at},{at * 137 % 900}" for at in range(120)]
    text = "name,opened,steps\n" + "\n".join(rows)
    for piece in split_page(text):
        assert set(text[piece.start : piece.end].split("\n")) <= {*rows, "name,opened,steps"}
    text = json.dumps(
        [{"id": at, "name": f"Station {at}", "note": "near the mill, behind the church"} for at in range(40)]
    )
    for piece in split_page(text):
        assert text[piece.start : piece.end].count("{") == text[piece.start : piece.end].count("}")


def test_titles_hold_the_whole_chain_and_no_other_sections_name() -> None:
    text = "# Visa\n\n## Student\n\n### Fee\n\n" + "It is due. " * 60 + "\n\n## Work\n\n" + "It takes time. " * 60
    assert list(dict.fromkeys(piece.title for piece in split_page(text, limit=900))) == [
        "Visa – Student – Fee",
        "Visa – Work",
    ]


def test_underlined_headings_are_headings() -> None:
    text = (
        "Opening hours\n=============\n\n" + "We open at nine. " * 50 + "\n\nPrices\n------\n\n" + "They are low. " * 60
    )
    titles = [piece.title for piece in split_page(text, title="Shop", limit=900)]
    assert titles[0] == "Shop – Opening hours"
    assert titles[-1] == "Shop – Opening hours – Prices"


def _read(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_passages([str(tmp_path / name)])


def test_html_keeps_lists_in_cells_definitions_and_asides(tmp_path) -> None:
    pytest.importorskip("trafilatura")
    html = """<html><body><article><h1>Drill</h1>
<p>The drill has two gears and a torque setting with twenty steps, and comes with a case.</p>
<aside>Warning: never use the drill in the rain.</aside>
<table><tr><th>Day</th><th>Open</th></tr>
<tr><td>Mon</td><td><ul><li>9 to 12</li><li>14 to 18</li></ul></td></tr></table>
<dl><dt>Chuck</dt><dd>what holds the bit</dd></dl>
<ul><li>outer<ul><li>inner</li></ul></li></ul></article></body></html>"""
    text = "\n".join(passage.text for passage in _read(tmp_path, "page.html", html))
    for wanted in (
        "never use the drill in the rain",
        "9 to 12; 14 to 18",
        "Chuck: what holds the bit",
        "outer",
        "inner",
    ):
        assert wanted in text


def test_csv_names_its_separator_and_tells_columns_of_one_name_apart(tmp_path) -> None:
    assert [p.text for p in _read(tmp_path, "a.csv", "sep=;\ntext;id\nhello, you;1\n")] == ["hello, you"]
    (row,) = _read(tmp_path, "b.csv", "name,phone,phone\nAda,1,2\n")
    assert "phone: 1" in row.text
    assert "phone (2): 2" in row.text
