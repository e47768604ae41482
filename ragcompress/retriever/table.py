"""The rows of a retriever, kept in step: passages, vectors, sidecars, and which of them are alive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import DamagedIndex, InvalidInput
from ragcompress.core.types import Passage
from ragcompress.retriever.ann import Kind, VectorIndex
from ragcompress.retriever.passages import PassageStore
from ragcompress.retriever.sidecar import Sidecar, SidecarMaker
from ragcompress.retriever.store import Generation, Writer

__all__ = ["Table"]

SHARED = 64  # passages that all makers see before the next: their states fit the encoder's cache
COMPACT_ABOVE = 0.25  # share of deleted rows from which a graph or quantiser is built anew at save


class Table:
    """Rows that are appended and marked deleted, and compacted when too many are.

    Attributes:
        changes: Grows with every append, delete and compaction.
    """

    def __init__(self, dim: int, *, kind: Kind | None = None, makers: Sequence[SidecarMaker] = ()) -> None:
        self.index = VectorIndex(dim, kind=kind)
        self.store = PassageStore()
        self.alive: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self.sidecars = {maker.name: Sidecar(fingerprint=maker.fingerprint) for maker in makers}
        self.makers: dict[str, SidecarMaker] = {maker.name: maker for maker in makers}
        self.changes = 0
        self._rows: dict[str, int] | None = {}

    def __len__(self) -> int:
        return int(self.alive.sum())

    @property
    def rows(self) -> Mapping[str, int]:
        """The row of every id that is alive; read from the passages once, at first need."""
        if self._rows is None:
            self._rows = {self.store[int(row)].id: int(row) for row in np.flatnonzero(self.alive)}
        return self._rows

    def append(
        self,
        passages: Sequence[Passage],
        vectors: NDArray[np.float32],
        *,
        arrays: Mapping[str, list[NDArray[Any]]] | None = None,
        advance: Callable[[int], None] | None = None,
    ) -> None:
        """Append passages of different ids with their unit vectors ``[m, dim]``; the rows that had the ids die.

        Args:
            passages: What to append.
            vectors: Their unit vectors.
            arrays: What `made` gave for them; made here when None.
            advance: Told the number of rows done after every step.
        """
        arrays = self.made(passages) if arrays is None else arrays  # may raise: nothing is lost
        rows, first = dict(self.rows), len(self.store)
        old = [rows[passage.id] for passage in passages if passage.id in rows]
        try:
            self.index.add(vectors, advance=advance)
        except BaseException:
            self._bury_strays()
            raise
        self.store.append(passages)
        for name, sidecar in self.sidecars.items():
            if name in arrays:
                sidecar.append(arrays[name])
            else:
                sidecar.append_empty(len(passages))
        self.alive = np.concatenate([self.alive, np.ones(len(passages), dtype=np.bool_)])
        self.alive[old] = False
        self._rows = rows | {passage.id: first + place for place, passage in enumerate(passages)}
        self.changes += 1

    def made(self, passages: Sequence[Passage]) -> dict[str, list[NDArray[Any]]]:
        """What the makers compute for these passages, by name of sidecar.

        All makers see some passages before any sees the next: what one encodes, another finds in the encoder's cache.
        """
        arrays: dict[str, list[NDArray[Any]]] = {name: [] for name in self.makers}
        for at in range(0, len(passages), SHARED):
            for name, maker in self.makers.items():
                arrays[name] += _made(maker, passages[at : at + SHARED])
        return arrays

    def packed(self) -> dict[str, Any]:
        """The living rows as plain values, for pickles and copies."""
        rows = np.flatnonzero(self.alive)
        sidecars = {
            name: (s.fingerprint, [np.array(s.row(int(row))) for row in rows]) for name, s in self.sidecars.items()
        }
        return {
            "dim": self.index.dim,
            "wish": self.index.wish,
            "passages": [self.store[int(row)] for row in rows],
            "vectors": self.index.vectors[rows],
            "sidecars": sidecars,
            "makers": list(self.makers.values()),
        }

    @classmethod
    def unpacked(cls, state: Mapping[str, Any]) -> Table:
        """The table that ``packed`` described, its structure built anew."""
        out = cls(state["dim"], kind=state["wish"], makers=state["makers"])
        out.sidecars = {name: Sidecar(fingerprint=mark) for name, (mark, _) in state["sidecars"].items()}
        out.append(state["passages"], state["vectors"], arrays={n: rows for n, (_, rows) in state["sidecars"].items()})
        return out

    def _bury_strays(self) -> None:
        """After an interrupted add: the vectors it left behind become deleted rows, so that all stays in step."""
        strays = len(self.index) - len(self.store)
        self.store.append([Passage("")] * strays)
        for sidecar in self.sidecars.values():
            sidecar.append_empty(strays)
        self.alive = np.concatenate([self.alive, np.zeros(strays, dtype=np.bool_)])

    def recall(self, rows: Sequence[int], passages: Sequence[Passage]) -> None:
        """Hand what was precomputed for these rows to its makers."""
        for name, maker in self.makers.items():
            maker.recall(passages, [self.sidecars[name].row(row) for row in rows])

    def delete(self, ids: Iterable[str]) -> int:
        """Mark the rows of these ids deleted; returns how many there were."""
        rows = dict(self.rows)
        dead = [rows.pop(name) for name in dict.fromkeys(ids) if name in rows]
        if dead:
            self.alive[dead] = False
            self._rows = rows
            self.changes += 1
        return len(dead)

    def compact(self) -> None:
        """Drop deleted rows for good and build the structure over the rest anew."""
        if self.alive.all():
            return
        rows = np.flatnonzero(self.alive)
        self.index, self.store = self.index.take(rows), self.store.take(rows)
        self.sidecars = {name: sidecar.take(rows) for name, sidecar in self.sidecars.items()}
        self.alive, self._rows = np.ones(len(rows), dtype=np.bool_), None
        self.changes += 1

    def worth_compacting(self) -> bool:
        """Whether a save should compact first: always when that is cheap, else when a quarter of the rows is dead."""
        dead = len(self.alive) - len(self)
        return dead > 0 and (self.index.kind == "flat" or dead > COMPACT_ABOVE * len(self.alive))

    def facts(self) -> dict[str, Any]:
        """What the manifest says of the rows."""
        return {
            "kind": self.index.kind,
            "wish": self.index.wish,
            "dimension": self.index.dim,
            "count": len(self),
            "rows": len(self.alive),
            "sidecars": {name: sidecar.fingerprint for name, sidecar in self.sidecars.items()},
        }

    def writers(self) -> dict[str, Writer]:
        """The files of a generation."""
        out = self.store.writers(self.alive) | self.index.writers()
        out["alive.npy"] = lambda path: np.save(path, self.alive)
        for name, sidecar in self.sidecars.items():
            out |= sidecar.writers(f"sidecar-{name}")
        return out

    @classmethod
    def load(cls, saved: Generation, *, makers: Sequence[SidecarMaker] = (), mmap: bool = True) -> Table:
        """Open the files of a checked generation."""
        facts = saved.facts
        out = cls(int(facts["dimension"]), kind=facts["wish"])
        out.index = VectorIndex.load(saved.folder, wish=facts["wish"], kind=facts["kind"], mmap=mmap)
        out.store = PassageStore.load(saved.folder)
        out.alive = np.load(saved.folder / "alive.npy", allow_pickle=False)
        out.sidecars = {
            name: Sidecar.load(saved.folder, f"sidecar-{name}", fingerprint=fingerprint, mmap=mmap)
            for name, fingerprint in facts["sidecars"].items()
        }
        # A maker of another fingerprint would mix two kinds of arrays in one sidecar.
        out.makers = {m.name: m for m in makers if facts["sidecars"].get(m.name) == m.fingerprint}
        out._rows = None
        lengths = {len(out.index), len(out.store), len(out.alive), *map(len, out.sidecars.values())}
        if lengths != {facts["rows"]} or len(out) != facts["count"]:
            raise DamagedIndex(f"the files in {saved.folder} disagree on the number of rows; build the index again")
        return out


def _made(maker: SidecarMaker, passages: Sequence[Passage]) -> list[NDArray[Any]]:
    arrays = [np.asarray(array) for array in maker(passages)]
    if len(arrays) != len(passages):
        raise InvalidInput(f"the maker {maker.name!r} gave {len(arrays)} arrays for {len(passages)} passages")
    return arrays
