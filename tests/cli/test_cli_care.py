"""``ragcompress index verify DIR`` and ``repair DIR``; a folder called verify can still be indexed."""

from __future__ import annotations

import json
from pathlib import Path

from cli_helpers import NOTES, process


def test_an_index_is_verified_mended_and_verified_again(tmp_path: Path) -> None:
    (tmp_path / "verify").mkdir()
    (tmp_path / "verify" / "notes.txt").write_text(NOTES)
    made = process("index", "verify", "--out", "made.index", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    whole = process("index", "verify", "made.index", "--json", cwd=tmp_path)
    assert (whole.returncode, json.loads(whole.stdout)["whole"]) == (0, True)
    path = next((tmp_path / "made.index").rglob("starts.npy"))
    path.write_bytes(b"nonsense")
    bad = process("index", "verify", "made.index", cwd=tmp_path)
    assert bad.returncode == 1
    assert b"starts.npy" in bad.stdout
    assert b"index repair made.index" in bad.stdout
    mended = process("index", "repair", "made.index", cwd=tmp_path)
    assert mended.returncode == 0, mended.stderr
    assert b"indexed again" in mended.stdout
    assert process("index", "verify", "made.index", cwd=tmp_path).returncode == 0
    assert process("retrieve", "Who wrote it?", "--index", "made.index", cwd=tmp_path).returncode == 0


def test_no_index_to_verify(tmp_path: Path) -> None:
    done = process("index", "verify", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert b"there is no index" in done.stderr
