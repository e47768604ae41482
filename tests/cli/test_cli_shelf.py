"""``index`` over a mixed folder, ``--update``, ``info``, ``add``, ``delete``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ragcompress.cli.app import app

pytest.importorskip("faiss", reason="the retriever needs the extra 'retrieval'")


def run(*args: str) -> Result:
    return CliRunner().invoke(app, list(args))


def told(*args: str) -> Any:
    done = run(*args, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "tower.md": b"# Tower\n\nThe tower is 333 m high.\n",
        "staff.csv": b"id,name,salary\n1,Marguerite,5400\n2,Ole,4100\n",
        "more.csv": b"id,text\n1,The lake is deep.\n",
        "rows.jsonl": b'{"text": "The ferry sinks.", "id": "1"}\n',
        "bad.jsonl": b'{"text": "cut\n',
        "photo.png": b"\x89PNG\0\0",
        "core.bin": b"\0\1\2\3\4\5",
    }
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, data in files.items():
        (docs / name).write_bytes(data)
    return docs


def test_no_file_stops_the_others_and_each_is_named(folder: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "idx")
    done = run("index", str(folder), "--out", out)
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    assert "indexed 5 passages of 4 files" in said
    assert "skipped 3 files" in said
    for name in ("bad.jsonl", "photo.png", "core.bin"):
        assert name in said
    again = told("index", str(folder), "--out", out, "--exclude", "*.bin", "-x", "*.png")
    assert [each["file"].rpartition("/")[2] for each in again["skipped"]] == ["bad.jsonl"]
    assert "line 1 is not JSON" in again["skipped"][0]["why"]


def test_strict_stops_and_writes_nothing(folder: Path, tmp_path: Path) -> None:
    done = run("index", str(folder), "--out", str(tmp_path / "idx"), "--strict")
    assert done.exit_code == 2
    assert "bad.jsonl, line 1 is not JSON" in " ".join(done.stderr.split())
    assert not (tmp_path / "idx").exists()


def test_rows_with_one_id_are_all_kept(folder: Path, tmp_path: Path) -> None:
    told("index", str(folder), "--out", str(tmp_path / "idx"))
    found = told("retrieve", "-i", str(tmp_path / "idx"), "-q", "lake ferry", "-k", "9")
    ids = {each["id"] for each in found}
    assert len(ids) == 5
    assert {"1", f"{(folder / 'rows.jsonl').as_posix()}#1"} <= ids


def test_update_reads_only_what_has_changed(folder: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "idx")
    told("index", str(folder), "--out", out)
    (folder / "tower.md").write_text("# Tower\n\nThe tower is 334 m high.\n\nIt has lifts.\n", encoding="utf-8")
    (folder / "rows.jsonl").unlink()
    (folder / "new.txt").write_text("The bridge is new.", encoding="utf-8")
    done = told("index", str(folder), "--out", out, "--update")
    names = {key: [Path(name).name for name in done[key]] for key in ("new", "changed", "unchanged", "gone")}
    assert names["new"] == ["new.txt"]
    assert names["changed"] == ["tower.md"]
    assert sorted(names["unchanged"]) == ["more.csv", "staff.csv"]
    assert names["gone"] == ["rows.jsonl"]
    texts = {each["text"] for each in told("retrieve", "-i", out, "-q", "tower ferry bridge", "-k", "9")}
    assert any("334 m" in text for text in texts)
    assert not any("333 m" in text or "ferry" in text for text in texts)
    shown = run("index", str(folder), "--out", out, "--update").stdout
    assert "unchanged: 4 files" in shown
    assert "new: 0 files" in shown


def test_update_leaves_other_folders_alone_and_needs_an_index(folder: Path, tmp_path: Path) -> None:
    out, other = str(tmp_path / "idx"), tmp_path / "other"
    other.mkdir()
    (other / "x.txt").write_text("Elsewhere.", encoding="utf-8")
    assert run("index", str(folder), "--out", out, "--update").exit_code == 2
    told("index", str(folder), str(other), "--out", out)
    assert told("index", str(folder), "--out", out, "--update")["gone"] == []


def test_info_add_and_delete(folder: Path, tmp_path: Path) -> None:
    out, extra = str(tmp_path / "idx"), tmp_path / "extra.txt"
    told("index", str(folder), "--out", out)
    facts = told("info", out)
    assert (facts["passages"], facts["files"]) == (5, 4)
    assert facts["bytes"] > 0
    assert facts["by_file"][(folder / "staff.csv").as_posix()] == 2
    assert "5 passages of 4 files" in run("info", out).stdout
    extra.write_text("The quay is long.", encoding="utf-8")
    assert told("add", str(extra), "--index", out)["passages"] == 6
    assert told("add", str(extra), "--index", out)["passages"] == 6  # read again, not twice there
    assert told("delete", (folder / "staff.csv").as_posix(), "extra.txt#1", "--index", out)["deleted"] == 3
    refused = run("delete", "nobody", "--index", out)
    assert refused.exit_code == 2
    assert "nothing was deleted" in " ".join(refused.stderr.split())
    assert told("info", out)["passages"] == 3
