"""What was precomputed for a passage, as the bytes that stores keep beside it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.types import Passage
from ragcompress.retriever.sidecar import SidecarMaker

__all__ = ["mark", "packed", "sidecar_bytes", "unpacked"]


def sidecar_bytes(makers: Sequence[SidecarMaker], passages: Sequence[Passage]) -> list[bytes | None]:
    """What the makers compute for each passage, as stores keep it."""
    made = {mark(maker): maker(passages) for maker in makers}
    return [packed({name: arrays[at] for name, arrays in made.items()}) for at in range(len(passages))]


def mark(maker: Any) -> str:
    """Names an array with what made it, so that another encoder's states are passed over."""
    return f"{maker.name}|{maker.fingerprint}"


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes | None:
    """Arrays by name as the bytes of an ``.npz`` file; None when there are none."""
    if not arrays:
        return None
    body = io.BytesIO()
    np.savez(body, allow_pickle=False, **arrays)
    return body.getvalue()


def unpacked(body: bytes | None) -> dict[str, NDArray[Any]]:
    """What `packed` packed."""
    if body is None:
        return {}
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
