"""Named errors, one tree.

    RagCompressError
    ├── InvalidInput        a value of the wrong type or range (also a ValueError)
    ├── MissingExtra        an optional package is not installed (also an ImportError)
    ├── ModelError          a model or encoder can't be loaded or gave an unusable answer
    ├── BadIndex           the root of what can be wrong with a saved index
    │   ├── DamagedIndex    a file is missing, truncated or fails its checksum
    │   ├── EncoderMismatch the index was built with another encoder
    │   └── NewerFormat     the index was written by a newer version
    ├── StoreError          a vector database can't be reached, or refused what it was asked
    └── CompressionFailed   a compressor raised or ran out of time, and the caller asked for strictness

Every message says what was wrong, both numbers where there are two, and what to do next.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = [
    "BadIndex",
    "CompressionFailed",
    "DamagedIndex",
    "EncoderMismatch",
    "InvalidInput",
    "MissingExtra",
    "ModelError",
    "NewerFormat",
    "RagCompressError",
    "StoreError",
    "require",
]


class RagCompressError(Exception):
    """The root of every error this package raises on purpose."""


class InvalidInput(RagCompressError, ValueError):
    """An argument has the wrong type or an impossible value."""


class MissingExtra(RagCompressError, ImportError):
    """An optional dependency is not installed."""


class ModelError(RagCompressError):
    """A model can't be loaded, or what it returned can't be used."""


class BadIndex(RagCompressError):
    """Something is wrong with a saved index."""


class DamagedIndex(BadIndex):
    """A file of the index is missing, truncated or fails its checksum."""


class EncoderMismatch(BadIndex):
    """The index was built with another encoder than the one at hand."""


class NewerFormat(BadIndex):
    """The index was written by a newer ragcompress than this one."""


class StoreError(RagCompressError):
    """A vector database can't be reached, or refused what it was asked."""


class CompressionFailed(RagCompressError):
    """A compressor failed or ran out of time under ``on_error="raise"``."""


def require(module: str, extra: str) -> Any:
    """Import an optional module, or say which pip line installs it.

    Args:
        module: Dotted module name, such as ``"faiss"``.
        extra: The extra of this distribution that carries it, such as ``"retrieval"``.

    Raises:
        MissingExtra: The module is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name.split(".")[0]):
            raise  # a broken install of the module itself: its own message says more
        raise MissingExtra(
            f"this needs the package {error.name!r}, which is not installed: {pip_line(extra)}"
        ) from error


def pip_line(extra: str) -> str:
    """What installs an extra: from the checkout where this is one, else from the package index."""
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "constraints.txt").is_file():
        return f"pip install -c constraints.txt '.[{extra}]' in {checkout}"
    return f"pip install 'ragcompress-kit[{extra}]'"
