"""The files in ``ragcompress/weights``: read once they are, byte for byte, those that were released.

``weights.sha256`` beside the folder names them with their checksums, as ``sha256sum`` writes and reads them;
``python -m pipelines.proofs.checksums --write`` makes it anew where a file was trained or exported again.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib import resources
from typing import Any

from ragcompress.core.errors import ModelError

__all__ = ["checked", "shipped", "sums"]


def shipped(name: str) -> bytes:
    """The bytes of ``weights/name``.

    Raises:
        ModelError: The file is missing, or is another than the one that was released.
    """
    return checked(resources.files("ragcompress").joinpath("weights", name))


def checked(file: Any) -> bytes:
    """The bytes of a file; of one that ships, only if its SHA-256 is the one that was released.

    Raises:
        ModelError: The file is missing, or is another than the one that was released.
    """
    own = resources.files("ragcompress").joinpath("weights", file.name)
    try:
        data: bytes = _joined(file.name) if file == own and not file.is_file() else file.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"the file {file} is missing from the package; install the published wheel again") from error
    if file != own:
        return data  # somebody's own
    found, wanted = hashlib.sha256(data).hexdigest(), sums().get(file.name, "no checksum")
    if found != wanted:
        raise ModelError(
            f"weights/{file.name} is not the file that was released: its SHA-256 is {found[:16]}…, not {wanted[:16]}…; "
            "install the package again (if you trained it: python -m pipelines.proofs.checksums --write)"
        )
    return data


def _joined(name: str) -> bytes:
    """A file that a wheel holds as ``name.cut``: one line says where its middle stands in another, the rest follows."""
    folder = resources.files("ragcompress").joinpath("weights")
    line, _, rest = folder.joinpath(f"{name}.cut").read_bytes().partition(b"\n")
    how = json.loads(line)
    middle = folder.joinpath(how["of"]).read_bytes()[how["start"] : how["start"] + how["size"]]
    return b"".join((rest[: how["at"]], middle, rest[how["at"] :]))


@lru_cache(maxsize=1)
def sums() -> dict[str, str]:
    """File name to SHA-256, of all files that ship."""
    text = resources.files("ragcompress").joinpath("weights.sha256").read_text(encoding="utf-8")
    return {
        name.removeprefix("weights/"): digest for digest, name in (line.split("  ", 1) for line in text.splitlines())
    }
