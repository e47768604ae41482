"""Files, pages, tables and stores made to do harm: each is refused or read as what it is, and none passes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import struct
import tarfile
import zipfile
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ragcompress as rc
from ragcompress.bulk.columns import unformulated, write_rows
from ragcompress.core.errors import BadIndex, DamagedIndex, InvalidInput, ModelError, RagCompressError
from ragcompress.documents import limits
from ragcompress.documents.files import read_files, read_passages
from ragcompress.documents.formats import page as formats
from ragcompress.results.show import visible
from ragcompress.retriever.store import read_generation, write_generation

SMALL = 1 << 20  # the limit of these tests: bombs are small, too


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files may come to a megabyte, so that a bomb need not be large."""
    for module in ("formats.page", "formats.archive", "formats.parquet", "files"):
        monkeypatch.setattr(f"ragcompress.documents.{module}.MOST_BYTES", SMALL)
    monkeypatch.setattr(limits.Room.__init__, "__defaults__", (SMALL, SMALL))


def _zip(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def _tar(name: str, data: bytes, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        info = tarfile.TarInfo(name)
        info.size, info.type, info.linkname = len(data), kind, link
        file.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _lying_zip() -> bytes:
    """A zip file whose directory says that two megabytes are ten bytes."""
    data, real = bytearray(_zip(**{"a.txt": b"x" * (2 * SMALL)})), struct.pack("<I", 2 * SMALL)
    while (at := data.find(real)) >= 0:
        data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


def _nested(depth: int) -> bytes:
    data = b"It rained."
    name = "deep.txt"
    for _ in range(depth):
        data, name = _zip(**{name: data}), "in.zip"
    return data


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
BOMBS: dict[str, tuple[str, bytes]] = {
    "zip of one large file": ("a.zip", _zip(**{"a.txt": b"x" * (2 * SMALL)})),
    "zip that lies about sizes": ("a.zip", _lying_zip()),
    "zip of zips, each within the limit": (
        "a.zip", _zip(**{f"{n}.zip": _zip(**{"a.txt": b"x" * (SMALL - 4000)}) for n in range(4)})
    ),
    "gzip": ("a.txt.gz", gzip.compress(b"x" * (2 * SMALL))),
    "gzip in a zip": ("a.zip", _zip(**{"a.txt.gz": gzip.compress(b"x" * (2 * SMALL))})),
    "tar, packed": ("a.tar.gz", gzip.compress(_tar("a.txt", b"x" * (2 * SMALL)))),
    "many files in a zip": ("a.zip", _zip(**{f"{n}.txt": b"" for n in range(20_001)})),
    "CSV whose header is repeated in every row": (
        "a.csv", b",".join(b"%d" % n + b"x" * 5_000 for n in range(40)) + b"\n" + (b",".join([b"1"] * 40) + b"\n") * 40
    ),
    "CSV with a million columns": ("a.csv", b"," * 1_000_000 + b"\n" + b"," * 1_000_000),
    "docx with entities": ("a.docx", _zip(word__document_xml=b"", **{"word/document.xml": ENTITIES + b"<a>&b;</a>"})),
    "docx with entities in UTF-16": (
        "a.docx", _zip(**{"word/document.xml": "\ufeff".encode("utf-16-le") + ENTITIES.decode().encode("utf-16-le")})
    ),
    "docx with a cell of a billion columns": (
        "a.docx", _zip(**{"word/document.xml": b'<w:tc><w:tcPr><w:gridSpan w:val="1000000000"/></w:tcPr></w:tc>'})
    ),
    "pptx with entities": ("a.pptx", _zip(**{"ppt/slides/slide1.xml": ENTITIES + b"<a>&b;</a>"})),
    "xlsx with entities": ("a.xlsx", _zip(**{"xl/workbook.xml": ENTITIES + b"<a>&b;</a>"})),
    "xlsx with row a trillion": (
        "a.xlsx", _zip(**{"xl/worksheets/sheet1.xml": SHEET % b'<row r="999999999999"><c/></row>'})
    ),
    "epub with entities": ("a.epub", _zip(**{"META-INF/container.xml": ENTITIES + b"<a>&b;</a>"})),
    "epub with entities in UTF-16": (
        "a.epub", _zip(**{"META-INF/container.xml": ("\ufeff" + ENTITIES.decode()).encode("utf-16-le")})
    ),
}  # fmt: skip


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_with_a_reason(name, tmp_path):
    file, data = BOMBS[name]
    pytest.importorskip("trafilatura", reason="reads HTML")
    for package in ("docx", "pptx", "openpyxl") if file.endswith("x") else ():
        pytest.importorskip(package, reason="the documents extra is not installed")
    (tmp_path / file).write_bytes(data)
    with pytest.raises(InvalidInput, match=r"unpacks to|at most|declares|entities|9,999|no text|can't be read"):
        read_passages([str(tmp_path / file)])


DEEP = 100_000
BROKEN: dict[str, tuple[str, bytes]] = {
    "JSON nested without end": ("a.json", b"[" * DEEP),
    "JSON nested and closed": ("a.json", b"[" * DEEP + b"]" * DEEP),
    "JSON objects nested": ("a.json", b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    "JSON lines nested": ("a.jsonl", b"[" * DEEP + b"]" * DEEP),
    "a number of a million digits": ("a.json", b"[" + b"9" * 1_000_000 + b"]"),
    "a number of a million digits in a line": ("a.jsonl", b"9" * 1_000_000),
    "a number beyond floats": ("a.jsonl", b'{"text": "a", "score": 1e999999}'),
    "YAML nested": ("a.yaml", b"".join(b" " * n + b"a:\n" for n in range(2_000))),
    "YAML of aliases": ("a.yaml", b"a: &a [x]\n" + b"".join(b"b: &b [*a,*a,*a,*a]\n" for _ in range(200))),
    "brackets that never close": ("a.txt", b"([{<" * 25_000),
    "quotes that never close": ("a.json", b"[" + b'\\"' * 50_000),
    "a line of code that tries again": ("a.txt", b"x " + b"a&" * 40 + b";(={\n" + b"y = 1;\n" * 4),
    "tags nested": ("a.html", b"<div>" * 20_000 + b"It rained." + b"</div>" * 20_000),
    "tables nested": ("a.html", b"<table><tr><td>" * 2_000 + b"It rained."),
    "an HTML comment without end": ("a.html", b"<html><body><p>It rained.</p><!--" + b"<!--" * 20_000),
    "a notebook nested": ("a.ipynb", b'{"cells": ' + b"[" * DEEP + b"]" * DEEP + b"}"),
    "mail nested": ("a.eml", b'Content-Type: multipart/mixed; boundary="a"\n\n--a\n' * 500),
    "mail without an end of header": ("a.eml", b"Subject: " + b"x" * 200_000),
    "mail with a charset that is none": ("a.eml", b"Content-Type: text/plain; charset=\xff\x00\n\nIt rained."),
    "a PDF of nothing": ("a.pdf", b"%PDF-1.7\n" + b"1 0 obj <</Kids [1 0 R]>> endobj\n" * 50),
    "a Parquet file of nothing": ("a.parquet", b"PAR1" + b"\xff" * 100 + b"PAR1"),
    "a zip file of nothing": ("a.zip", b"PK\x05\x06" + b"\xff" * 18),
    "a zip file that holds itself three deep": ("a.zip", _nested(6)),
    "a million lines that are headings": ("a.md", b"# \n" * 100_000),
    "bars alone": ("a.txt", b"|" * 200_000),
    "blanks alone": ("a.txt", b" " * 200_000 + b"x"),
    "a CSV quote that never closes": ("a.csv", b'a,b\n"' + b"x\n" * 100_000),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_read_as_text_or_refused(name, tmp_path):
    file, data = BROKEN[name]
    (tmp_path / file).write_bytes(data)
    try:
        passages = read_files([str(tmp_path / file)]).passages
    except RagCompressError:
        return
    assert sum(len(passage.text) for passage in passages) <= 3 * len(data) + 1000


class _Tags(HTMLParser):
    """All tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


MARKUP = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><script>alert(1)</script>",
    "<svg/onload=alert(1)>", "</title><script>alert(1)</script>", "'-alert(1)-'", "<iframe src=//evil.test>",
    "<a href='javascript:alert(1)'>x</a>", "<base href=//evil.test>", "<meta http-equiv=refresh content=0>",
    "<form action=//evil.test><button>", "&lt;script&gt;", "<!--><script>alert(1)</script>-->",
    "<img src=//evil.test/pixel.gif>", "<style>@import '//evil.test'</style>", "<math><mtext><script>1</script>",
]  # fmt: skip


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_any_place_of_a_view_is_text(text):
    passages = [rc.Passage(f"It rained. {text} The sun shone.", id=text, title=text)]
    out = rc.compress(f"Who rained? {text}", passages, 0.5, "lexical")
    views = [out.to_html(), out._repr_html_(), out.context._repr_html_(), passages[0]._repr_html_()]
    for view in views:
        tags = _Tags(view).found
        assert not {tag for tag, _ in tags} & {"script", "img", "iframe", "svg", "base", "form", "a", "link", "math"}
        assert not [name for _, attributes in tags for name in attributes if name.startswith("on") or name == "src"]
    policy = [a.get("content") or "" for tag, a in _Tags(views[0]).found if a.get("http-equiv")]
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'")
    assert "script-src" not in policy[0]


TERMINAL = [
    "\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;http://evil.test\x07x\x1b]8;;\x07", "\x1b]52;c;ZXZpbA==\x07", "\x9b31m",
    "\x90q\x9c", "\x08\x08\x08ok", "\rok", "\x00", "\x7f", "\u202egnp.exe", "\u2066x\u2069", "\u200eab\u200f",
    "\ufeffx",
    "\u2028ok", "\u061cx", "\U000e0041\U000e0042", "\x1bP+q\x1b\\", "\x0e", "\x1b[6n",
]  # fmt: skip
UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\U000e0000-\U000e0fff]"
)


@pytest.mark.parametrize("text", TERMINAL)
def test_nothing_that_a_terminal_obeys_is_printed(text, capsys, tmp_path, monkeypatch):
    assert not UNSAFE.search(visible(f"a{text}b"))
    pytest.importorskip("typer", reason="the command line is not installed")
    from ragcompress.cli import main

    (tmp_path / "a.txt").write_text(f"It rained {text} all day. The sun shone.", encoding="utf-8", newline="")
    told = ["compress", f"Did it rain{text}?", "--keep", "0.6", "--method", "lexical", str(tmp_path / "a.txt")]
    monkeypatch.setattr("sys.argv", ["ragcompress", *told])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert not ended.value.code or "error" in said.err
    assert not UNSAFE.search(said.err)


@pytest.mark.parametrize(
    "cell", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|x", "\t=1", "\r=1", " =1+1", "=HYPERLINK(1)"]
)
def test_a_cell_is_no_formula(cell, tmp_path):
    assert unformulated(cell) == f"'{cell}"
    write_rows(tmp_path / "out.csv", [[{"text": cell, cell: "a"}]], {"text": "text", cell: "text"})
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        cells = [value for row in csv.reader(file) for value in row]
    assert not [value for value in cells if value.lstrip()[:1] in set("=@\t\r")]


@pytest.mark.parametrize("cell", ["-5", "+49 30 1234", "-1,200.50", "plain", "a=b", 3, -2.5, None, ""])
def test_numbers_and_plain_text_stay(cell):
    assert unformulated(cell) == cell or cell == "+49 30 1234"


def _forged(folder: Path, change: Any) -> None:
    """A saved index whose manifest was changed, with a checksum that fits."""
    import hashlib

    home = next(folder.glob("gen-*"))
    manifest = json.loads((home / "manifest.json").read_text())
    change(manifest)
    body = json.dumps(manifest).encode()
    (home / "manifest.json").write_bytes(body)
    (folder / "CURRENT").write_bytes(f"{home.name} {hashlib.sha256(body).hexdigest()}\n".encode())


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "..", ".", "", "sub/file", "a/b"])
def test_a_manifest_names_no_file_outside_its_folder(name, tmp_path):
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "index"
    write_generation(folder, {"a.bin": lambda path: path.write_bytes(b"a")}, {})

    def change(manifest: dict[str, Any]) -> None:
        manifest["files"][name] = {"bytes": 6, "sha256": "0" * 64}

    _forged(folder, change)
    with pytest.raises(DamagedIndex):
        read_generation(folder, lambda generation: generation.names, verify=False)


@pytest.mark.parametrize(
    "pointer", [b"../../etc x", b"gen-../../etc " + b"0" * 64 + b"\n", b"/etc " + b"0" * 64 + b"\n", b"\x00"]
)
def test_a_pointer_names_no_folder_outside(pointer, tmp_path):
    (tmp_path / "CURRENT").write_bytes(pointer)
    (tmp_path / "gen-1").mkdir()
    with pytest.raises(BadIndex):
        read_generation(tmp_path, lambda generation: generation.names)


def test_arrays_with_objects_are_not_loaded(tmp_path):
    from ragcompress.models.pieces import PieceTable

    class Harm:
        def __reduce__(self) -> Any:
            return (tmp_path.joinpath("harmed").write_text, ("x",))

    np.savez(tmp_path / "a.npz", codes=np.array([Harm()], dtype=object), codebooks=np.zeros(1))
    with pytest.raises(ValueError, match="pickle"):
        PieceTable.load(tmp_path / "a.npz")
    assert not (tmp_path / "harmed").exists()


def test_other_weights_are_not_loaded(monkeypatch):
    from ragcompress.core import shipped

    monkeypatch.setattr(shipped, "sums", lambda: {"encoder-int8.onnx": "f" * 64})
    with pytest.raises(ModelError, match="not the file that was released"):
        shipped.shipped("encoder-int8.onnx")


MEMBERS = [
    "../../evil.txt",
    "/etc/evil.txt",
    "..\\..\\evil.txt",
    "a/../../evil.txt",
    "C:\\evil.txt",
    "evil.txt\x00.png",
]


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_of_an_archive_is_written_nowhere(name, tmp_path, monkeypatch):
    inside = tmp_path / "in"
    inside.mkdir()
    monkeypatch.chdir(inside)
    (inside / "a.tar").write_bytes(_tar(name, b"It rained."))
    (inside / "a.zip").write_bytes(_zip(**{name: b"It rained."}))
    for file in ("a.tar", "a.zip"):
        with suppress(InvalidInput):
            read_files([file])
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tar", "a.zip", "in"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_an_archive_are_not_followed(kind, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "a.tar").write_bytes(_tar("a.txt", b"", kind, "secret.txt"))
    with pytest.raises(InvalidInput, match="no text"):
        read_files([str(tmp_path / "a.tar")])


def test_a_link_out_of_a_folder_is_named_and_not_read(tmp_path):
    (tmp_path / "secret.txt").write_text("The secret is out.")
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.txt").write_text("It rained.")
    (folder / "b.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "c.txt").symlink_to(folder / "a.txt")
    content = read_files([str(folder)])
    assert not any("secret" in passage.text for passage in content.passages)
    assert ["b.txt" in gone.where and "link out of its folder" in gone.why for gone in content.skipped] == [True]


SQL = [
    "' OR 1=1 --",
    "'; DROP TABLE originals; --",
    '" OR ""="',
    "x' UNION SELECT text FROM originals --",
    "%",
    "_",
    "\x00",
]


@pytest.mark.parametrize("name", SQL)
def test_a_name_is_no_sql(name, tmp_path):
    pytest.importorskip("starlette", reason="the service is not installed")
    from ragcompress.service.settings import Settings
    from ragcompress.service.store import Store

    store = Store(Settings(store=tmp_path / "s.db")) if "store" in Settings.__dataclass_fields__ else Store(Settings())
    try:
        assert store.original("somebody", name) is None
        assert store.original(name, "0" * 24) is None
    finally:
        store.close()


def test_formats_that_are_packed_are_looked_through():
    assert formats.MOST_BYTES == 512 << 20
    assert len(formats._REFUSED) == 3
