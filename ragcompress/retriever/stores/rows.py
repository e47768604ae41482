"""What a store keeps of a passage, and what it is asked for. Every store has the same rows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.types import Passage
from ragcompress.retriever.embed import passage_text
from ragcompress.retriever.lexical import words
from ragcompress.retriever.passages import decode_passage, encode_passage
from ragcompress.retriever.stores.facts import Groups, facts_of

__all__ = ["Found", "Row", "Table", "Wanted", "key_of", "readable", "row_of"]

Floats = NDArray[np.float32]
READ_AT_MOST = 65_536  # characters whose words are indexed; PostgreSQL takes 1 MB of words per text


@dataclass(frozen=True, slots=True)
class Row:
    """One passage as stored.

    ``record`` alone is what comes back, byte for byte; ``id``, ``title``, ``text`` and ``metadata`` are for people who
    look into the table, without the characters that databases refuse.

    Attributes:
        key: 32 hexadecimal digits that follow from tenant and id: the primary key.
        tenant: Whose it is; ``""`` when there is one alone.
        id: The passage's id.
        title: Its title.
        text: Its text.
        metadata: Its metadata, plain JSON.
        words: Its words and its title's, lower case, separated by spaces: what lexical search reads.
        facts: See `ragcompress.retriever.stores.facts`.
        record: The whole passage.
        vector: Its unit vector.
        sidecars: What was precomputed for it (see `ragcompress.retriever.stores.extras`); None when nothing was.
    """

    key: str
    tenant: str
    id: str
    title: str
    text: str
    metadata: Mapping[str, Any]
    words: str
    facts: Sequence[str]
    record: bytes
    vector: Floats
    sidecars: bytes | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows may come back: those of one tenant that have a fact of each group."""

    tenant: str = ""
    groups: Groups = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A row that came back.

    Attributes:
        key: Its key.
        passage: The passage, byte for byte.
        score: Cosine or lexical score, higher is better; 0.0 where it was looked up by id.
        sidecars: What was precomputed.
    """

    key: str
    passage: Passage
    score: float
    sidecars: bytes | None

    @classmethod
    def of(cls, key: str, record: bytes, score: float = 0.0, sidecars: bytes | None = None) -> Found:
        """From what a store gave."""
        return cls(key, decode_passage(record), score, sidecars)


class Table(Protocol):
    """A table in some database: the few things that `StoreRetriever` asks of it.

    Attributes:
        place: Where it is, for messages; without passwords.
    """

    place: str

    def about(self) -> Mapping[str, Any] | None:
        """What ``create`` was given; None when there is no such table."""
        ...

    def create(self, about: Mapping[str, Any], dim: int) -> None:
        """Make the table unless it is there; several may do so at once."""
        ...

    def write(self, rows: Sequence[Row]) -> None:
        """Insert rows or replace those with their keys: all of them, or on an error none."""
        ...

    def remove(self, keys: Sequence[str], tenant: str) -> int:
        """Delete rows; how many there were."""
        ...

    def read(self, keys: Sequence[str], tenant: str) -> dict[str, Found]:
        """The rows with these keys, by key."""
        ...

    def nearest(self, vector: Floats, k: int, wanted: Wanted) -> list[Found]:
        """The rows of highest cosine, best first."""
        ...

    def matching(self, text: Sequence[str], k: int, wanted: Wanted) -> list[Found]:
        """The rows that share a word with ``text``, by the store's own full text search, best first."""
        ...

    def count(self, tenant: str) -> int:
        """How many rows a tenant has."""
        ...

    def optimize(self) -> None:
        """Whatever makes searching quicker after many writes."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


def key_of(passage_id: str, tenant: str) -> str:
    """The primary key: 32 hexadecimal digits, whatever the id is made of."""
    body = f"{tenant}\0{passage_id}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(body).hexdigest()[:32]


def row_of(passage: Passage, vector: Floats, *, tenant: str = "", sidecars: bytes | None = None) -> Row:
    """The row of a passage that has an id.

    Raises:
        InvalidInput: The metadata can't be written as JSON.
    """
    record = encode_passage(passage)
    metadata = decode_passage(record).metadata  # as it will come back: tuples are lists by then
    return Row(
        key=key_of(passage.id, tenant),
        tenant=tenant,
        id=readable(passage.id),
        title=readable(passage.title),
        text=readable(passage.text),
        metadata=readable(dict(metadata)),
        words=" ".join(words(readable(passage_text(passage)[:READ_AT_MOST]))),
        facts=facts_of(metadata),
        record=record,
        vector=vector,
        sidecars=sidecars,
    )


def readable(value: Any) -> Any:
    """JSON data without what databases refuse: NUL and lone surrogates become U+FFFD, NaN and infinity None.

    >>> readable({"a\\0": ["\\ud800", float("inf")]}) == {"a\\ufffd": ["\\ufffd", None]}
    True
    """
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {readable(str(key)): readable(item) for key, item in value.items()}
    return [readable(item) for item in value] if isinstance(value, list | tuple) else value
