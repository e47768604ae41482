"""What a format's reader gives: pages to be split, passages that are ready, files inside a file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ragcompress.core.errors import InvalidInput, RagCompressError
from ragcompress.core.types import Passage
from ragcompress.documents.sources import Skipped, Source

__all__ = ["MOST_BYTES", "Member", "Page", "Part", "checked_zip", "reading"]

MOST_BYTES = 512 << 20
"""The most bytes that one file may unpack to: far more text than anybody indexes in one file, and no bomb."""
_MOST_MEMBERS = 20_000


@dataclass(frozen=True, slots=True)
class Page:
    """Text that is still to be split into passages.

    Attributes:
        text: What is read; offsets in passages' metadata are into it.
        title: ``""`` for the file's name.
        metadata: Of every passage of it, such as ``{"page": 3}``.
        markdown: Whether ``#`` begins a heading.
    """

    text: str
    title: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    markdown: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a file."""

    source: Source
    data: bytes


Part = Page | Passage | Member | Skipped


@contextmanager
def reading(source: Source, kind: str) -> Iterator[None]:
    """Whatever a parser raises over a broken file becomes a message that names the file.

    Raises:
        InvalidInput: The file is broken.
    """
    try:
        yield
    except (RagCompressError, GeneratorExit, KeyboardInterrupt):
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise InvalidInput(f"{source.where} can't be read as {kind}: {said}; is it whole?") from error


def checked_zip(data: bytes, source: Source) -> zipfile.ZipFile:
    """A zip file that unpacks to a bounded size: office files and books are zip files as well.

    Raises:
        InvalidInput: It says that it unpacks to more than `MOST_BYTES`, or holds too many files.
    """
    opened = zipfile.ZipFile(io.BytesIO(data))
    size = sum(each.file_size for each in opened.infolist())
    if size > MOST_BYTES or len(opened.infolist()) > _MOST_MEMBERS:
        raise InvalidInput(
            f"{source.where} unpacks to {size:,} bytes in {len(opened.infolist()):,} files; at most {MOST_BYTES:,} in "
            f"{_MOST_MEMBERS:,} are read: unpack it yourself if you trust it"
        )
    return opened
