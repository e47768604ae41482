"""The work on rows that are passages: encoding them, and writing them into a store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from ragcompress import structure
from ragcompress.bulk.source import Rows
from ragcompress.bulk.work import each, named, passage_of, surroundings
from ragcompress.core.budget import embedded_count
from ragcompress.core.errors import EncoderMismatch
from ragcompress.core.types import Passage
from ragcompress.retriever.embed import Encoder, as_encoder, embed_texts, normalise, passage_text
from ragcompress.retriever.identity import SAME_COSINE
from ragcompress.retriever.inputs import content_id, last_of_each
from ragcompress.retriever.passages import decode_passage, encode_passage
from ragcompress.retriever.sidecar import makers_for
from ragcompress.retriever.stores import StoreRetriever, open_store
from ragcompress.retriever.stores.extras import sidecar_bytes

__all__ = ["Embed", "Index"]

NO_PART = ("labeller", "reader", "e5-labeller")  # weights that no vector depends on: a better labeller changes no job


@dataclass(frozen=True)
class Embed:
    """Rows of text (and id, title, metadata) to rows with vectors and units, as stores take them.

    Attributes:
        encoder: As for ``DenseRetriever.build``; one that is no name must be fit for pickling.
        precompute: Also what compression reads, as for ``DenseRetriever.build``: ``"units"`` (about 30 kB per
            passage of 100 words), or True for token states as well (100 kB more).
    """

    encoder: Any = None
    precompute: bool | Literal["units"] = False

    numbers, chunk = False, 64
    columns = {  # noqa: RUF012 - of the class
        "id": "text", "title": "text", "text": "text", "metadata": "text", "vector": "vector", "units": "spans",
        "record": "bytes", "sidecars": "bytes", "tokens_in": "whole", "error": "text",
    }  # fmt: skip

    def about(self) -> dict[str, Any]:
        """See `Work`."""
        encoder = _encoder(self.encoder)
        mark = encoder.fingerprint or named(self.encoder)
        made = {
            "units": structure.fingerprint(),
            **{each.name: each.fingerprint for each in makers_for(self.precompute)},
        }
        return {"task": "embed", "encoder": mark, "precompute": made, **surroundings(without=NO_PART)}

    def __call__(self, rows: Rows) -> Rows:
        """See `Work`; all are encoded together, and one by one if that fails."""
        try:
            return self._together(rows)
        except Exception:  # of some row; one by one it will be found
            return [out for row in rows for out in each([row], lambda row: self._together([dict(row)])[0])]

    def _together(self, rows: Rows) -> Rows:
        passages = {at: _with_id(row) for at, row in enumerate(rows) if not row.get("error")}
        given = list(passages.values())
        vectors = iter(embed_texts(_encoder(self.encoder), [passage_text(p) for p in given]))
        extras = iter(sidecar_bytes(makers_for(self.precompute), given))
        made = {at: _row(passage, next(vectors), next(extras)) for at, passage in passages.items()}
        return [
            made.get(at) or {"id": str(row.get("id", "")), "error": str(row["error"])} for at, row in enumerate(rows)
        ]


@dataclass(frozen=True)
class Index:
    """Rows of passages into a store; with a ``vector`` as `Embed` made it, else encoded here.

    Attributes:
        store: A store's address (see `open_store`), or an open one that is fit for pickling.
        encoder: Of the store at that address.
    """

    store: StoreRetriever | str
    encoder: Any = None

    numbers, chunk = False, 512
    columns = {"id": "text", "error": "text"}  # noqa: RUF012 - of the class

    def about(self) -> dict[str, Any]:
        """See `Work`."""
        store = self.opened()
        return {"task": "index", "store": store.place, "tenant": store.tenant, **surroundings(without=NO_PART)}

    def opened(self) -> StoreRetriever:
        """The store, opened once per process."""
        return _opened(self.store, self.encoder) if isinstance(self.store, str) else self.store

    def __call__(self, rows: Rows) -> Rows:
        """See `Work`; rows are written together, so that a store sees few transactions.

        Raises:
            EncoderMismatch: The vectors are not those of the store's encoder.
            StoreError: The store is away or refuses; the job stops, and goes on when it is started again.
        """
        good, out = [], []
        for row, (told,) in ((row, each([row], lambda row: {"passage": _exact(row)})) for row in rows):
            if not told["error"]:
                good.append((told["passage"], row.get("vector"), row.get("sidecars")))
                told["id"] = told["passage"].id
            out.append({"id": told["id"], "error": told["error"]})
        _write(self.opened(), good)
        return out


def _write(store: StoreRetriever, good: list[tuple[Passage, Any, bytes | None]]) -> None:
    kept = {passage.id: at for at, (passage, _, _) in enumerate(good)}  # the last of each id
    ready = [good[at] for at in kept.values() if good[at][1] is not None]
    if ready:
        passages, vectors, extras = zip(*ready, strict=True)
        matrix = np.asarray([np.asarray(vector, np.float32) for vector in vectors])
        _check_vectors(store, passages[0], matrix[0])
        store.upsert_vectors(passages, matrix, extras if any(extras) else None)
    store.upsert(last_of_each([good[at][0] for at in kept.values() if good[at][1] is None]))


def _check_vectors(store: StoreRetriever, passage: Passage, vector: Any) -> None:
    """The first vector must be what the store's encoder makes of its passage, or none would be found."""
    own = embed_texts(store.encoder, [passage_text(passage)])[0]
    given = normalise(vector[None])[0]
    if own.shape != given.shape or (own.any() and float(own @ given) < SAME_COSINE):
        raise EncoderMismatch(
            f"the vector of passage {passage.id!r} is not what {store.encoder!r} makes of it; embed the rows with the "
            "store's encoder, or leave the column 'vector' out and they are encoded here"
        )


def _with_id(row: Mapping[str, Any]) -> Passage:
    passage = passage_of(row)
    return passage if passage.id else replace(passage, id=content_id(passage))


def _exact(row: Mapping[str, Any]) -> Passage:
    """The passage of a row; by its record where it has one."""
    record = row.get("record")
    if record:
        return decode_passage(bytes(record))
    own = ("vector", "units", "record", "sidecars", "tokens_in")
    return _with_id({name: value for name, value in row.items() if name not in own})


def _row(passage: Passage, vector: Any, sidecars: bytes | None) -> dict[str, Any]:
    record = encode_passage(passage)
    return {
        "id": passage.id,
        "title": passage.title,
        "text": passage.text,
        "metadata": json.dumps(dict(passage.metadata)),
        "vector": vector,
        "units": list(_units(passage)),
        "record": None if _is_unicode(record) else record,
        "sidecars": sidecars,
        "tokens_in": embedded_count(passage.text),
        "error": None,
    }


def _units(passage: Passage) -> Iterator[dict[str, Any]]:
    for unit in structure.units(passage.text):
        yield {"passage": 0, "id": passage.id, "start": unit.start, "end": unit.end}


def _is_unicode(record: bytes) -> bool:
    try:
        record.decode()
    except UnicodeDecodeError:  # lone surrogates, which Parquet can't hold
        return False
    return True


@lru_cache(maxsize=2)
def _encoder(given: Any) -> Encoder:
    return as_encoder(given)


@lru_cache(maxsize=2)
def _opened(address: str, encoder: Any) -> StoreRetriever:
    return open_store(address, encoder)
