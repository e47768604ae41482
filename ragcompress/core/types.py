"""The immutable values that flow through the package, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ragcompress.core.errors import InvalidInput

__all__ = ["Dropped", "Passage", "Segment", "Span", "Unit"]


@dataclass(frozen=True, slots=True)
class Passage:
    """One retrieved text, never changed.

    Attributes:
        text: The text as retrieved; spans are ``str`` offsets into it.
        id: The caller's identifier, ``""`` when there is none.
        title: Shown to scorers and, in the titled renderings, to the reader.
        score: The retriever's relevance score; higher is more relevant; None when unknown.
        metadata: Anything the caller wants to get back; never read here.
    """

    text: str
    id: str = ""
    title: str = ""
    score: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def _repr_html_(self) -> str:
        from ragcompress.results.page import passage_fragment

        return passage_fragment(self)

    def __post_init__(self) -> None:
        if type(self.text) is str and type(self.id) is str and type(self.title) is str:
            return  # ten thousand passages are checked before any clock is looked at
        for name in ("text", "id", "title"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise InvalidInput(
                    f"Passage.{name} must be a str, not {type(value).__name__}; decode or convert it first"
                )


class Span(NamedTuple):
    """Half-open ``str`` indices into the text of passage number ``passage``."""

    passage: int
    start: int
    end: int


class Unit(NamedTuple):
    """A stretch of text that must not be broken, with the stretches that it can't be understood without.

    Offsets are half-open ``str`` indices into the text that was read. Units tile it.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        needs: Stretches ``(start, end)`` outside it: its header row, headings, key path, question, antecedent. Each is
            a unit or a part of one; what a need needs in turn is listed too.
        kind: What it is: ``"sentence"``, ``"row"``, ``"record"``, ``"turn"``, ``"heading"``, …
    """

    start: int
    end: int
    needs: tuple[tuple[int, int], ...] = ()
    kind: str = "sentence"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of context, with the spans it comes from.

    Attributes:
        text: What the reader sees.
        support: The spans it comes from: exactly one for verbatim text, one or more for rewritten text.
        score: Relative relevance; higher is kept first; None before scoring.
        needs: Spans without which the text can't be understood; who keeps it keeps them too.
        part_of: The unit that this is a part of; renderings show "…" where the rest of it went. None: a whole unit.
        lossy: Words may have gone from around it without a mark, as where methods delete words or truncate; nobody else
            sets it.
        kind: The kind of the unit that it is (`Unit.kind`); "" for text that was not read into units.
    """

    text: str
    support: tuple[Span, ...]
    score: float | None = None
    needs: tuple[Span, ...] = ()
    part_of: Span | None = None
    lossy: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A segment that went, and why.

    Attributes:
        segment: What went.
        reason: ``"over budget"``, ``"below threshold"``, ``"near-duplicate"``, ``"duplicate"``, …
        same_as: Where the kept text stands that says the same; None unless it went as a duplicate.
    """

    segment: Segment
    reason: str
    same_as: Span | None = None
