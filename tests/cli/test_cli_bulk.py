"""``ragcompress bulk`` as a process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import NOTES, QUESTION, process

ROWS = [
    {"id": f"r{at}", "query": "Who wrote it?", "passages": [f"Ada wrote it in {at}. It rained."]} for at in range(9)
]


def test_compress_resumes_and_refuses(tmp_path: Path) -> None:
    source, out, job = tmp_path / "in.jsonl", tmp_path / "out.jsonl", tmp_path / "job"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    command = ["bulk", "compress", str(source), str(out), "--method", "lexical", "--job", str(job)]
    done = process(*command, "--budget", "8", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert (told["rows"], told["new"], told["failed"], told["engine"]) == (9, 9, 0, "in this process")
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    assert all(row["tokens_out"] <= 8 for row in rows)
    again = process(*command, "--budget", "8")
    assert "9 rows (0 new, 0 with an error) in this process" in again.stderr.decode()
    other = process(*command, "--budget", "9")
    assert other.returncode == 2
    assert "belongs to another job: its budget is 8, this one's 9" in " ".join(other.stderr.decode().split())


def test_bad_input(tmp_path: Path) -> None:
    done = process("bulk", "compress", str(tmp_path / "none.csv"), str(tmp_path / "out.csv"), "--budget", "8")
    assert done.returncode == 2
    assert "no file or folder" in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_place_of_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("lancedb", reason="needs the extra lancedb")
    (tmp_path / "notes.md").write_text(NOTES)
    store = f"lancedb:{tmp_path / 'store'}#notes"
    for written in (1, 1):  # again is no harm
        done = process("index", str(tmp_path / "notes.md"), "--store", store, "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["passages"] == told["written"] >= written
    done = process("ask", QUESTION, "--store", store, "--budget", "14", "--json")
    assert done.returncode == 0, done.stderr
    assert "1843" in json.loads(done.stdout)["context"]["text"]
    for wrong, why in (("lancedb:" + str(tmp_path / "none"), "there is no table"), ("mysql://x", "is no store")):
        done = process("ask", QUESTION, "--store", wrong)
        assert done.returncode == 2
        assert why in " ".join(done.stderr.decode().split())
