"""Bits flipped in every file of an index: each must be seen, as an error with a name."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from ragcompress.core.errors import BadIndex
from ragcompress.core.types import Passage
from ragcompress.retriever import HybridRetriever

from .figures import Figure, Hashing, Lengths, text_of

__all__ = ["flips"]


def flips(per_file: int, *, seed: int = 0) -> Figure:
    """Flip one bit at a time, at the start, the end and random places of every file."""
    draw, bad, tried, files = Random(seed), list[str](), 0, set[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = HybridRetriever.build(
            [Passage(text_of(str(at)), id=str(at)) for at in range(40)], Hashing(), precompute=[Lengths()], kind="hnsw"
        )
        made.save(folder)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            body = path.read_bytes()
            files.add(path.name)
            for place in [0, len(body) - 1, *(draw.randrange(len(body)) for _ in range(per_file - 2))]:
                changed = bytearray(body)
                changed[place] ^= 1 << draw.randrange(8)
                path.write_bytes(changed)
                tried += 1
                try:
                    HybridRetriever.load(folder, Hashing())
                    bad.append(f"{path.name} at {place}: not seen")
                except BadIndex:
                    pass
                except Exception as error:
                    bad.append(f"{path.name} at {place}: {type(error).__name__}")
            path.write_bytes(body)
        HybridRetriever.load(folder, Hashing())
    return Figure("bits flipped in an index", tried, len(bad), "; ".join(bad[:2]) or f"in {len(files)} kinds of files")
