"""HTML: the main text of a page, by trafilatura."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragcompress.core.errors import InvalidInput, require
from ragcompress.documents.formats.page import Page
from ragcompress.documents.sources import Source

__all__ = ["html"]


def html(data: bytes, source: Source) -> Iterator[Page]:
    """Main text as Markdown; offsets are into that text. A page without a recognisable main part is taken whole.

    Raises:
        InvalidInput: It is no HTML. MissingExtra: trafilatura is not installed.
    """
    trafilatura = require("trafilatura", "cli")
    if re.search(rb"<[A-Za-z]", data) and not re.search(rb"<html|<!doctype", data[:4096], re.IGNORECASE):
        data = b"<html><body>" + data + b"</body></html>"  # a fragment, which trafilatura takes for no HTML
    tree = trafilatura.load_html(data)
    if tree is None:
        if data.strip():
            raise InvalidInput(f"{source.where} cannot be read as HTML; rename it to .txt if it is plain text")
        return
    found = trafilatura.extract_metadata(tree)
    text = trafilatura.extract(data, output_format="markdown", include_comments=False, include_tables=True)
    yield Page(text or trafilatura.html2txt(data), getattr(found, "title", None) or source.stem, markdown=True)
