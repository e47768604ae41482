"""Token states of passages and queries: one forward each, and everything else is read from them.

`OnnxEncoder.embedded()` is all-MiniLM-L6-v2 (Apache-2.0), shipped in the package and run by onnxruntime: no network,
no torch. `TransformerEncoder` wraps any Hugging Face encoder or SentenceTransformer. Both are `TokenEncoder`s.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ragcompress.core.budget import embedded_tokenizer
from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.shipped import shipped
from ragcompress.models.encoded import Encoded, TokenEncoder, inside
from ragcompress.models.sessions import LateSession, run_all
from ragcompress.models.windowed import WINDOW, Floats, Ints, WindowedEncoder

__all__ = ["Encoded", "OnnxEncoder", "TokenEncoder", "TransformerEncoder", "inside"]


class OnnxEncoder(WindowedEncoder):
    """An encoder graph with inputs ``input_ids``, ``attention_mask`` and outputs ``middle``, ``last``."""

    def __init__(
        self, graph: Any, tokenizer: Any, name: str, *, window: int = WINDOW, prefixes: tuple[str, str] = ("", "")
    ) -> None:
        super().__init__(tokenizer, name, window=window, prefixes=prefixes)
        self._graph = graph

    @classmethod
    def embedded(cls) -> OnnxEncoder:
        """The encoder shipped in the package; one shared instance."""
        return _embedded()

    @property
    def graph(self) -> Any:
        """What is run, as ``run(names, feeds)``."""
        return self._graph

    @property
    def fingerprint(self) -> str:
        """Changes with the weights: equal fingerprints mean equal states."""
        return f"{self._name}:{self._graph.checksum}" if hasattr(self._graph, "checksum") else self._name

    def _forwards(self, windows: Sequence[Ints]) -> list[tuple[Floats, Floats | None]]:
        batches = [ids[None] for ids in windows]
        feeds = [{"input_ids": batch, "attention_mask": np.ones_like(batch)} for batch in batches]
        return [(last[0], middle[0]) for middle, last in run_all(self._graph, ["middle", "last"], feeds)]


class TransformerEncoder(WindowedEncoder):
    """Any Hugging Face encoder with a fast tokenizer, or a SentenceTransformer, on torch.

    Args:
        model: A name or folder, a ``SentenceTransformer``, or a ``(model, fast tokenizer)`` pair.
        device: Torch device; the GPU if there is one when None.

    Raises:
        ModelError: The model can't be loaded or has no fast tokenizer (character offsets need one).
    """

    def __init__(self, model: Any, *, device: str | None = None, window: int = WINDOW) -> None:
        torch = require("torch", "generators")
        body, tokenizer = _load_transformer(model)
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._body = body.to(self._device).eval()
        longest = getattr(body.config, "max_position_embeddings", window)
        super().__init__(tokenizer, getattr(body.config, "name_or_path", "model"), window=min(window, longest))

    def _forwards(self, windows: Sequence[Ints]) -> list[tuple[Floats, Floats | None]]:
        torch = require("torch", "generators")
        with torch.inference_mode():
            found = [self._body(input_ids=torch.from_numpy(ids[None]).to(self._device)) for ids in windows]
        return [(out.last_hidden_state[0].float().cpu().numpy(), None) for out in found]


@lru_cache(maxsize=1)
def _embedded() -> OnnxEncoder:
    graph = LateSession(partial(shipped, "encoder-int8.onnx"))
    return OnnxEncoder(graph, embedded_tokenizer(), "all-MiniLM-L6-v2/int8").of(_embedded)


def _load_transformer(model: Any) -> tuple[Any, Any]:
    if isinstance(model, str):
        transformers = require("transformers", "generators")
        try:
            model = transformers.AutoModel.from_pretrained(model), transformers.AutoTokenizer.from_pretrained(model)
        except (OSError, ValueError) as error:
            raise ModelError(f"can't load the encoder {model!r}: {error}") from error
    if hasattr(model, "tokenizer") and hasattr(model, "__getitem__") and hasattr(model[0], "auto_model"):
        model = model[0].auto_model, model.tokenizer  # a SentenceTransformer
    if not isinstance(model, tuple):
        raise InvalidInput(
            f"encoder must be a name, a SentenceTransformer or (model, tokenizer), not {type(model).__name__}"
        )
    body, tokenizer = model
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise ModelError("the encoder needs a fast tokenizer, which gives character offsets")
    copy = type(fast).from_str(fast.to_str())
    copy.no_truncation()
    copy.no_padding()
    return body, copy
