"""Frozen states of the training pool on disk, so that training never runs the lower layers again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.types import Passage
from ragcompress.models.encoders import Encoded
from ragcompress.training.labeller.data import PoolPassage

__all__ = ["StateStore", "build_store", "encoder"]


_FILES: dict[str, tuple[type[np.generic], int]] = {
    "middle": (np.float16, 384),
    "last": (np.float16, 384),
    "offsets": (np.int32, 2),
    "ids": (np.int32, 1),
}


@dataclass(frozen=True, slots=True, eq=False)
class StateStore:
    """Memory-mapped states: the tokens of passage ``p`` are ``starts[p]:starts[p + 1]``.

    Attributes:
        middle: Middle states, float16 [tokens, width].
        last: Last states, float16 [tokens, width].
        offsets: Character offsets, int32 [tokens, 2]; -1 for special and title tokens.
        ids: Vocabulary numbers, int32 [tokens].
        starts: int64 [passages + 1].
        vectors: Mean-pooled normalised last states, float32 [passages, width].
    """

    middle: NDArray[np.float16]
    last: NDArray[np.float16]
    offsets: NDArray[np.int32]
    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    vectors: NDArray[np.float32]

    @staticmethod
    def is_whole(folder: Path) -> bool:
        """Whether `build_store` finished there."""
        return (folder / "starts.npy").exists()

    @classmethod
    def open(cls, folder: Path) -> StateStore:
        """Map a store that `build_store` finished."""
        names = (*_FILES, "starts", "vectors")
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names))

    def encoded(self, passage: int) -> Encoded:
        """One passage as the encoder gives it."""
        rows = slice(int(self.starts[passage]), int(self.starts[passage + 1]))
        return Encoded(
            np.array(self.last[rows], dtype=np.float32),
            np.array(self.middle[rows], dtype=np.float32),
            np.array(self.offsets[rows], dtype=np.int64),
            np.array(self.ids[rows], dtype=np.int64),
        )


def encoder(threads: int = 1) -> Any:
    """The package's own frozen encoder with few threads: states as the runtime will see them."""
    from importlib import resources

    from ragcompress.core.budget import embedded_tokenizer
    from ragcompress.models.encoders import OnnxEncoder
    from ragcompress.models.sessions import session

    name = "encoder-int8.onnx"
    graph = resources.files("ragcompress").joinpath("weights", name).read_bytes()
    return OnnxEncoder(session(graph, threads=threads), embedded_tokenizer(), name)


def build_store(pool: Sequence[PoolPassage], folder: Path, *, workers: int) -> None:
    """Encode every passage once, in ``workers`` processes, and write the store."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(passage.title, passage.text) for passage in pool]
    sizes: list[int] = []
    vectors: list[Any] = []
    with ExitStack() as stack:
        processes = stack.enter_context(get_context("spawn").Pool(workers, initializer=_start))
        files = [stack.enter_context(open(folder / f"{name}.raw", "wb")) for name in _FILES]
        for *arrays, vector in processes.imap(_encode, jobs, chunksize=64):
            for file, array in zip(files, arrays, strict=True):
                file.write(array.tobytes())
            sizes.append(len(arrays[0]))
            vectors.append(vector)
            if len(sizes) % 2000 == 0:
                print(f"{len(sizes)}/{len(jobs)} passages, {sum(sizes)} tokens", flush=True)
    for name, (dtype, width) in _FILES.items():
        raw = np.memmap(folder / f"{name}.raw", dtype=dtype, mode="r")
        np.save(folder / f"{name}.npy", raw.reshape(-1, width) if width > 1 else raw)
        (folder / f"{name}.raw").unlink()
    np.save(folder / "vectors.npy", np.stack(vectors))
    np.save(folder / "starts.npy", np.cumsum([0, *sizes]))  # last: its presence says the store is whole


_ENCODER: Any = None


def _start() -> None:
    global _ENCODER
    _ENCODER = encoder()


def _encode(job: tuple[str, str]) -> tuple[Any, ...]:
    title, text = job
    states = _ENCODER.passages([Passage(text, title=title)])[0]
    vector = states.last.mean(0)
    return (
        states.middle.astype(np.float16),
        states.last.astype(np.float16),
        states.offsets.astype(np.int32),
        states.ids.astype(np.int32),
        (vector / np.linalg.norm(vector)).astype(np.float32),
    )
