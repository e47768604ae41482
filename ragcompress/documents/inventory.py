"""Which files an index holds, and what has changed on disk since.

Every passage carries its file and the digest of that file's bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ragcompress.core.types import Passage
from ragcompress.documents.files import Content
from ragcompress.documents.sources import Source

__all__ = ["Changes", "Held", "compare", "filed", "held", "unique"]


@dataclass(slots=True)
class Held:
    """What an index holds of one file: the digest of its bytes, and the ids of its passages."""

    digest: str
    ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Changes:
    """Files on disk against files in an index, by path."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    gone: tuple[str, ...]


def filed(content: Content, source: Source) -> list[Passage]:
    """The passages with their file and its digest in their metadata."""
    facts = {"file": source.where, "digest": content.digest}
    return [replace(passage, metadata={**passage.metadata, **facts}) for passage in content.passages]


def held(passages: Iterable[Passage]) -> dict[str, Held]:
    """What there is of each file; passages that came from no file are under ``""``."""
    found: dict[str, Held] = {}
    for passage in passages:
        name = str(passage.metadata.get("file", ""))
        found.setdefault(name, Held(str(passage.metadata.get("digest", "")))).ids.append(passage.id)
    return found


def compare(before: Mapping[str, Held], now: Mapping[str, str], below: Sequence[str]) -> Changes:
    """What is to be done.

    Args:
        before: What the index holds.
        now: Digest of every file that was found.
        below: What was asked for; a file of the index that lies elsewhere is left alone, not gone.

    >>> before = {"d/a": Held("1"), "d/b": Held("2"), "e/c": Held("3")}
    >>> compare(before, {"d/a": "1", "d/n": "4"}, ["d"])
    Changes(new=('d/n',), changed=(), unchanged=('d/a',), gone=('d/b',))
    """
    inside = [Path(path).as_posix() for path in below]
    gone = (name for name in before if name and name not in now and any(_below(name, path) for path in inside))
    return Changes(
        new=tuple(name for name in now if name not in before),
        changed=tuple(name for name, digest in now.items() if name in before and before[name].digest != digest),
        unchanged=tuple(name for name, digest in now.items() if name in before and before[name].digest == digest),
        gone=tuple(gone),
    )


def _below(name: str, folder: str) -> bool:
    return name == folder or folder == "." or name.startswith(folder.rstrip("/") + "/")


def unique(passages: Sequence[Passage], taken: Collection[str] = ()) -> tuple[list[Passage], int]:
    """The passages with ids that nobody else has, and how many had to be given another.

    An id that is taken gets its file's name in front: rows of two files may both be number 7, and neither is lost.

    >>> rows = [Passage("a", "7"), Passage("b", "7", metadata={"file": "b.csv"})]
    >>> [passage.id for passage in unique(rows)[0]]
    ['7', 'b.csv#7']
    """
    used, out, renamed = set(taken), [], 0
    for passage in passages:
        name, number = passage.id, 1
        while name in used:
            name = f"{passage.metadata.get('file', '')}#{passage.id}" + (f"-{number}" if number > 1 else "")
            number += 1
        used.add(name)
        renamed += name != passage.id
        out.append(passage if name == passage.id else replace(passage, id=name))
    return out, renamed
