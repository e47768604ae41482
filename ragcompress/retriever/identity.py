"""Which encoder an index belongs to: known by what it does to a few probe texts, not by its name.

A port of the same model to another runtime passes; another seed of the same class doesn't.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import EncoderMismatch
from ragcompress.retriever.embed import Encoder, embed_texts

__all__ = ["check_identity", "identity", "probe", "same_probe"]

Vectors = NDArray[np.float32]

PROBES = (
    "The encoder of an index is known by what it does to these texts.",
    "In 1969, 600 million people watched; the mission cost $25.4 billion.",
    "def f(x): return x ** 2",
    "東京は日本の首都です。 Москва. ¿Qué hora es?",
)
FORMER = "all-MiniLM-L6-v2:mean:l2:256"  # the default until its float graph no longer shipped
SAME_COSINE = 0.995  # float32 against float16 or another runtime: above 0.999; another model: near 0


def identity(encoder: Encoder) -> dict[str, Any]:
    """What a saved index says of its encoder: fingerprint, dimension and the vectors of the probe texts."""
    return {
        "name": repr(encoder)[:200],
        "fingerprint": encoder.fingerprint,
        "dim": encoder.dim,
        "probe": [[round(float(x), 5) for x in row] for row in probe(encoder)],
    }


def check_identity(saved: Mapping[str, Any], encoder: Encoder, *, where: Path | str) -> None:
    """Refuse an encoder that would put questions into another space than the passages.

    Equal fingerprints are believed; otherwise the encoder must give the probe texts the same vectors.

    Raises:
        EncoderMismatch: It is another encoder; the message names both.
    """
    if saved["fingerprint"] and saved["fingerprint"] == encoder.fingerprint:
        return
    if encoder.dim != saved["dim"]:
        reason = f"its vectors have {encoder.dim} dimensions, the index has {saved['dim']}"
    elif not same_probe(probe(encoder), np.asarray(saved["probe"], dtype=np.float32)):
        reason = "it gives other vectors to the same texts"
    else:
        return
    raise EncoderMismatch(
        f"{where} was built with {saved['name']}, not with {encoder!r}: {reason}. "
        f"Pass the encoder it was built with{_way_out(saved)}, or build the index again"
    )


def _way_out(saved: Mapping[str, Any]) -> str:
    """How to name an encoder that was the default of an earlier version."""
    if saved["fingerprint"] == FORMER:
        return ' (encoder="all-MiniLM-L6-v2", with the extra "retrieval")'
    return ' (encoder="minilm")' if saved["fingerprint"].startswith("all-MiniLM-L6-v2:int8") else ""


def probe(encoder: Encoder) -> Vectors:
    """The encoder's unit vectors of the probe texts, float32 ``[4, dim]``."""
    return embed_texts(encoder, PROBES, batch_size=len(PROBES))


def same_probe(a: Vectors, b: Vectors) -> bool:
    """Whether two encoders gave the same vectors to the probe texts (cosine above 0.995, or both zero)."""
    if a.shape != b.shape:
        return False
    cosine = (a.astype(np.float64) * b).sum(axis=1)
    both_zero = ~a.any(axis=1) & ~b.any(axis=1)
    return bool(((cosine > SAME_COSINE) | both_zero).all())
