"""What a format's reader gives: pages to be split, passages that are ready, files inside a file."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ragcompress.core.errors import InvalidInput, RagCompressError
from ragcompress.core.types import Passage
from ragcompress.documents.sources import Skipped, Source

__all__ = ["MOST_BYTES", "MOST_JSON", "Member", "Page", "Part", "checked_office", "checked_zip", "reading"]

MOST_BYTES = 512 << 20
"""The most bytes that one file may unpack to: far more text than anybody indexes in one file, and no bomb."""
MOST_JSON = 64 << 20
"""The most bytes that are parsed as one JSON value: as Python objects they take twenty times as much."""
_MOST_MEMBERS = 20_000
_REFUSED = (  # what no program writes into an office file, and what makes a reader of one run for ever
    (re.compile(rb"<!(?:DOCTYPE|ENTITY)"), "declares XML entities"),
    (re.compile(rb"gridSpan\b[^<>]{0,100}?[\"']\d{5,}"), "has a cell over more than 9,999 columns"),
    (re.compile(rb"<(?:\w{1,20}:)?row\b[^<>]{0,300}?\br=[\"']\d{8,}"), "has a row with a number above 9,999,999"),
)


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


def checked_office(data: bytes, source: Source) -> None:
    """Look through the XML of an office file before its library does.

    Raises:
        InvalidInput: It is too large, or holds what makes a small file a large one.
    """
    opened = checked_zip(data, source)
    for each in opened.infolist():
        if each.filename.endswith((".xml", ".rels")):
            text = opened.read(each).replace(b"\0", b"")  # UTF-16 reads the same then
            for pattern, what in _REFUSED:
                if pattern.search(text):
                    raise InvalidInput(f"{source.where}: {each.filename} {what}, so it is not read; save it again")
