"""The columns of a table that someone else made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.retriever.stores.rows import Found

__all__ = ["OPERATORS", "Named"]

OPERATORS = {"cosine": "<=>", "dot": "<#>", "l2": "<->"}  # of pgvector


@dataclass(frozen=True, slots=True)
class Named:
    """Which columns (in Qdrant: payload keys) hold what; all others are metadata.

    Attributes:
        text: The text.
        vector: Its vector; in Qdrant the vector's name, ``""`` for the unnamed one.
        id: Its id; in Qdrant ``""`` is the point's own.
        title: Its title; ``""`` when there is none.
        metadata: A column of nested metadata, taken apart; ``""`` when there is none.
        metric: ``"cosine"``, ``"dot"`` or ``"l2"``: what the table's index was made for (Qdrant knows).
    """

    text: str = "text"
    vector: str = "vector"
    id: str = "id"
    title: str = ""
    metadata: str = "metadata"
    metric: str = "cosine"

    def __post_init__(self) -> None:
        if self.metric not in OPERATORS:
            raise InvalidInput(f"metric is {self.metric!r}; give one of {', '.join(OPERATORS)}")

    def vector_in(self, row: Mapping[str, Any]) -> NDArray[np.float32]:
        """A row's vector."""
        return np.asarray(row[self.vector], np.float32)

    def found(self, row: Mapping[str, Any], score: float) -> Found:
        """A row as a passage.

        Raises:
            InvalidInput: It has no such text.
        """
        text = row.get(self.text)
        if not isinstance(text, str):
            raise InvalidInput(f"the table has no text in {self.text!r}, only {sorted(row)}; name its columns")
        nested = row.get(self.metadata)
        if isinstance(nested, str):
            nested = json.loads(nested) if nested.startswith("{") else None
        own = {self.text, self.vector, self.id, self.title} | (
            {self.metadata} if isinstance(nested, Mapping) else set()
        )
        rest = {name: value for name, value in row.items() if name not in own}
        name = str(row.get(self.id, ""))
        passage = Passage(text, id=name, title=str(row.get(self.title) or ""), metadata={**dict(nested or {}), **rest})
        return Found(name, passage, score, None)
