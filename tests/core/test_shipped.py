"""What ships is checked when it is read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipelines.proofs.checksums import LIST, written
from ragcompress.core import shipped as room
from ragcompress.core.errors import ModelError
from ragcompress.core.shipped import checked, shipped, sums


def test_the_list_says_what_ships():
    assert LIST.read_text(encoding="utf-8") == written()


def test_a_file_that_was_released_is_read():
    assert shipped("labeller.json").startswith(b"{")
    with pytest.raises(ModelError, match=r"no-such\.onnx is missing"):
        shipped("no-such.onnx")


def test_another_file_is_refused(monkeypatch):
    monkeypatch.setattr(room, "sums", lambda: {**sums(), "labeller.json": "0" * 64})
    with pytest.raises(ModelError, match="not the file that was released"):
        shipped("labeller.json")


def test_somebodys_own_file_is_read_as_it_is(tmp_path: Path):
    (tmp_path / "labeller.json").write_bytes(b"{}")
    assert checked(tmp_path / "labeller.json") == b"{}"


def test_a_file_that_a_wheel_holds_cut_is_whole_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As `hatch_build` writes it."""
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "other.onnx").write_bytes(b"head TABLE tail")
    (weights / "mine.onnx.cut").write_bytes(b'{"of": "other.onnx", "start": 5, "size": 5, "at": 2}\nab' + b"\ncd")
    monkeypatch.setattr(room.resources, "files", lambda package: tmp_path)
    monkeypatch.setattr(room, "sums", lambda: {"mine.onnx": hashlib.sha256(b"abTABLE\ncd").hexdigest()})
    assert shipped("mine.onnx") == b"abTABLE\ncd"
