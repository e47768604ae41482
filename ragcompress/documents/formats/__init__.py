"""Formats that need a parser: for each ending, what turns the bytes of a file into pages, passages or further files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ragcompress.documents.formats import archive, book, mail, notebook, office, parquet, pdf, web
from ragcompress.documents.formats.page import Member, Page, Part
from ragcompress.documents.sources import Source

__all__ = ["READERS", "Member", "Page", "Part", "Reader"]

Reader = Callable[[bytes, Source], Iterable[Part]]

READERS: dict[str, Reader] = {
    ".docx": office.docx,
    ".eml": mail.eml,
    ".epub": book.epub,
    ".gz": archive.gz,
    ".htm": web.html,
    ".html": web.html,
    ".ipynb": notebook.ipynb,
    ".mbox": mail.mbox,
    ".parquet": parquet.parquet,
    ".pdf": pdf.pdf,
    ".pptx": office.pptx,
    ".tar": archive.tar,
    ".tgz": archive.tar,
    ".xlsx": office.xlsx,
    ".xhtml": web.html,
    ".zip": archive.zipped,
}
"""What reads a file by its ending; whatever is not here is text, or nothing that can be read."""
