"""StoreRetriever: what the retrievers over LanceDB, PostgreSQL and Qdrant have in common, which is nearly all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import BadIndex, InvalidInput
from ragcompress.core.types import Passage
from ragcompress.retriever.build import progress_bar
from ragcompress.retriever.embed import Encoder, as_encoder, embed_texts, normalise, passage_text
from ragcompress.retriever.identity import check_identity, identity
from ragcompress.retriever.inputs import as_ids, as_passages, check_batch, last_of_each
from ragcompress.retriever.sidecar import Precompute, all_makers, makers_for
from ragcompress.retriever.stores.extras import sidecar_bytes
from ragcompress.retriever.stores.rows import Table, key_of, readable, row_of
from ragcompress.retriever.stores.searching import Search, Searching, checked

__all__ = ["Search", "StoreRetriever"]

FORMAT = 1  # of the rows
WRITE = 512  # passages per transaction


class StoreRetriever(Searching):
    """Passages in a database, found by cosine, by words, or both.

    What goes in comes back byte for byte, whatever its characters. Ids are the caller's; writing a passage again
    replaces it, so every write may be repeated.

    Attributes:
        encoder: What encodes passages and questions.
        tenant: Whose passages these are; others' are neither found, nor read, nor deleted.
        search: What ``retrieve`` does unless told otherwise.
    """

    _table_of: Any  # the class of its table
    _opened: tuple[Any, dict[str, Any]]  # where the store is and the class's options, set by the class

    def __init__(
        self,
        table: Table,
        encoder: Any = None,
        *,
        tenant: str = "",
        search: Search = "dense",
        precompute: Precompute = False,
        create: bool = True,
    ) -> None:
        """Open a table, or make one.

        Args:
            table: In which database.
            encoder: As for ``DenseRetriever.build``.
            tenant: Whose passages these are.
            search: What ``retrieve`` does unless told otherwise.
            precompute: What is stored beside each vector when passages are written, as for ``DenseRetriever.build``:
                ``"units"`` or True. Whatever is there is read, in any case.
            create: Make the table if it is not there.

        Raises:
            EncoderMismatch: It was made with another encoder. BadIndex: There is none and ``create`` is False.
        """
        if tenant != readable(tenant):
            raise InvalidInput(f"tenant is {tenant!r}; give a str without NUL and lone surrogates")
        self.encoder: Encoder = as_encoder(encoder)
        self.tenant, self.search = tenant, checked(search)
        self._table, self._makers, self._readers = table, makers_for(precompute), all_makers()
        about = table.about()
        if about is None and create:
            table.create({"format": FORMAT, "encoder": identity(self.encoder)}, self.encoder.dim)
            about = table.about()  # of whoever came first
        if about is None:
            raise BadIndex(f"there is no table at {table.place}; make one with {type(self).__name__}.build")
        if about.get("encoder"):
            check_identity(about["encoder"], self.encoder, where=table.place)

    @classmethod
    def build(cls, passages: Iterable[str | Passage], uri: Any, encoder: Any = None, **options: Any) -> Self:
        """Open or make a table and write passages into it; what is there already stays.

        Args:
            passages: As for ``DenseRetriever.build``.
            uri: Where the store is; see the class.
            encoder: As for ``DenseRetriever.build``.
            options: ``progress`` (show a bar) and ``batch_size``; the others go to the class.
        """
        progress, batch_size = bool(options.pop("progress", False)), options.pop("batch_size", 32)
        made = cls(uri, encoder, **options)
        made.upsert(passages, batch_size=batch_size, progress=progress)
        made.optimize()
        return made

    @classmethod
    def load(cls, uri: Any, encoder: Any = None, **options: Any) -> Self:
        """Open a table that is there.

        Raises:
            BadIndex: There is none. EncoderMismatch: It was made with another encoder.
        """
        return cls(uri, encoder, create=False, **options)

    @classmethod
    def wrap(cls, uri: Any, encoder: Any = None, *, table: str, **columns: str) -> StoreRetriever:
        """A retriever over a table that someone else made, which is read as it is and never written to.

        Args:
            uri: As for the class.
            encoder: The one that made the table's vectors; it is tried on one row.
            table: The table's name.
            columns: ``text``, ``vector``, ``id``, ``title``, ``metadata`` name the columns (in Qdrant the payload
                keys; ``id=""`` is the point's own), ``metric`` is ``"cosine"``, ``"dot"`` or ``"l2"``.

        Raises:
            BadIndex: There is no such table. EncoderMismatch: Its vectors are another encoder's.
        """
        from ragcompress.retriever.stores.wrapped import wrapped

        return wrapped(cls._table_of, uri, table, encoder, columns)

    def __reduce__(self) -> Any:
        uri, options = self._opened
        return _reopened, (type(self), uri, self.encoder, {**options, "search": self.search})

    @property
    def place(self) -> str:
        """Where the table is, for people; without passwords."""
        return self._table.place

    def __len__(self) -> int:
        return self._table.count(self.tenant)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._table.place!r}, {self.search}, encoder={self.encoder!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give connections back."""
        self._table.close()

    def optimize(self) -> None:
        """Make searching quicker after many writes: indexes brought up to date, small files joined."""
        self._table.optimize()

    def upsert(self, passages: Iterable[str | Passage], *, batch_size: int = 32, progress: bool = False) -> list[str]:
        """Write passages; one whose id is here already replaces the one that is.

        They are written by 512: when it stops in between, those before are there, whole, and the same call again
        completes it.

        Returns:
            The ids, one per passage given, in order.
        """
        check_batch(batch_size)
        given = as_passages(passages)
        kept = last_of_each(given)
        with progress_bar("writing", len(kept), shown=progress) as advance:
            for start in range(0, len(kept), WRITE):
                part = kept[start : start + WRITE]
                self.upsert_vectors(
                    part, embed_texts(self.encoder, [passage_text(p) for p in part], batch_size=batch_size)
                )
                if advance is not None:
                    advance(len(part))
        return [passage.id for passage in given]

    add = upsert

    def upsert_vectors(
        self, passages: Sequence[Passage], vectors: NDArray[Any], sidecars: Sequence[bytes | None] | None = None
    ) -> None:
        """Write passages whose vectors ``[n, dim]`` are at hand, in one transaction.

        Args:
            passages: With ids, all different.
            vectors: Of this retriever's encoder; normalised here.
            sidecars: What `precomputed` gave for each; None computes it if this retriever precomputes.
        """
        if np.shape(vectors) != (len(passages), self.encoder.dim):
            raise InvalidInput(
                f"vectors has shape {np.shape(vectors)} where {(len(passages), self.encoder.dim)} is needed"
            )
        if not passages:
            return
        unit = normalise(np.asarray(vectors, dtype=np.float32))
        extras = self.precomputed(passages) if sidecars is None else sidecars
        self._table.write(
            [
                row_of(passage, vector, tenant=self.tenant, sidecars=extra)
                for passage, vector, extra in zip(passages, unit, extras, strict=True)
            ]
        )

    def precomputed(self, passages: Sequence[Passage]) -> list[bytes | None]:
        """What compression will want of each passage, as bytes; None when this retriever does not precompute."""
        return sidecar_bytes(self._makers, passages)

    def delete(self, ids: Iterable[str]) -> int:
        """Delete passages by id; returns how many there were. Unknown ids are ignored."""
        keys = [key_of(name, self.tenant) for name in dict.fromkeys(as_ids(ids))]
        return self._table.remove(keys, self.tenant) if keys else 0

    def get(self, ids: Iterable[str]) -> list[Passage]:
        """The passages with these ids, in the order asked for; unknown ids are left out."""
        keys = [key_of(name, self.tenant) for name in as_ids(ids)]
        found = self._table.read(list(dict.fromkeys(keys)), self.tenant) if keys else {}
        return [found[key].passage for key in keys if key in found]


def _reopened(kind: Callable[..., Any], uri: Any, encoder: Any, options: Mapping[str, Any]) -> Any:
    """A pickled retriever in another process: the same store, opened there."""
    return kind(uri, encoder, **options)
