"""Files of many formats into passages: what is in them is found, with its place; what is broken is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import make_files as make
import pytest

from ragcompress.core.errors import InvalidInput, RagCompressError
from ragcompress.core.types import Passage
from ragcompress.documents.files import read_files, read_passages
from ragcompress.documents.formats import READERS, page


def read(folder: Path, name: str, data: bytes) -> list[Passage]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return read_passages([str(path)])


def test_pdf_pages_are_numbered(tmp_path: Path) -> None:
    pytest.importorskip("pypdf", reason="the documents extra is not installed")
    first, second = read(tmp_path, "report.pdf", make.pdf("The bridge is 12 m wide.", "It was opened in 1931."))
    assert (first.text, first.metadata["page"]) == ("The bridge is 12 m wide.", 1)
    assert (second.title, second.id) == ("report – page 2", "report.pdf#2")
    assert (second.metadata["start"], second.metadata["end"]) == (0, len("It was opened in 1931."))
    with pytest.raises(InvalidInput, match="probably scanned"):
        read(tmp_path, "scan.pdf", make.pdf("", ""))


def test_word_headings_are_titles_and_tables_are_tables(tmp_path: Path) -> None:
    pytest.importorskip("docx", reason="the documents extra is not installed")
    [passage] = read(tmp_path, "handbook.docx", make.docx())
    assert passage.title.startswith("Handbook")
    assert "Doors close ten seconds before departure." in passage.text
    assert "| front | 90 cm |" in passage.text


def test_sheets_say_each_value_with_its_column(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl", reason="the documents extra is not installed")
    first, second = read(tmp_path, "staff.xlsx", make.xlsx())
    assert first.text == "name: Marguerite\nsalary: 5400\ncolumn 3: x"
    assert (second.text, second.title) == ("name: Ole\nsalary: 4100", "staff – Staff")
    assert (second.metadata["sheet"], second.metadata["row"], second.id) == ("Staff", 4, "staff.xlsx#Staff#4")


def test_slides_come_with_their_notes(tmp_path: Path) -> None:
    pytest.importorskip("pptx", reason="the documents extra is not installed")
    [passage] = read(tmp_path, "plan.pptx", make.pptx())
    assert passage.title == "plan – Budget"
    assert "3 million" in passage.text
    assert "Approved in June." in passage.text
    assert passage.metadata["slide"] == 1


def test_chapters_come_in_reading_order(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura", reason="the cli extra is not installed")
    first, second = read(tmp_path, "book.epub", make.epub())
    assert "five past six" in first.text
    assert "quarter to eleven" in second.text
    assert (second.title, second.metadata["chapter"]) == ("The Ferry – Evening", 2)


def test_mail_with_its_attachment(tmp_path: Path) -> None:
    message, row = read(tmp_path, "note.eml", make.eml())
    assert message.title == "Übergabe"
    assert "From: ada@example.org" in message.text
    assert "blue box" in message.text
    assert (row.text, row.id) == ("id: 7\nprice: 12.50", "note.eml/prices.csv#1")
    box = b"From ada Mon May  4 10:00:00 2026\n" + make.eml().replace(b"Subject", b"X-Old\nSubject", 1) + b"\n"
    assert {p.metadata.get("message") for p in read(tmp_path, "all.mbox", box * 2)} >= {1, 2}


def test_notebooks_keep_code_and_what_it_printed(tmp_path: Path) -> None:
    [passage] = read(tmp_path, "tides.ipynb", make.notebook())
    assert passage.title == "Tides"
    assert "```python\nhigh = 4.2" in passage.text
    assert "```\n4.2\n```" in passage.text


def test_parquet_rows(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the documents extra is not installed")
    [passage] = read(tmp_path, "pumps.parquet", make.parquet())
    assert passage.text == "pump: P-417\ncause: a seized bearing"


def test_files_in_archives_and_what_could_not_be_read_there(tmp_path: Path) -> None:
    data = make.zipped(docs__a_md="# Kites\n\nThey fly.", b_bin=b"\0\1\2\3", inner_zip=make.zipped(c_txt="Deep."))
    (tmp_path / "all.zip").write_bytes(data)
    content = read_files([str(tmp_path)])
    assert [(p.id, p.text) for p in content.passages] == [
        ("all.zip/docs/a.md#1", "# Kites\n\nThey fly."),
        ("all.zip/inner.zip/c.txt#1", "Deep."),
    ]
    [gone] = content.skipped
    assert gone.where.endswith("all.zip/b.bin")
    assert "no text" in gone.why
    [packed] = read(tmp_path, "x.tar.gz", make.tarred("notes/n.txt", b"In a tar file."))
    assert (packed.id, packed.text) == ("x.tar.gz/notes/n.txt#1", "In a tar file.")


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_BYTES", 10_000)
    with pytest.raises(InvalidInput, match="unpacks to 1,000,000 bytes"):
        read(tmp_path, "bomb.zip", make.zipped(zeros_txt=b"0" * 1_000_000))


@pytest.mark.parametrize("kind", sorted(READERS))
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not really", b"%PDF-1.4 cut", b"\xff\xd8\xff\0" * 50])
def test_broken_files_are_a_named_error_or_nothing(tmp_path: Path, kind: str, data: bytes) -> None:
    said = f"x{kind}"
    try:
        read(tmp_path, f"x{kind}", data)
    except RagCompressError as error:
        said = str(error)
    assert f"x{kind}" in said or "pip install" in said


def test_comments_are_no_headings_and_functions_are(tmp_path: Path) -> None:
    body = "\n".join(f"    step_{n} = {n}  # number {n}" for n in range(60))
    passages = read(
        tmp_path, "heap.py", f"# then sift down\n\ndef push(heap):\n{body}\n\ndef pop(heap):\n{body}\n".encode()
    )
    assert len(passages) > 2
    assert {p.title for p in passages} <= {"heap", "heap – push", "heap – pop"}
    assert passages[-1].title == "heap – pop"


@pytest.mark.parametrize(
    ("name", "text", "titles"),
    [
        ("g.rst", "Guide\n=====\n\nHello.\n\nInstall\n-------\n\n# no heading\n", ["g – Guide", "g – Install"]),
        ("p.tex", "\\section{Method}\nWe cut.\n\\subsection*{Data}\nTen texts.\n", ["p – Method", "p – Data"]),
        ("a.adoc", "== One\n\nText.\n\n== Two\n\nMore.\n", ["a – One", "a – Two"]),
    ],
)
def test_each_format_has_headings_of_its_own(tmp_path: Path, name: str, text: str, titles: list[str]) -> None:
    passages = read(tmp_path, name, text.encode())
    assert [p.title for p in passages] == titles
    assert all(text[p.metadata["start"] : p.metadata["end"]] == p.text for p in passages)


@pytest.mark.parametrize("name", ["a.log", "a.yaml", "a.py", "a.json", "a.unknown"])
def test_lines_are_whole_and_offsets_lead_back(tmp_path: Path, name: str) -> None:
    text = "".join(f"2025-03-0{n % 9} server-{n}: started after {n * 7} ms\n" for n in range(200))
    passages = read(tmp_path, name, text.encode())
    assert len(passages) > 5
    assert all(text[p.metadata["start"] : p.metadata["end"]] == p.text for p in passages)
    assert all(p.text.startswith("2025") and p.text.endswith("ms") for p in passages)


def test_json_is_cut_where_values_end(tmp_path: Path) -> None:
    pumps = ", ".join(f'{{"id": "P-{n}", "state": "{"running " * 12}"}}' for n in range(40))
    passages = read(tmp_path, "pumps.json", f'{{"site": "north", "pumps": [{pumps}]}}'.encode())
    assert passages[0].text == '"site": "north"'
    assert {p.title for p in passages[1:]} == {"pumps – pumps"}
    assert all(p.text.startswith('{"id"') and p.text.endswith("}") for p in passages[1:])


def test_excludes_are_those_of_gitignore(tmp_path: Path) -> None:
    pytest.importorskip("pathspec", reason="the cli extra is not installed")
    for name in ("a.md", "drafts/b.md", "c.log", "keep/c.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"Text of {name}.", encoding="utf-8")
    (tmp_path / ".ragcompressignore").write_text("drafts/\n", encoding="utf-8")
    assert [p.id for p in read_passages([str(tmp_path)], exclude=["*.log", "!keep/*.log"])] == [
        "a.md#1",
        "keep/c.log#1",
    ]


def test_one_bad_file_stops_nothing_unless_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"text": "cut\n', encoding="utf-8")
    (tmp_path / "good.txt").write_text("All well.", encoding="utf-8")
    content = read_files([str(tmp_path)])
    assert [p.text for p in content.passages] == ["All well."]
    assert "line 1 is not JSON" in content.skipped[0].why
    strict: Callable[[], object]
    for strict in (lambda: read_passages([str(tmp_path)]), lambda: read_files([str(tmp_path / "bad.jsonl")])):
        with pytest.raises(InvalidInput, match="line 1 is not JSON"):
            strict()
