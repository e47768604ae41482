"""Jupyter notebooks: text, code and printed results, in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ragcompress.core.errors import InvalidInput
from ragcompress.documents.formats.page import MOST_JSON, Page, reading
from ragcompress.documents.sources import Source

__all__ = ["ipynb"]


def ipynb(data: bytes, source: Source) -> Iterator[Page]:
    """One page of Markdown; code and what it printed in fences, pictures left out.

    Raises:
        InvalidInput: It is broken.
    """
    with reading(source, "notebook"):
        if len(data) > MOST_JSON:
            raise InvalidInput(f"{source.where} has {len(data):,} bytes; of a notebook at most {MOST_JSON:,} are read")
        book = json.loads(data)
        language = book.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        cells = book["cells"] if "cells" in book else [cell for sheet in book["worksheets"] for cell in sheet["cells"]]
        parts = [text for cell in cells for text in _cell(cell, language)]
    yield Page("\n\n".join(part for part in parts if part.strip()), markdown=True)


def _cell(cell: dict[str, Any], language: str) -> Iterator[str]:
    text = _joined(cell.get("source", cell.get("input", "")))
    if cell.get("cell_type") != "code":
        yield text
        return
    if text.strip():
        yield f"```{language}\n{text}\n```"
    for output in cell.get("outputs", ()):
        printed = _joined(output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue") or "")
        if printed.strip():
            yield f"```\n{printed.rstrip()}\n```"


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
