"""Vectors and the FAISS structures over them.

The exact vectors are always kept (one flat FAISS file, mapped when loaded). Over them lies, when the index is large
or the user says so, an HNSW graph or an IVF-PQ quantiser. Those only propose candidates: every score that leaves
this module is the exact cosine, in float64, so the same passage has the same score whatever the kind.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput, require

__all__ = ["Hits", "Kind", "VectorIndex", "choose_kind"]

Kind = Literal["flat", "hnsw", "ivfpq"]
Hits = tuple[NDArray[np.int64], NDArray[np.float64]]  # rows and cosines, best first
Vectors = NDArray[np.float32]

FLAT_BELOW = 50_000  # exact search of 50,000 x 384 takes about 10 ms on one core
HNSW_BELOW = 1_000_000  # beyond, the vectors no longer fit in a laptop's memory beside the graph
TRAIN_FROM = 1024  # rows before a quantiser is worth training; search is exact until then
SLACK = 16  # candidates beyond k, so that ties at the border are seen
CHUNK = 8192  # rows per step of a build, and per tick of its progress bar


def choose_kind(n: int) -> Kind:
    """The structure for ``n`` vectors when the user did not say.

    >>> [choose_kind(n) for n in (100, 50_000, 2_000_000)]
    ['flat', 'hnsw', 'ivfpq']
    """
    return "flat" if n < FLAT_BELOW else "hnsw" if n < HNSW_BELOW else "ivfpq"


class VectorIndex:
    """Unit vectors by row, searched by cosine.

    Args:
        dim: The length of a vector.
        kind: The structure the user asked for; None: chosen by size, and changed upward as the index grows.
    """

    def __init__(self, dim: int, *, kind: Kind | None = None) -> None:
        if kind is not None and kind not in get_args(Kind):
            raise InvalidInput(f"kind is {kind!r}; give 'flat', 'hnsw', 'ivfpq', or None to choose by size")
        self.dim, self.wish = dim, kind
        self._flat = _faiss().IndexFlatIP(dim)
        self._ann: Any = None
        self._ann_kind: Kind = "flat"
        self._handle: Any = None  # the open file behind a mapped structure, which must be read again to change it
        self._mapped = False

    def __len__(self) -> int:
        return int(self._flat.ntotal)

    @property
    def kind(self) -> Kind:
        """What searches now: ``"flat"`` until there are enough rows for the structure asked for."""
        return self._ann_kind

    @property
    def vectors(self) -> Vectors:
        """A view, float32 ``[n, dim]``, valid until the index changes or goes away; copy it to keep it."""
        if not len(self):
            return np.zeros((0, self.dim), dtype=np.float32)
        flat = _faiss().rev_swig_ptr(self._flat.get_xb(), len(self) * self.dim)
        return flat.reshape(len(self), self.dim)  # type: ignore[no-any-return]

    def add(self, vectors: Vectors, *, advance: Callable[[int], None] | None = None) -> None:
        """Append unit rows ``[m, dim]``, and raise or extend the structure over them.

        Args:
            vectors: float32 ``[m, dim]``, normalised.
            advance: Told the number of rows done after every step.
        """
        self._thaw()
        wanted = self._wanted(len(self) + len(vectors))
        if wanted == self._ann_kind:
            self._extend(vectors, advance)
            return
        everything = np.concatenate([self.vectors, vectors]) if len(self) else vectors
        fresh = VectorIndex(self.dim)  # beside the old one, which stays whole if this is interrupted
        fresh._ann_kind, fresh._ann = wanted, _new_ann(wanted, everything, fresh._flat)
        fresh._extend(everything, advance)
        self._flat, self._ann, self._ann_kind = fresh._flat, fresh._ann, wanted

    def _extend(self, vectors: Vectors, advance: Callable[[int], None] | None) -> None:
        for start in range(0, len(vectors), CHUNK):
            chunk = vectors[start : start + CHUNK]
            if self._ann_kind != "hnsw":  # a graph appends to the flat vectors itself: they are its store
                self._flat.add(chunk)
            if self._ann is not None:
                self._ann.add(chunk)
            if advance is not None:
                advance(len(chunk))

    def _wanted(self, n: int) -> Kind:
        wanted = self.wish or choose_kind(n)
        return "flat" if wanted == "ivfpq" and n < TRAIN_FROM else wanted

    def take(self, rows: NDArray[np.int64]) -> VectorIndex:
        """A new index of these rows only, renumbered from 0."""
        out = VectorIndex(self.dim, kind=self.wish)
        out.add(self.vectors[rows])
        return out

    def search(self, queries: Vectors, k: int, *, alive: NDArray[np.bool_]) -> list[Hits]:
        """The best rows of every query, by exact cosine; equal scores in the order of their rows.

        Args:
            queries: float32 unit rows ``[q, dim]``.
            k: How many rows at most.
            alive: bool ``[n]``, False: the row is deleted and never returned.
        """
        living = int(alive.sum())
        k = min(k, living)
        if k == 0 or not len(queries):
            return [(np.zeros(0, np.int64), np.zeros(0, np.float64)) for _ in queries]
        selector = None if living == len(alive) else _Selector(alive)
        if self._ann is None:
            return self._exact(queries, k, living, selector)
        found = self._candidates(queries, k, living, selector)
        return [
            self._ranked(query, row[row >= 0], k)
            if int((row >= 0).sum()) >= k
            else self._exact(query[None], k, living, selector)[0]
            for query, row in zip(queries, found, strict=True)
        ]

    def _candidates(self, queries: Vectors, k: int, living: int, selector: _Selector | None) -> NDArray[np.int64]:
        """Rows ``[q, m]`` proposed by the graph or the quantiser, -1 where there are fewer."""
        sel = {} if selector is None else {"sel": selector.bits}
        if self._ann_kind == "hnsw":
            width = min(living, k + SLACK)
            params = _faiss().SearchParametersHNSW(efSearch=max(128, 2 * width), **sel)
        else:
            width = min(living, max(200, 10 * k))  # codes are coarse: many candidates, then exact cosines
            params = _faiss().SearchParametersIVF(nprobe=max(16, self._ann.nlist // 32), **sel)
        return self._ann.search(queries, width, params=params)[1]  # type: ignore[no-any-return]

    def _exact(self, queries: Vectors, k: int, living: int, selector: _Selector | None) -> list[Hits]:
        params = None if selector is None else _faiss().SearchParameters(sel=selector.bits)
        width = min(living, k + SLACK)
        scores, rows = self._flat.search(queries, width, params=params)
        out = []
        for query, row, tail in zip(queries, rows, scores[:, -1], strict=True):
            hits = self._ranked(query, row, k)
            while width < living and hits[1][-1] < tail + 1e-5:  # ties may go on beyond the candidates
                width = min(living, 4 * width)
                wider, row = self._flat.search(query[None], width, params=params)
                hits, tail = self._ranked(query, row[0], k), wider[0, -1]
            width = min(living, k + SLACK)
            out.append(hits)
        return out

    def _ranked(self, query: Vectors, rows: NDArray[np.int64], k: int) -> Hits:
        """The ``k`` best of some rows, by a cosine that does not depend on who else was asked about."""
        rows = np.sort(rows)
        scores = (self.vectors[rows].astype(np.float64) * query).sum(axis=1)
        best = np.argsort(-scores, kind="stable")[:k]
        return rows[best], scores[best]

    def writers(self) -> dict[str, Callable[[Path], None]]:
        """The files of a generation: the exact vectors, and the structure over them without its own copy."""
        faiss = _faiss()
        out: dict[str, Callable[[Path], None]] = {
            "vectors.faiss": lambda path: faiss.write_index(self._flat, str(path))
        }
        if self._ann is not None:
            flags = faiss.IO_FLAG_SKIP_STORAGE if self._ann_kind == "hnsw" else 0
            out[f"{self._ann_kind}.faiss"] = lambda path: faiss.write_index(self._ann, str(path), flags)
        return out

    @classmethod
    def load(cls, folder: Path, *, wish: Kind | None, kind: Kind, mmap: bool) -> VectorIndex:
        """Open saved files; mapped, nothing is read until a search touches it."""
        faiss = _faiss()
        flags = faiss.IO_FLAG_MMAP_IFC if mmap else 0
        flat = faiss.read_index(str(folder / "vectors.faiss"), flags)
        out = cls(flat.d, kind=wish)
        out._flat, out._ann_kind, out._mapped = flat, kind, mmap
        if kind != "flat":
            path = folder / f"{kind}.faiss"
            out._ann = _attached(faiss.read_index(str(path), flags), kind, flat)
            if mmap:
                out._handle = path.open("rb")
                weakref.finalize(out, out._handle.close)
        return out

    def _thaw(self) -> None:
        """Take mapped structures into memory before a change: FAISS aborts the process on adding to a view."""
        if not self._mapped:
            return
        faiss, flat = _faiss(), _faiss().IndexFlatIP(self.dim)
        flat.add(self.vectors)
        if self._ann is not None:
            # The open handle, not the path: a save may have removed the generation since.
            self._handle.seek(0)
            self._ann = _attached(faiss.read_index(faiss.PyCallbackIOReader(self._handle.read)), self._ann_kind, flat)
            self._handle.close()
        self._flat, self._handle, self._mapped = flat, None, False


class _Selector:
    """A set of rows for FAISS, which keeps only pointers: the bytes must live as long."""

    def __init__(self, alive: NDArray[np.bool_]) -> None:
        self.packed = np.packbits(alive, bitorder="little")
        self.bits = _faiss().IDSelectorBitmap(self.packed)


def _faiss() -> Any:
    return require("faiss", "retrieval")


def _attached(ann: Any, kind: Kind, flat: Any) -> Any:
    """Give a graph the flat vectors as its store."""
    if kind == "hnsw":
        ann.storage, ann.own_fields = flat, False
    return ann


def _new_ann(kind: Kind, vectors: Vectors, flat: Any) -> Any:
    """An empty structure, trained on a sample of ``vectors`` where it needs training."""
    faiss, (n, dim) = _faiss(), vectors.shape
    if kind == "flat":
        return None
    if kind == "hnsw":
        graph = faiss.IndexHNSWFlat(dim, 16, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = 80
        return _attached(graph, kind, flat)
    lists = max(1, min(int(4 * n**0.5), n // 39))
    parts = max(m for m in range(1, max(1, dim // 4) + 1) if dim % m == 0)
    index = faiss.IndexIVFPQ(faiss.IndexFlatIP(dim), dim, lists, parts, 8, faiss.METRIC_INNER_PRODUCT)
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1  # no warnings on small indexes
    index.cp.niter = 10
    sample = np.random.default_rng(0).permutation(n)[: max(64 * lists, 20_000)]
    index.train(np.ascontiguousarray(vectors[np.sort(sample)]))
    return index
