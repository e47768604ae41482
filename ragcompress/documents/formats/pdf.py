"""PDF by pypdf: one page at a time, with its number."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

from ragcompress.core.errors import InvalidInput, require
from ragcompress.documents.formats.page import Page, reading
from ragcompress.documents.sources import Source

__all__ = ["pdf"]


def pdf(data: bytes, source: Source) -> Iterator[Page]:
    """The text of each page; ``metadata["page"]`` counts from 1, offsets are into that page's text.

    Raises:
        InvalidInput: It is broken, needs a password, or holds pictures of text only.
        MissingExtra: pypdf is not installed.
    """
    pypdf = require("pypdf", "documents")
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it reports every oddity it has mended
    with reading(source, "PDF"):
        opened = pypdf.PdfReader(io.BytesIO(data))
        if opened.is_encrypted and not opened.decrypt(""):
            raise InvalidInput(f"{source.where} needs a password; save it without one")
        name = _title(opened) or source.stem
        texts = [page.extract_text() or "" for page in opened.pages]
    if not any(text.strip() for text in texts):
        raise InvalidInput(f"{source.where} has pages without text only, probably scanned; run OCR on it first")
    for number, text in enumerate(texts, start=1):
        yield Page(text, f"{name} – page {number}", {"page": number})


def _title(opened: Any) -> str:
    try:
        found = opened.metadata.title if opened.metadata else None
    except Exception:  # a title is not worth losing the text for
        return ""
    return str(found).strip() if found and not str(found).lower().startswith(("untitled", "microsoft word")) else ""
