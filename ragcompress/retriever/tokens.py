"""TokenRetriever: late interaction as a first stage, every token a vector, kept small.

ColBERT (Khattab and Zaharia 2020) scores a passage by the best match of each query token among its tokens. XTR (Lee
et al. 2023) scores from the retrieved tokens alone: where a passage has no token among the k' nearest of a query
token, the k'-th similarity stands in, the most it could have had. So nothing but the compact index is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import EncoderMismatch, InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.models.encoders import Encoded, OnnxEncoder, TokenEncoder
from ragcompress.retriever.inputs import as_passages, check_queries, last_of_each
from ragcompress.retriever.passages import PassageStore
from ragcompress.retriever.store import Generation, read_generation, write_generation
from ragcompress.scorers.features import normalise

__all__ = ["TokenRetriever"]

Floats = NDArray[np.float32]
DIM = 96  # of MiniLM's 384; see docs/methods.md for the recall at other sizes
MANY = 200_000  # tokens beyond which an inverted file saves more time than it costs recall


class TokenRetriever:
    """Passages found token by token. Use ``build`` or ``load``; to change passages, build anew.

    Attributes:
        encoder: Gives token states.
        nearest: Tokens looked up per query token (XTR's k').
    """

    def __init__(
        self, encoder: TokenEncoder, store: PassageStore, index: Any, owners: NDArray[np.int32], *, nearest: int = 400
    ) -> None:
        self.encoder, self.nearest = encoder, nearest
        self._store, self._index, self._owners = store, index, owners

    @classmethod
    def build(
        cls, passages: Iterable[str | Passage], encoder: TokenEncoder | None = None, *, dim: int = DIM,
        nearest: int = 400,
    ) -> TokenRetriever:  # fmt: skip
        """Encode and index passages, each token in ``dim / 2`` bytes.

        Args:
            passages: str or Passage; the last of several with one id wins.
            encoder: Gives token states; the embedded MiniLM when None.
            dim: Dimensions kept of the token states, by principal components; 4 bits each.
            nearest: Tokens looked up per query token.

        Raises:
            InvalidInput: Wrong types or values. MissingExtra: faiss is not installed.
        """
        require("faiss", "retrieval")
        if dim < 2 or dim % 2:
            raise InvalidInput(f"dim must be an even number of at least 2, not {dim}")
        if nearest < 1:
            raise InvalidInput(f"nearest must be at least 1 token, not {nearest}")
        kept = last_of_each(as_passages(passages))
        used = encoder or OnnxEncoder.embedded()
        store = PassageStore()
        store.append(kept)
        states = [_tokens(encoded) for encoded in used.passages(kept)]
        owners = np.repeat(np.arange(len(kept), dtype=np.int32), [len(rows) for rows in states])
        return cls(used, store, _index(states, dim), owners, nearest=nearest)

    def __len__(self) -> int:
        return len(self._store)

    def __repr__(self) -> str:
        return f"TokenRetriever({len(self):,} passages, {len(self._owners):,} tokens, encoder={self.encoder!r})"

    @property
    def bytes_per_passage(self) -> float:
        """Mean size of a passage's token codes and their owners, in bytes; 0.0 when there are none."""
        if self._index is None or not len(self):
            return 0.0
        code = int(require("faiss", "retrieval").downcast_index(self._index.index).sa_code_size())
        return len(self._owners) * (code + self._owners.itemsize) / len(self)

    def retrieve(self, query: str, k: int = 10) -> list[Passage]:
        """The ``k`` best passages, best first; the score is the mean over query tokens, at most 1.

        Passages none of whose tokens is near any query token are not returned, so there may be fewer.

        Raises:
            InvalidInput: The query is not a str or is blank; ``k`` is not a whole number of at least 0.
        """
        check_queries([query], k)
        tokens = _tokens(self.encoder.query(query))
        if self._index is None or not len(tokens) or not k:
            return []
        rows, scores = self._scores(tokens)
        best = np.lexsort((rows, -scores))[:k]
        return [replace(self._store[int(rows[at])], score=float(scores[at])) for at in best]

    def _scores(self, tokens: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Every passage that was hit, with its mean similarity, what is missing imputed."""
        likeness, found = self._index.search(tokens, min(self.nearest, len(self._owners)))  # [query tokens, k']
        hit = found >= 0
        rows = np.unique(self._owners[found[hit]]).astype(np.int64)
        total = np.zeros(len(rows), dtype=np.float32)
        for values, places, real in zip(likeness, found, hit, strict=True):
            if not real.any():
                continue
            least = float(values[real].min())  # what a passage could have had at most without being found
            best = np.full(len(rows), least, dtype=np.float32)
            np.maximum.at(best, np.searchsorted(rows, self._owners[places[real]]), values[real])
            total += best
        return rows, np.asarray(total / len(tokens), dtype=np.float32)

    def save(self, folder: str | Path) -> None:
        """Write a new generation and switch to it at once, as `DenseRetriever.save` does."""
        faiss = require("faiss", "retrieval")
        alive = np.ones(len(self), dtype=bool)
        writers = {
            **self._store.writers(alive),
            "owners.npy": lambda path: np.save(path, self._owners),
        }
        if self._index is not None:
            writers["tokens.faiss"] = lambda path: faiss.write_index(self._index, str(path))
        write_generation(Path(folder), writers, {"tokens": {"encoder": repr(self.encoder), "nearest": self.nearest}})

    @classmethod
    def load(cls, folder: str | Path, encoder: TokenEncoder | None = None, *, verify: bool = True) -> TokenRetriever:
        """Open a saved index.

        Raises:
            BadIndex: There is none. DamagedIndex, NewerFormat: see ``errors``.
            EncoderMismatch: It was built with an encoder that names itself otherwise.
        """
        faiss = require("faiss", "retrieval")
        used = encoder or OnnxEncoder.embedded()

        def read(saved: Generation) -> TokenRetriever:
            facts = saved.facts["tokens"]
            if facts["encoder"] != repr(used):
                raise EncoderMismatch(f"{folder} was built with {facts['encoder']}, not {used!r}; pass that encoder")
            path = saved.folder / "tokens.faiss"
            index = faiss.read_index(str(path)) if path.name in saved.names else None
            owners = np.load(saved.folder / "owners.npy", allow_pickle=False)
            return cls(used, PassageStore.load(saved.folder), index, owners, nearest=int(facts["nearest"]))

        return read_generation(Path(folder), read, verify=verify)


def _tokens(encoded: Encoded) -> Floats:
    """The unit states of the text's own tokens, special and title tokens left out; shape [tokens, dim]."""
    return normalise(encoded.last[encoded.offsets[:, 0] >= 0])


def _index(states: Sequence[Floats], dim: int) -> Any:
    """The strongest directions, then 4 bits a number; an inverted file before them where there are many tokens."""
    faiss = require("faiss", "retrieval")
    rows = np.concatenate(states) if states else np.zeros((0, 1), dtype=np.float32)
    if not len(rows):
        return None
    sample = np.ascontiguousarray(rows[:: max(len(rows) // MANY, 1)])
    turn = _strongest(sample, min(dim, rows.shape[1]))
    inverted = f"IVF{int(np.sqrt(len(rows)))}," if len(rows) > MANY else ""
    codes = faiss.index_factory(turn.d_out, f"{inverted}SQ4", faiss.METRIC_INNER_PRODUCT)
    codes.train(turn.apply(sample))
    codes.add(turn.apply(np.ascontiguousarray(rows)))
    if inverted:
        codes.nprobe = 16
    return faiss.IndexPreTransform(turn, codes)


def _strongest(rows: Floats, dim: int) -> Any:
    """A turn onto the ``dim`` directions that hold most of the rows; not centred, so inner products are kept."""
    faiss = require("faiss", "retrieval")
    _, directions = np.linalg.eigh(rows.T @ rows)  # rising
    turn = faiss.LinearTransform(rows.shape[1], dim, False)
    faiss.copy_array_to_vector(np.ascontiguousarray(directions[:, ::-1][:, :dim].T, dtype=np.float32).ravel(), turn.A)
    turn.is_trained = True
    return turn
