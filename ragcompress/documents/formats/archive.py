"""Archives: the files inside, up to a size that no bomb gets past."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from typing import IO, Any

from ragcompress.core.errors import InvalidInput
from ragcompress.documents.formats.page import MOST_BYTES, Member, checked_zip, reading
from ragcompress.documents.sources import Skipped, Source

__all__ = ["gz", "tar", "zipped"]


def zipped(data: bytes, source: Source) -> Iterator[Member | Skipped]:
    """Members of a zip file in their order.

    Raises:
        InvalidInput: It is broken, or unpacks to too much.
    """
    with reading(source, "zip"):
        opened = checked_zip(data, source)
        left = MOST_BYTES
        for each in opened.infolist():
            if each.is_dir() or _hidden(each.filename):
                continue
            if each.flag_bits & 1:
                yield Skipped(f"{source.where}/{each.filename}", "needs a password")
                continue
            with opened.open(each) as file:  # read with a limit: what the directory says of sizes may be a lie
                content, left = _bounded(file, left, source)
            yield Member(source.inside(each.filename), content)


def tar(data: bytes, source: Source) -> Iterator[Member]:
    """Regular files of a tar file, packed or not.

    Raises:
        InvalidInput: It is broken, or unpacks to too much.
    """
    with reading(source, "tar"), tarfile.open(fileobj=io.BytesIO(data), mode="r|*") as opened:
        left = MOST_BYTES
        for each in opened:
            file = opened.extractfile(each) if each.isreg() else None
            if file is not None and not _hidden(each.name):
                content, left = _bounded(file, left, source)
                yield Member(source.inside(each.name), content)


def gz(data: bytes, source: Source) -> Iterator[Member]:
    """The one file in a gzip file; a ``.tar.gz`` is read as a tar file.

    Raises:
        InvalidInput: It is broken, or unpacks to too much.
    """
    if source.name.lower().endswith(".tar.gz"):
        yield from tar(data, source)
        return
    with reading(source, "gzip"), gzip.open(io.BytesIO(data)) as file:
        content, _ = _bounded(file, MOST_BYTES, source)
    yield Member(Source(source.name[:-3], source.where), content)


def _bounded(file: IO[bytes] | Any, left: int, source: Source) -> tuple[bytes, int]:
    content = file.read(left + 1)
    if len(content) > left:
        raise InvalidInput(
            f"{source.where} unpacks to more than {MOST_BYTES:,} bytes; unpack it yourself if you trust it"
        )
    return content, left - len(content)


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
