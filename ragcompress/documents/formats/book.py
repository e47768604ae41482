"""EPUB: a zip file of HTML chapters, in the order of its spine."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree

from ragcompress.core.errors import InvalidInput
from ragcompress.documents.formats.page import Page, checked_zip, reading
from ragcompress.documents.formats.web import html
from ragcompress.documents.sources import Source

__all__ = ["epub"]


def epub(data: bytes, source: Source) -> Iterator[Page]:
    """One page a chapter; ``metadata["chapter"]`` counts from 1.

    Raises:
        InvalidInput: It is broken. MissingExtra: trafilatura is not installed.
    """
    with reading(source, "EPUB"):
        book = checked_zip(data, source)
        container = _xml(book.read("META-INF/container.xml"))
        package = next(each.get("full-path", "") for each in container.iter() if each.tag.endswith("rootfile"))
        root = _xml(book.read(package))
        names = _spine(root, posixpath.dirname(package))
        there = set(book.namelist())
        chapters = [book.read(name) for name in dict.fromkeys(names) if name in there]
        titles = [each.text.strip() for each in root.iter() if each.tag.endswith("}title") and each.text]
        title = titles[0] if titles else source.stem
    for number, chapter in enumerate(chapters, start=1):
        inside = Source(f"chapter {number}", f"{source.where}, chapter {number}")
        for page in html(chapter, inside):
            own = page.title if page.title not in (title, inside.stem) else ""
            yield Page(page.text, " – ".join(filter(None, (title, own))), {"chapter": number}, markdown=True)


def _spine(root: ElementTree.Element, folder: str) -> list[str]:
    """Names of the chapters' files, in reading order."""
    files = {each.get("id"): each.get("href", "") for each in root.iter() if each.tag.endswith("}item")}
    order = [files.get(each.get("idref"), "") for each in root.iter() if each.tag.endswith("}itemref")]
    return [posixpath.normpath(posixpath.join(folder, unquote(name))) for name in order if name]


def _xml(data: bytes) -> ElementTree.Element:
    if b"<!ENTITY" in data.replace(
        b"\0", b""
    ):  # entities that expand without end are an old trick, and no book needs them
        raise InvalidInput("its table of contents declares XML entities, which are not read")
    return ElementTree.fromstring(data)
