"""What a trial found, and the small things that several trials share."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.types import Passage

__all__ = ["Figure", "Hashing", "Lengths", "pin_store", "text_of"]

DIM = 32


class Figure(NamedTuple):
    """One line of the table.

    Attributes:
        name: What was tried.
        tried: How often.
        lost: How often it went wrong; the promise is 0.
        note: What a reader must know of it; the first thing that went wrong, where something did.
    """

    name: str
    tried: int
    lost: int
    note: str = ""


class Hashing:
    """A quick encoder whose vector for a text is its own: what is proved is the store, not a model."""

    fingerprint = "hashing:32"
    dim = DIM

    def encode(self, texts: Sequence[str], **_: Any) -> NDArray[np.float32]:
        """Unit vectors [texts, 32], drawn from each text's checksum."""
        rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=DIM) for text in texts]
        found = np.array(rows, dtype=np.float32).reshape(len(texts), DIM)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


class Lengths:
    """A maker of a sidecar: the lengths of a passage's words."""

    name = "lengths"
    fingerprint = "lengths:1"

    def __call__(self, passages: Sequence[Passage]) -> list[NDArray[Any]]:
        """One row of numbers per passage."""
        return [np.array([len(word) for word in passage.text.split()], dtype=np.int32) for passage in passages]

    def recall(self, passages: Sequence[Passage], arrays: Sequence[NDArray[Any]]) -> None:
        """Nothing reads them."""


def text_of(name: str) -> str:
    """A text that only this name has."""
    return f"the text that is called {name}"


def pin_store(folder: Path) -> Any:
    """The service's store in a folder, as it stands there."""
    from ragcompress.service.settings import Settings
    from ragcompress.service.store import Store

    return Store(Settings(store=folder / "pins.db"))
