"""multilingual-e5-small (MIT) as it ships: a hundred languages, its pieces product-quantised, its layers in int8.

Its authors taught it to see ``query:`` or ``passage:`` in front of a text; the encoder puts them there.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Mapping
from functools import lru_cache, partial
from importlib import resources
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from ragcompress.core.forks import Lock, cached_property
from ragcompress.core.shipped import checked, shipped
from ragcompress.models.encoders import OnnxEncoder
from ragcompress.models.labeller.runtime import JointModel
from ragcompress.models.pieces import PieceTable
from ragcompress.models.sessions import LateSession, Shared

__all__ = [
    "MULTILINGUAL",
    "PREFIXES",
    "PieceGraph",
    "multilingual",
    "multilingual_labeller",
    "ships_multilingual",
    "twin",
]

MULTILINGUAL = "multilingual-e5-small"
GRAPH, PIECES, TOKENIZER = "e5-encoder.onnx", "e5-pieces.npz", "e5-tokenizer.json.gz"
JOINT, SETTINGS = "e5-labeller.onnx", "e5-labeller.json"
PREFIXES = ("query:", "passage:")
_READING = Lock()


class PieceGraph(Shared):
    """A graph that reads pieces' vectors, called with their numbers: the table is read in numpy.

    Args:
        folder: With the graph and the table; read when it first runs.
    """

    def __init__(self, folder: Any) -> None:
        self._folder = folder
        self.of(PieceGraph, folder)
        self._graph = LateSession(partial(checked, folder.joinpath(GRAPH)))

    @cached_property
    def _table(self) -> PieceTable:
        return PieceTable.load(io.BytesIO(checked(self._folder.joinpath(PIECES))))

    @cached_property
    def checksum(self) -> str:
        """Of the graph and of the pieces."""
        codes = hashlib.sha256(self._table.codes.tobytes()).hexdigest()[:8]
        return f"{self._graph.checksum}{codes}"

    def run(self, names: list[str], feeds: Mapping[str, Any]) -> Any:
        """As `LateSession.run`, of a graph with the input ``input_ids``."""
        return self._graph.run(names, {"embeddings": self._table.rows(feeds["input_ids"])})


def ships_multilingual() -> bool:
    """Whether the files are there."""
    folder = resources.files("ragcompress").joinpath("weights")
    return all(folder.joinpath(name).is_file() for name in (GRAPH, PIECES, TOKENIZER, SETTINGS))


def twin(encoder: Any) -> OnnxEncoder | None:
    """The multilingual encoder in place of the embedded English one; None for others, or where it does not ship."""
    return multilingual() if encoder is OnnxEncoder.embedded() and ships_multilingual() else None


def multilingual(folder: Path | None = None) -> OnnxEncoder:
    """The multilingual encoder that ships, one shared instance; or the one in ``folder``."""
    return _shipped() if folder is None else _read(folder)


@lru_cache(maxsize=2)
def multilingual_labeller(*, student: bool = False) -> JointModel:
    """The labeller that ships for this encoder, or its student; shared instances."""
    if student:
        return multilingual_labeller().student().of(_labeller, True)
    return JointModel(LateSession(partial(shipped, JOINT)), json.loads(shipped(SETTINGS))).of(_labeller, False)


def _labeller(student: bool) -> JointModel:
    return multilingual_labeller(student=student)


@lru_cache(maxsize=1)
def _shipped() -> OnnxEncoder:
    return _read(resources.files("ragcompress").joinpath("weights")).of(_shipped)


def _read(folder: Any) -> OnnxEncoder:
    return OnnxEncoder(PieceGraph(folder), partial(_tokenizer, folder), MULTILINGUAL, prefixes=PREFIXES)


def _tokenizer(folder: Any) -> Any:
    """A quarter of a million pieces take a second and 300 MB: read when the first text comes, once for all threads."""
    with _READING:
        return _tokenizer_in(folder)


@lru_cache(maxsize=2)
def _tokenizer_in(folder: Any) -> Any:
    return unpacked(checked(folder.joinpath(TOKENIZER)))


def packed(tokenizer: dict[str, Any]) -> bytes:
    """A Unigram tokenizer's JSON, its pieces and the steps between their log-probabilities apart: a quarter smaller."""
    pieces, scores = zip(*tokenizer["model"]["vocab"], strict=True)
    thousandths = [round(score * 1000) for score in scores]
    steps = [now - before for before, now in pairwise([0, *thousandths])]
    bare = {**tokenizer, "model": {**tokenizer["model"], "vocab": None}}
    text = json.dumps([bare, pieces, steps], ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), 9, mtime=0)


def unpacked(data: bytes) -> Any:
    """The ``tokenizers.Tokenizer`` that `packed` made smaller, log-probabilities to three digits."""
    from tokenizers import Tokenizer
    from tokenizers.models import Unigram

    bare, pieces, steps = json.loads(gzip.decompress(data))
    model = bare["model"]
    made = Tokenizer.from_str(json.dumps({**bare, "model": {**model, "vocab": [], "unk_id": None}}))
    scores = (at / 1000 for at in accumulate(steps))
    made.model = Unigram(list(zip(pieces, scores, strict=True)), model["unk_id"], model.get("byte_fallback", False))
    return made
