"""Reading passages from files, folders and standard input."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from ragcompress.core.errors import InvalidInput, MissingExtra
from ragcompress.documents.files import read_files, read_passages

HTML = """<html><head><title>Snow rules</title></head><body><nav><a href="/">Home</a></nav><article><h1>Snow</h1>
<p>The blower leaves the shed when fresh snow on the track exceeds thirty centimetres at any of the posts.</p>
<p>Three people are needed: a driver, a wheel operator and a lookout, and each wears a transceiver.</p>
</article></body></html>"""


def put(path: Path, data: str | bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_text_file_is_one_passage_with_its_offsets(tmp_path: Path) -> None:
    [passage] = read_passages([put(tmp_path / "notes.txt", "\n  Line one.\r\nLine two.\n")])
    assert passage.text == "Line one.\r\nLine two."
    assert (passage.id, passage.title, passage.score) == ("notes.txt#1", "notes", None)
    assert passage.metadata == {"source": (tmp_path / "notes.txt").as_posix(), "start": 3, "end": 23}


def test_a_long_page_is_split_and_offsets_lead_back(tmp_path: Path) -> None:
    text = "# Guide\n\n" + "\n\n".join(f"Paragraph {n}. " + "word " * 80 for n in range(9))
    passages = read_passages([put(tmp_path / "guide.md", text)])
    assert [p.id for p in passages] == [f"guide.md#{n}" for n in range(1, len(passages) + 1)]
    assert len(passages) >= 3
    assert all(p.title == "Guide" and len(p.text) <= 1200 for p in passages)
    assert all(text[p.metadata["start"] : p.metadata["end"]] == p.text for p in passages)


def test_a_folder_is_read_in_order_without_hidden_and_foreign_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "sub/c.txt", ".hidden.txt", ".git/d.txt", "image.png"):
        put(tmp_path / name, f"text of {name}")
    assert [p.id for p in read_passages([str(tmp_path)])] == ["a.md#1", "b.txt#1", "sub/c.txt#1"]


def test_a_file_named_twice_is_read_once_and_equal_names_get_their_paths(tmp_path: Path) -> None:
    one, two = put(tmp_path / "x/n.txt", "one"), put(tmp_path / "y/n.txt", "two")
    passages = read_passages([one, one, str(tmp_path / "x"), two])
    assert [(p.id, p.text) for p in passages] == [("n.txt#1", "one"), (f"{Path(two).as_posix()}#1", "two")]


def test_a_file_of_another_kind_is_plain_text_when_named(tmp_path: Path) -> None:
    assert read_passages([put(tmp_path / "README.rst", "hello")])[0].text == "hello"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_understood(tmp_path: Path, encoding: str) -> None:
    assert read_passages([put(tmp_path / "a.txt", "Grüße 東京".encode(encoding))])[0].text == "Grüße 東京"


def test_jsonl_rows(tmp_path: Path) -> None:
    rows = [
        {"text": "one\u2028still one", "id": 7, "title": "T", "score": 0.5, "year": 1908},
        {"text": "two", "metadata": {"lang": "de"}},
    ]
    lines = "\r\n\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    first, second = read_passages([put(tmp_path / "d.jsonl", lines)])
    assert (first.text, first.id, first.title, first.score) == ("one\u2028still one", "7", "T", 0.5)
    assert first.metadata["year"] == 1908
    assert (second.id, second.title, second.score) == ("d.jsonl#3", "", None)
    assert second.metadata["lang"] == "de"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "cut', "line 2 is not JSON"),
        ('{"text": "x", "score": "high"}', "line 2: score must be a number, not 'high'"),
        ('{"text": "x", "score": true}', "line 2: score must be a number, not True"),
    ],
)
def test_a_bad_jsonl_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = put(tmp_path / "d.jsonl", '{"text": "fine"}\n' + line + "\n")
    with pytest.raises(InvalidInput, match=rf"d\.jsonl, {message}"):
        read_passages([path])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_columns(tmp_path: Path, delimiter: str) -> None:
    rows = [["ID", "Text", "score", "Year"], ["k1", '"two\nlines"', "1.5", "1908"], ["", "plain", "", "1911"]]
    passages = read_passages([put(tmp_path / "t.csv", "\r\n".join(delimiter.join(row) for row in rows))])
    assert [(p.id, p.text, p.score) for p in passages] == [("k1", "two\nlines", 1.5), ("t.csv#2", "plain", None)]
    assert [p.metadata["Year"] for p in passages] == ["1908", "1911"]


def test_rows_without_a_text_say_each_value_with_its_column(tmp_path: Path) -> None:
    table = put(tmp_path / "t.csv", "name,salary,left\nMarguerite,5400,\nOle,4100,2019\n")
    first, second = read_passages([table])
    assert (first.text, first.id, first.title) == ("name: Marguerite\nsalary: 5400", "t.csv#1", "t")
    assert second.metadata["left"] == "2019"
    lines = put(tmp_path / "d.jsonl", '{"role": "user", "content": "Hi."}\n["a"]\n{"text": 3}\n')
    assert [p.text for p in read_passages([lines])] == ["role: user\ncontent: Hi.", '[\n "a"\n]', "text: 3"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("text,id\na,1\nb, c,2\n", r"row 2 \(ending at line 3\) does not have 2 fields"),
        ("text,id\na\n", "row 1 .* does not have 2 fields"),
        ("text,score\na,high\n", "row 1 .*score must be a number, not 'high'"),
        ("text\n" + "x" * 200_000, "field larger than field limit.*convert it to .jsonl"),
    ],
)
def test_bad_csv_is_named(tmp_path: Path, data: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_passages([put(tmp_path / "t.csv", data)])


def test_html_gives_its_main_text_and_title(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura", reason="the cli extra is not installed")
    [passage] = read_passages([put(tmp_path / "page.html", HTML)])
    assert passage.title.startswith("Snow")
    assert "exceeds thirty centimetres" in passage.text
    assert "<p>" not in passage.text
    assert "Home" not in passage.text


def test_html_fragments_and_declared_charsets(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura", reason="the cli extra is not installed")
    fragment = put(tmp_path / "a.html", "<p>tiny words</p>")
    latin = '<html><head><meta charset="iso-8859-1"></head><body><p>Le café est fermé.</p></body></html>'
    charset = put(tmp_path / "b.htm", latin.encode("latin-1"))
    assert [p.text for p in read_passages([fragment, charset])] == ["tiny words", "Le café est fermé."]


def test_html_without_any_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura", reason="the cli extra is not installed")
    with pytest.raises(InvalidInput, match=r"cannot be read as HTML; rename it to \.txt"):
        read_passages([put(tmp_path / "a.html", "no tags here")])


def test_html_without_trafilatura_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    with pytest.raises(MissingExtra, match=r"\.\[cli\]"):
        read_passages([put(tmp_path / "page.html", HTML)])


def test_standard_input_as_a_page_and_as_jsonl(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"# Head\n\nBody.")
    [page] = read_passages(["-", "-"])
    assert (page.id, page.title, page.metadata["source"]) == ("stdin#1", "Head", "standard input")
    stdin(monkeypatch, b'{"text": "a"}\n{"text": "b", "id": "x"}\n')
    assert [(p.id, p.text) for p in read_passages(["-"])] == [("stdin#1", "a"), ("x", "b")]
    stdin(monkeypatch, b'{"text": "a"}\n{"text": \n')
    with pytest.raises(InvalidInput, match="standard input, line 2 is not JSON"):
        read_passages(["-"])


def test_older_encodings_are_guessed_and_said(tmp_path: Path) -> None:
    japanese = "東京タワーの高さは三百三十三メートルです。天気がいいと富士山が見えます。"
    for text, encoding in (
        ("café – “naïve”", "cp1252"),
        (japanese, "shift_jis"),
        ("Привет, это письмо о погоде.", "cp1251"),
    ):
        [passage] = read_passages([put(tmp_path / f"{encoding}.txt", text.encode(encoding))])
        assert passage.text == text
        assert passage.metadata["encoding"] in (encoding, "cp932")
    [wide] = read_passages([put(tmp_path / "wide.txt", "No mark at all.".encode("utf-16-le"))])
    assert wide.text == "No mark at all."


@pytest.mark.parametrize("data", [b"\x00\x01\x02binary\x00", b"\xff\xfea\x00b"])
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"bad\.txt is (no text|not whole UTF-16 text)"):
        read_passages([put(tmp_path / "bad.txt", data)])


def test_missing_empty_and_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match=r"no file or folder '.*gone\.txt'.*check the spelling"):
        read_passages([str(tmp_path / "gone.txt")])
    with pytest.raises(InvalidInput, match=r"there is no text in"):
        read_passages([str(tmp_path)])
    with pytest.raises(InvalidInput, match=r"no text in '.*blank\.txt'"):
        read_passages([put(tmp_path / "blank.txt", " \n")])
    stdin(monkeypatch, b"")
    with pytest.raises(InvalidInput, match="no text in standard input"):
        read_passages(["-"])


@pytest.mark.parametrize("paths", [[], "docs/"])
def test_a_list_of_paths_is_wanted(paths: list[str] | str) -> None:
    with pytest.raises(InvalidInput, match="wants a list of paths"):
        read_passages(paths)


def test_unreadable_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    path = put(tmp_path / "a.txt", "x")
    monkeypatch.setattr(Path, "read_bytes", refuse)  # a mode of 0 would not stop root
    with pytest.raises(InvalidInput, match=r"cannot read .*a\.txt: Permission denied"):
        read_passages([path])


def test_records_on_one_line_are_passages_of_their_own(tmp_path: Path) -> None:
    rows = [{"id": f"P-{n}", "status": "failed" if n == 417 else "running", "hours": n} for n in range(400, 460)]
    (tmp_path / "pumps.json").write_text(json.dumps(rows), encoding="utf-8")
    passages = read_passages([str(tmp_path / "pumps.json")])
    assert [json.loads(passage.text) for passage in passages] == rows
    (tmp_path / "numbers.json").write_text(json.dumps(list(range(1000))), encoding="utf-8")
    assert len(read_passages([str(tmp_path / "numbers.json")])) < 10


def test_a_file_without_text_is_named_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "blank.txt").write_bytes(b" \n")
    (tmp_path / "empty.md").write_bytes(b"")
    (tmp_path / "notes.md").write_text("They purr.", encoding="utf-8")
    content = read_files([str(tmp_path)])
    assert [Path(gone.where).name for gone in content.skipped] == ["blank.txt", "empty.md"]
    assert {gone.why for gone in content.skipped} == {"holds no text"}
    named = read_files([str(tmp_path / "notes.md"), str(tmp_path / "empty.md")])
    assert [gone.why for gone in named.skipped] == ["holds no text"]


def test_a_comment_in_a_file_without_an_ending_is_no_heading(tmp_path: Path) -> None:
    text = "# Services of this host\n\n" + "ssh   22/tcp   # remote login\nsmtp  25/tcp   # mail\n" * 40
    for name, titles in (("services", {"services"}), ("README", {"Services of this host"})):
        (tmp_path / name).write_text(text, encoding="utf-8")
        found = {passage.title for passage in read_passages([str(tmp_path / name)])}
        assert all(any(each.startswith(title) for title in titles) for each in found), found


def test_a_title_above_a_table_is_no_header(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("# Source: a bank\n\nDate;IBM;AAPL\n1990-01-01;10.97;0.24\n", encoding="utf-8")
    [passage] = read_passages([str(tmp_path / "t.csv")])
    assert passage.text == "Date: 1990-01-01\nIBM: 10.97\nAAPL: 0.24"
    assert passage.title == "t – Source: a bank"


def test_a_cell_to_the_right_of_all_names_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("name,born\nAda,1815,London\n", encoding="utf-8")
    [passage] = read_passages([str(tmp_path / "t.csv")])
    assert passage.text == "name: Ada\nborn: 1815\ncolumn 3: London"


def test_a_table_of_one_column_has_no_title_above_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("name\nAda\nOle\n", encoding="utf-8")
    assert [passage.text for passage in read_passages([str(tmp_path / "t.csv")])] == ["name: Ada", "name: Ole"]
    (tmp_path / "u.csv").write_text("text\none, two\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="quote its text"):
        read_passages([str(tmp_path / "u.csv")])


def test_a_sheet_with_a_title_and_a_gap_above_its_table(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the documents extra is not installed")
    book = openpyxl.Workbook()
    for row in (["Budget 2024"], [], ["item", "cost"], ["bridge", 3_000_000], ["lamp", 20, "late"]):
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    found = read_passages([str(tmp_path / "b.xlsx")])
    assert [passage.text for passage in found] == [
        "item: bridge\ncost: 3000000",
        "item: lamp\ncost: 20\ncolumn 3: late",
    ]
    assert {passage.title for passage in found} == {"b – Sheet – Budget 2024"}
    assert [passage.metadata["row"] for passage in found] == [4, 5]
