"""DenseRetriever: passages, their vectors, and the search over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.retriever.ann import Hits, Kind
from ragcompress.retriever.build import encode_corpus, encode_shared, progress_bar
from ragcompress.retriever.embed import Encoder, as_encoder, embed_queries, normalise, passage_text
from ragcompress.retriever.gate import Gate
from ragcompress.retriever.identity import check_identity, identity
from ragcompress.retriever.inputs import as_ids, as_passages, check_batch, check_queries, last_of_each
from ragcompress.retriever.sidecar import Sidecar, SidecarMaker, all_makers, makers_for
from ragcompress.retriever.store import Generation, Writer, read_generation, write_generation
from ragcompress.retriever.table import Table

__all__ = ["DenseRetriever"]


class DenseRetriever:
    """Passages found by the cosine of their vectors to the question's.

    Use ``build`` or ``load``. Every row keeps its number until deleted rows are compacted away; an upsert deletes
    the old row and appends the new one. Equal scores come in the order of insertion.

    Threads may share one: additions, deletions and compactions come one after another, encoding beside each other;
    every search, save and reading sees one whole state, with all of an ``add`` or nothing of it. Several steps that
    must see the same state go inside ``with retriever.reading():``.

    Attributes:
        encoder: What encodes passages and questions.
    """

    def __init__(self, encoder: Encoder, table: Table, *, identity: Mapping[str, Any] | None = None) -> None:
        self.encoder = encoder
        self._table = table
        self._identity = identity
        self._gate = Gate()

    def __getstate__(self) -> dict[str, Any]:
        with self.reading():
            return {"encoder": self.encoder, "table": self._table.packed(), "identity": self._identity}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["encoder"], Table.unpacked(state["table"]), identity=state["identity"])  # type: ignore[misc]

    def reading(self) -> AbstractContextManager[None]:
        """A stretch in which nothing changes: writers wait until it ends. Don't add or delete inside."""
        return self._gate.reading()

    @classmethod
    def build(
        cls,
        passages: Iterable[str | Passage],
        encoder: Any = None,
        precompute: bool | Literal["units"] | Sequence[SidecarMaker] = False,
        *,
        kind: Kind | None = None,
        batch_size: int = 32,
        progress: bool = False,
        resume_folder: str | Path | None = None,
    ) -> DenseRetriever:
        """Encode and index passages.

        Args:
            passages: str or Passage. One without an id gets an id that follows from its content; the last of
                several with the same explicit id wins. Title and text are encoded together.
            encoder: None (multilingual-e5-small, which ships; ``"minilm"`` is English alone and half the
                work), a SentenceTransformer or the name of one on this machine, or any
                object with ``encode(list[str]) -> array``.
            precompute: Also compute what compressing will need of what is retrieved: ``"units"``: units and their
                vectors, for `dense` and `student` (about 30 kB per passage of 100 words); True: token states as
                well, so that any method costs the query's half alone (about 100 kB more); or makers of your own.
            kind: ``"flat"`` (exact), ``"hnsw"`` or ``"ivfpq"``; None: by size.
            batch_size: Texts per call of the encoder.
            progress: Show a bar on stderr.
            resume_folder: Keep finished shards of 512 passages here; an interrupted build goes on from them.

        Raises:
            InvalidInput: Wrong types or values. MissingExtra: faiss is not installed.
            ModelError: The encoder can't be loaded or gave unusable vectors.
            EncoderMismatch: ``resume_folder`` holds shards of another encoder.
        """
        check_batch(batch_size)
        kept = last_of_each(as_passages(passages))
        texts, used = [passage_text(passage) for passage in kept], as_encoder(encoder)
        table = Table(used.dim, kind=kind, makers=makers_for(precompute))
        folder = None if resume_folder is None else Path(resume_folder)
        with progress_bar("encoding", len(kept), shown=progress) as advance:
            both = encode_shared(used, kept, table.made, advance) if folder is None else None
            vectors, arrays = both or (
                encode_corpus(used, texts, batch_size=batch_size, resume_folder=folder, advance=advance),
                None,
            )
        with progress_bar("indexing", len(kept), shown=progress) as advance:
            table.append(kept, vectors, arrays=arrays, advance=advance)
        return cls(used, table)

    @classmethod
    def from_vectors(
        cls,
        passages: Iterable[str | Passage],
        vectors: NDArray[Any],
        *,
        encoder: Any = None,
        kind: Kind | None = None,
    ) -> DenseRetriever:
        """Index passages whose vectors ``[n, dim]`` are at hand (they are normalised here); ids must differ."""
        used, kept = as_encoder(encoder), as_passages(passages)
        if np.shape(vectors) != (len(kept), used.dim):
            raise InvalidInput(
                f"vectors has shape {np.shape(vectors)} where {(len(kept), used.dim)} is needed: "
                "one vector of the encoder per passage"
            )
        if len({passage.id for passage in kept}) != len(kept):
            raise InvalidInput("several passages have the same id; give each its own, or use build")
        table = Table(used.dim, kind=kind)
        table.append(kept, normalise(np.asarray(vectors, dtype=np.float32)))
        return cls(used, table)

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[Passage]:
        with self.reading():  # rows are never rewritten, so this store and these rows stay a whole state
            store, rows = self._table.store, self.live_rows()
        return (store[int(row)] for row in rows)

    def __repr__(self) -> str:
        return f"DenseRetriever({len(self):,} passages, {self.kind}, encoder={self.encoder!r})"

    @property
    def kind(self) -> Kind:
        """What searches now: ``"flat"``, ``"hnsw"`` or ``"ivfpq"``."""
        return self._table.index.kind

    @property
    def changes(self) -> int:
        """Grows with every add, delete and compaction; row numbers hold while it stands still."""
        return self._table.changes

    @property
    def sidecars(self) -> dict[str, Sidecar]:
        """What was precomputed, by name; rows as in ``live_rows``."""
        return self._table.sidecars

    def retrieve(self, query: str, k: int = 10) -> list[Passage]:
        """The ``k`` passages nearest to the question, best first, with the cosine as their score.

        Returns fewer when there are fewer; ``[]`` from an empty index or for ``k=0``.

        Raises:
            InvalidInput: The query is not a str or is blank; ``k`` is not a whole number of at least 0.
        """
        return self.retrieve_many([query], k)[0]

    def retrieve_many(self, queries: Sequence[str], k: int = 10) -> list[list[Passage]]:
        """``retrieve`` for many questions, encoded together."""
        vectors = self._asked(queries, k)
        with self.reading():
            return [self.passages_at(hits) for hits in self._near(vectors, len(queries), k)]

    def search(self, queries: Sequence[str], k: int) -> list[Hits]:
        """Row numbers and cosines per question, best first; ``passages_at`` turns them into passages."""
        return self._near(self._asked(queries, k), len(queries), k)

    def _asked(self, queries: Sequence[str], k: int) -> NDArray[np.float32] | None:
        """The questions' vectors, made while others may write; None: there is nothing to search."""
        check_queries(queries, k)
        return embed_queries(self.encoder, queries) if len(self) and queries and k else None

    def _near(self, vectors: NDArray[np.float32] | None, n: int, k: int) -> list[Hits]:
        return [(np.zeros(0, np.int64), np.zeros(0))] * n if vectors is None else self.search_vectors(vectors, k)

    def search_vectors(self, vectors: NDArray[np.float32], k: int) -> list[Hits]:
        """``search`` for questions that are vectors already: float32 unit rows ``[q, dim]``."""
        with self.reading():
            return self._table.index.search(vectors, k, alive=self._table.alive)

    def vectors(self) -> NDArray[np.float32]:
        """A copy of the passages' unit vectors, float32 ``[n, dim]``, in the order of iteration."""
        with self.reading():
            return self._table.index.vectors[self.live_rows()]

    def passages_at(self, hits: Hits) -> list[Passage]:
        """The passages of these rows, with these scores; what was precomputed for them is put where it is read."""
        with self.reading():
            store = self._table.store
            found = [replace(store[int(row)], score=float(score)) for row, score in zip(*hits, strict=True)]
            self._table.recall([int(row) for row in hits[0]], found)
        return found

    def live_rows(self) -> NDArray[np.int64]:
        """The numbers of the rows that are not deleted, rising."""
        return np.flatnonzero(self._table.alive)

    def get(self, ids: Iterable[str]) -> list[Passage]:
        """The passages with these ids, in the order asked for; unknown ids are left out."""
        with self.reading():
            rows = self._table.rows
            return [self._table.store[rows[name]] for name in as_ids(ids) if name in rows]

    def sidecar_of(self, name: str, passage_id: str) -> NDArray[Any] | None:
        """What was precomputed for a passage under this name; None when nothing was."""
        with self.reading():
            row = self._table.rows.get(passage_id)
            if row is None or name not in self.sidecars:
                return None
            array = self.sidecars[name].row(row)
        return array if len(array) else None

    def add(self, passages: Iterable[str | Passage], *, batch_size: int = 32) -> list[str]:
        """Add passages; one whose id is here already replaces the one that is.

        Returns:
            The ids, one per passage given, in order.
        """
        check_batch(batch_size)
        given = as_passages(passages)
        kept = last_of_each(given)
        if kept:
            texts = [passage_text(passage) for passage in kept]
            vectors, arrays = encode_shared(self.encoder, kept, self._table.made) or (
                encode_corpus(self.encoder, texts, batch_size=batch_size),
                self._table.made(kept),
            )
            with self._gate.writing():
                self._table.append(kept, vectors, arrays=arrays)
        return [passage.id for passage in given]

    def delete(self, ids: Iterable[str]) -> int:
        """Delete passages by id; returns how many there were. Unknown ids are ignored."""
        with self._gate.writing():
            return self._table.delete(as_ids(ids))

    def compact(self) -> None:
        """Drop deleted rows for good (vectors included) and build the structure over the rest anew."""
        with self._gate.writing():
            self._table.compact()

    def save(self, folder: str | Path) -> None:
        """Write a new generation to disk and switch to it at once: a crash leaves the one before.

        Deleted texts are not written. Deleted vectors go too, except from a graph or quantiser with less than a
        quarter of its rows deleted, where they stay, unreachable, until then or until ``compact``.

        Raises:
            InvalidInput: ``folder`` is a file, another process is saving there, or metadata is no JSON.
        """
        self.tidy()
        self.save_with(Path(folder), {}, {})

    def tidy(self) -> None:
        """Compact if it is cheap or a quarter of the rows is deleted; ``save`` begins with it."""
        with self._gate.writing():
            if self._table.worth_compacting():
                self._table.compact()

    def save_with(self, folder: Path, extra: Mapping[str, Writer], more: Mapping[str, Any]) -> None:
        """``save`` as it stands, with further files and facts in the same generation."""
        if self._identity is None:
            self._identity = identity(self.encoder)
        with self.reading():
            facts = {"encoder": self._identity, **self._table.facts(), **more}
            write_generation(folder, {**self._table.writers(), **extra}, facts)

    @classmethod
    def load(cls, folder: str | Path, encoder: Any = None, *, mmap: bool = True, verify: bool = True) -> DenseRetriever:
        """Open a saved index.

        Args:
            folder: What was given to ``save``.
            encoder: What it was built with; None: the default that ships.
            mmap: Map the files: opening is quick and memory is used only for what a search touches.
            verify: Compare every file's sha256 (about a second per GB). Without it only presence, sizes and the
                manifest are checked, and a flipped bit goes unseen.

        Raises:
            BadIndex: There is no index. DamagedIndex, EncoderMismatch, NewerFormat: see ``errors``.
        """
        used, makers = as_encoder(encoder), all_makers()

        def read(saved: Generation) -> DenseRetriever:
            check_identity(saved.facts["encoder"], used, where=Path(folder))
            return cls(used, Table.load(saved, makers=makers, mmap=mmap), identity=saved.facts["encoder"])

        return read_generation(Path(folder), read, verify=verify)
