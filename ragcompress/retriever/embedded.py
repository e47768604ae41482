"""The encoders that ship in the package, run by onnxruntime without torch or network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import embedded_tokenizer
from ragcompress.core.forks import cached_property
from ragcompress.core.shipped import shipped
from ragcompress.core.types import Passage
from ragcompress.models.encoders import OnnxEncoder
from ragcompress.models.multilingual import PREFIXES, multilingual
from ragcompress.models.sessions import LateSession, run_all

__all__ = ["EmbeddedEncoder", "MultilingualEncoder"]

WINDOW = 256  # tokens, special ones included; the rest of a longer text is not seen, as in the original
LONG_WINDOW = 512  # the same of multilingual-e5-small
DIM = 384

Floats = NDArray[np.float32]


class MultilingualEncoder:
    """multilingual-e5-small: mean of the last token states, a hundred languages in one space.

    Questions and passages are encoded differently, as its authors taught it: with ``query:`` and ``passage:`` in front.
    Loaded at first use; one thread-safe session for the process, shared with compression.
    """

    dim = DIM

    def __repr__(self) -> str:
        return "MultilingualEncoder('multilingual-e5-small')"

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the weights."""
        return f"{multilingual().fingerprint}:mean:{LONG_WINDOW}"

    def embed(self, texts: Sequence[str]) -> Floats:
        """Encode passages: ``[n]`` texts -> float32 ``[n, 384]``, not normalised."""
        return self._means(PREFIXES[1], texts)

    def embed_query(self, texts: Sequence[str]) -> Floats:
        """Encode questions, alike."""
        return self._means(PREFIXES[0], texts)

    def _means(self, prefix: str, texts: Sequence[str]) -> Floats:
        """Means of the last states; zeros for blank texts, whose prefix alone would be near to everything."""
        said = [at for at, text in enumerate(texts) if text.strip()]
        pieces = (self._tokenizer.encode(f"{prefix} {texts[at]}").ids for at in said)
        feeds = [{"input_ids": np.array([ids], dtype=np.int64)} for ids in pieces]
        found = np.zeros((len(texts), DIM), dtype=np.float32)
        for at, (last,) in zip(said, run_all(multilingual().graph, ["last"], feeds), strict=True):
            found[at] = last[0].mean(axis=0)
        return found

    @cached_property
    def _tokenizer(self) -> Any:
        return _clipped(multilingual().tokenizer, LONG_WINDOW)


class EmbeddedEncoder:
    """all-MiniLM-L6-v2: mean of the last token states; English, and half the work of `MultilingualEncoder`.

    Its vectors are those of the int8 graph, 0.98 by cosine to the original's. Loaded at first use; one thread-safe
    session per instance.
    """

    dim = DIM
    fingerprint = "all-MiniLM-L6-v2:int8:mean:l2:256"

    def __getstate__(self) -> dict[str, Any]:
        return {}  # loaded again where it is wanted

    def __repr__(self) -> str:
        return "EmbeddedEncoder('all-MiniLM-L6-v2')"

    @cached_property
    def _graph(self) -> Any:
        return LateSession(partial(shipped, "encoder-int8.onnx"))

    @cached_property
    def _tokenizer(self) -> Any:
        return _clipped(embedded_tokenizer(), WINDOW)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Encode: ``[n]`` texts -> float32 ``[n, 384]``, not normalised.

        One text per forward and core: on a CPU a padded batch is slower (measured: 19.8 texts per second alone, 10.8
        by 32).
        """
        rows = [np.array([self._tokenizer.encode(text).ids], dtype=np.int64) for text in texts]
        feeds = [{"input_ids": ids, "attention_mask": np.ones_like(ids)} for ids in rows]
        found = [last[0].mean(axis=0) for (last,) in run_all(self._graph, ["last"], feeds)]
        return np.array(found, dtype=np.float32).reshape(-1, DIM)

    def embed_passages(self, passages: Sequence[Passage]) -> Floats:
        """The same of passages, from the token states that compression reads of them: one forward serves both.

        Of a passage without a title and within the window the vector is that of `embed`; a title is read with a full
        stop behind it.
        """
        states = OnnxEncoder.embedded().passages(passages)
        return np.array([own.last[:WINDOW].mean(axis=0) for own in states], dtype=np.float32).reshape(-1, DIM)


def _clipped(tokenizer: Any, window: int) -> Any:
    """A copy of a tokenizer that reads no further."""
    own = type(tokenizer).from_str(tokenizer.to_str())
    own.enable_truncation(window)
    return own
