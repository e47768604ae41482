"""HTML: the main text of a page, by trafilatura."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ragcompress.core.errors import InvalidInput, require
from ragcompress.documents.formats.page import Page, reading
from ragcompress.documents.sources import Source

__all__ = ["html"]

_CHROME = re.compile(
    r"nav|menu|sidebar|breadcrumb|share|social|related|promo|advert|banner|cookie|newsletter", re.IGNORECASE
)


def html(data: bytes, source: Source) -> Iterator[Page]:
    """Main text as Markdown; offsets are into that text. A page without a recognisable main part is taken whole.

    Raises:
        InvalidInput: It is no HTML. MissingExtra: trafilatura is not installed.
    """
    trafilatura = require("trafilatura", "cli")
    if re.search(rb"<[A-Za-z]", data) and not re.search(rb"<html|<!doctype", data[:4096], re.IGNORECASE):
        data = b"<html><body>" + data + b"</body></html>"  # a fragment, which trafilatura takes for no HTML
    with reading(source, "HTML"):
        text, title = _main(data, source, trafilatura)
    if text is not None:
        yield Page(text, title or source.stem, markdown=True)


def _main(data: bytes, source: Source, trafilatura: Any) -> tuple[str | None, str]:
    """The main text, None where there is nothing at all, and the title."""
    tree = trafilatura.load_html(data)
    if tree is None:
        if data.strip():
            raise InvalidInput(f"{source.where} cannot be read as HTML; rename it to .txt if it is plain text")
        return None, ""
    found = trafilatura.extract_metadata(tree)
    _flatten(tree)
    text = trafilatura.extract(tree, output_format="markdown", include_comments=False, include_tables=True)
    return text or trafilatura.html2txt(data), getattr(found, "title", None) or ""


def _flatten(tree: Any) -> None:
    """What the extractor would lose becomes what it keeps: lists in cells text, definitions and asides paragraphs."""
    for cell in tree.iter("td", "th"):
        parts = [" ".join(item.itertext()).strip() for item in cell.iter("li", "p", "dd")]
        if parts and any(child.tag in ("ul", "ol", "dl", "div", "p") for child in cell):
            head = (cell.text or "").strip()
            for child in list(cell):
                cell.remove(child)
            cell.text = "; ".join(filter(None, [head, *(" ".join(part.split()) for part in parts)]))
    for aside in list(tree.iter("aside")):
        if len(aside.xpath("ancestor::article | ancestor::main")) and not _CHROME.search(
            " ".join(aside.attrib.values())
        ):
            aside.tag = "p" if len(aside) == 0 else "div"
    for terms in list(tree.iter("dl")):
        _list_terms(terms)


def _list_terms(terms: Any) -> None:
    """A definition list as a list: ``term: definition``."""
    names: list[str] = []
    for child in list(terms.iter("dt", "dd")):
        said = " ".join(" ".join(child.itertext()).split())
        if child.tag == "dt":
            names.append(said)
            child.getparent().remove(child)
        else:
            for inner in list(child):
                child.remove(inner)
            child.tag, child.text = "li", ": ".join(filter(None, [", ".join(names), said]))
            names = []
    terms.tag = "ul"
