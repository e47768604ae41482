"""The encoders that ship in the package, run by onnxruntime without torch or network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import embedded_tokenizer
from ragcompress.core.forks import cached_property
from ragcompress.core.types import Passage
from ragcompress.models.encoders import OnnxEncoder
from ragcompress.models.multilingual import PREFIXES, multilingual
from ragcompress.models.sessions import run_all

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
        tokenizer = multilingual().tokenizer
        feeds = [{"input_ids": _pieces(tokenizer, f"{prefix} {texts[at]}", LONG_WINDOW)} for at in said]
        found = np.zeros((len(texts), DIM), dtype=np.float32)
        for at, (last,) in zip(said, run_all(multilingual().graph, ["last"], feeds), strict=True):
            found[at] = last[0].mean(axis=0)
        return found


class EmbeddedEncoder:
    """all-MiniLM-L6-v2: mean of the last token states; English, and half the work of `MultilingualEncoder`.

    Its vectors are those of the int8 graph, 0.98 by cosine to the original's. Loaded at first use; one thread-safe
    session for the process, shared with compression.
    """

    dim = DIM
    fingerprint = "all-MiniLM-L6-v2:int8:mean:l2:256"

    def __getstate__(self) -> dict[str, Any]:
        return {}  # loaded again where it is wanted

    def __repr__(self) -> str:
        return "EmbeddedEncoder('all-MiniLM-L6-v2')"

    def embed(self, texts: Sequence[str]) -> Floats:
        """Encode: ``[n]`` texts -> float32 ``[n, 384]``, not normalised.

        One text per forward and core: on a CPU a padded batch is slower (measured: 19.8 texts per second alone, 10.8
        by 32).
        """
        rows = [_pieces(embedded_tokenizer(), text, WINDOW) for text in texts]
        feeds = [{"input_ids": ids, "attention_mask": np.ones_like(ids)} for ids in rows]
        found = [last[0].mean(axis=0) for (last,) in run_all(OnnxEncoder.embedded().graph, ["last"], feeds)]
        return np.array(found, dtype=np.float32).reshape(-1, DIM)

    def embed_passages(self, passages: Sequence[Passage]) -> Floats:
        """The same of passages, from the token states that compression reads of them: one forward serves both.

        Of a passage without a title and within the window the vector is that of `embed`; a title is read with a full
        stop behind it.
        """
        states = OnnxEncoder.embedded().passages(passages)
        return np.array([own.last[:WINDOW].mean(axis=0) for own in states], dtype=np.float32).reshape(-1, DIM)


def _pieces(tokenizer: Any, text: str, window: int) -> NDArray[np.int64]:
    """Vocabulary numbers [1, tokens] of ``text`` with the special tokens at its ends; what is beyond the window goes.

    A copy of the tokenizer that reads no further would do as well, and take a second and 300 MB to make.
    """
    ids = tokenizer.encode(text).ids
    return np.array([ids if len(ids) <= window else [*ids[: window - 1], ids[-1]]], dtype=np.int64)
