"""Encoding a corpus: in shards, with a progress bar, going on where an interrupted run stopped."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import DamagedIndex, require
from ragcompress.core.types import Passage
from ragcompress.retriever.embed import Encoder, embed_texts, normalise
from ragcompress.retriever.identity import check_identity, identity
from ragcompress.retriever.store import replace_file
from ragcompress.retriever.table import SHARED

__all__ = ["SHARD", "encode_corpus", "encode_shared", "progress_bar"]

SHARD = 512  # passages: what an interruption can cost, some seconds of encoding
Vectors = NDArray[np.float32]


def encode_corpus(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    batch_size: int = 32,
    resume_folder: Path | None = None,
    advance: Callable[[int], None] | None = None,
) -> Vectors:
    """Encode texts, keeping every finished shard on disk when a folder is given.

    Shards are named by their texts: the same corpus, or one that starts the same, goes on where it stopped.
    The folder may be deleted once the index is saved.

    Returns:
        Unit rows, float32 ``[n, dim]``.

    Raises:
        EncoderMismatch: The shards in ``resume_folder`` are of another encoder.
    """
    if resume_folder is not None:
        _claim(resume_folder, encoder)
    out = np.zeros((len(texts), encoder.dim), dtype=np.float32)
    for start in range(0, len(texts), SHARD):
        shard = texts[start : start + SHARD]
        out[start : start + SHARD] = _shard(encoder, shard, batch_size, resume_folder, advance)
    return out


def encode_shared(
    encoder: Any,
    passages: Sequence[Passage],
    made: Callable[[Sequence[Passage]], Mapping[str, list[NDArray[Any]]]],
    advance: Callable[[int], None] | None = None,
) -> tuple[Vectors, dict[str, list[NDArray[Any]]]] | None:
    """Vectors and what is stored beside them, from one forward a passage.

    Args:
        encoder: Has ``embed_passages`` if its states are those that ``made`` reads.
        passages: What to encode, some at a time, so that their states are still in the encoder's cache.
        made: What the makers of sidecars compute, by name; nothing where there are none.
        advance: Told the number of passages done after every step.

    Returns:
        Unit rows and the arrays by name; None for any other encoder, or where nothing is stored beside the vectors.
    """
    embed = getattr(encoder, "embed_passages", None)
    if embed is None or not made([]):
        return None
    vectors = np.zeros((len(passages), encoder.dim), dtype=np.float32)
    arrays: dict[str, list[NDArray[Any]]] = {name: [] for name in made([])}
    for at in range(0, len(passages), SHARED):
        part = passages[at : at + SHARED]
        vectors[at : at + SHARED] = normalise(embed(part))
        for name, own in made(part).items():
            arrays[name] += own
        if advance is not None:
            advance(len(part))
    return vectors, arrays


def _claim(folder: Path, encoder: Encoder) -> None:
    """Write down whose shards these are, or check that they are this encoder's."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "encoder.json"
    if not path.exists():
        replace_file(path, json.dumps(identity(encoder)).encode())
        return
    try:
        saved = json.loads(path.read_bytes())
        check_identity(saved, encoder, where=folder)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedIndex(f"{path} can't be read; delete the folder {folder} and build again") from error


def _shard(
    encoder: Encoder,
    texts: Sequence[str],
    batch_size: int,
    folder: Path | None,
    advance: Callable[[int], None] | None,
) -> Vectors:
    if folder is None:
        return embed_texts(encoder, texts, batch_size=batch_size, advance=advance)
    digest = hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()
    path = folder / f"shard-{digest[:32]}.npy"
    done = _read_shard(path, (len(texts), encoder.dim))
    if done is not None:
        if advance is not None:
            advance(len(texts))
        return done
    vectors = embed_texts(encoder, texts, batch_size=batch_size, advance=advance)
    body = io.BytesIO()
    np.save(body, vectors)
    payload = body.getvalue()
    replace_file(path, payload + hashlib.sha256(payload).digest())
    return vectors


def _read_shard(path: Path, shape: tuple[int, int]) -> Vectors | None:
    """A finished shard, or None when it is absent or damaged: then it is encoded again."""
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(body[:-32]).digest() != body[-32:]:
        return None
    vectors: Vectors = np.load(io.BytesIO(body[:-32]), allow_pickle=False)
    return vectors if vectors.shape == shape else None


@contextmanager
def progress_bar(label: str, total: int, *, shown: bool) -> Iterator[Callable[[int], None] | None]:
    """A rich bar on stderr, or a line there now and then where it is no terminal; None when it is not shown.

    Raises:
        MissingExtra: ``rich`` is not installed.
    """
    if not shown:
        yield None
        return
    if not sys.stderr.isatty():
        yield _Lines(label, total)
        return
    rich, console = require("rich.progress", "cli"), require("rich.console", "cli")
    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=console.Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        yield lambda n: bar.advance(task, n)


class _Lines:
    """Progress for a log: how far it is, at most every ten seconds; nothing at all about what is done sooner."""

    def __init__(self, label: str, total: int, pause: float = 10.0) -> None:
        self.label, self.total, self.pause = label, total, pause
        self.done, self.began, self.said = 0, time.monotonic(), time.monotonic()

    def __call__(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if now - self.said < self.pause or not self.done:
            return
        self.said = now
        left = (now - self.began) / self.done * (self.total - self.done)
        share = f"{self.done / self.total:.0%}" if self.total else ""
        print(f"{self.label}: {self.done:,} of {self.total:,} ({share}), about {left:.0f} s left", file=sys.stderr)
