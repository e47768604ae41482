"""Word, Excel and PowerPoint files, by python-docx, openpyxl and python-pptx."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from ragcompress.core.errors import require
from ragcompress.core.types import Passage
from ragcompress.documents.formats.page import Page, checked_office, reading
from ragcompress.documents.rows import table_passages
from ragcompress.documents.sources import Source

__all__ = ["docx", "pptx", "xlsx"]


def docx(data: bytes, source: Source) -> Iterator[Page]:
    """One page of Markdown: headings by their styles, lists, tables.

    Raises:
        InvalidInput: It is broken. MissingExtra: python-docx is not installed.
    """
    module = require("docx", "documents")
    with reading(source, "DOCX"):
        checked_office(data, source)
        opened = module.Document(io.BytesIO(data))
        blocks = [_block(each) for each in opened.iter_inner_content()]
        title = (opened.core_properties.title or "").strip()
    yield Page("\n\n".join(block for block in blocks if block), title, markdown=True)


def _block(item: Any) -> str:
    if hasattr(item, "rows"):
        return _table([cell.text for cell in row.cells] for row in item.rows)
    text, style = item.text.strip(), str(getattr(item.style, "name", "") or "")
    if not text:
        return ""
    if style == "Title":
        return f"# {text}"
    if style.startswith("Heading ") and style[8:].isdigit():
        return "#" * min(int(style[8:]), 6) + f" {text}"
    return f"- {text}" if style.startswith("List") else text


def _table(rows: Iterable[Iterable[str]]) -> str:
    lines = ["| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |" for row in rows]
    if not lines:
        return ""
    rule = "|" + "---|" * max(lines[0].replace("\\|", "").count("|") - 1, 1)
    return "\n".join([lines[0], rule, *lines[1:]])


def pptx(data: bytes, source: Source) -> Iterator[Page]:
    """One page a slide, with its tables and notes; ``metadata["slide"]`` counts from 1.

    Raises:
        InvalidInput: It is broken. MissingExtra: python-pptx is not installed.
    """
    module = require("pptx", "documents")
    with reading(source, "PPTX"):
        checked_office(data, source)
        slides = [(_slide(slide), _heading(slide)) for slide in module.Presentation(io.BytesIO(data)).slides]
    for number, (text, heading) in enumerate(slides, start=1):
        yield Page(text, " – ".join(filter(None, (source.stem, heading or f"slide {number}"))), {"slide": number})


def _heading(slide: Any) -> str:
    return " ".join(slide.shapes.title.text_frame.text.split()) if slide.shapes.title is not None else ""


def _slide(slide: Any) -> str:
    parts = [text for shape in slide.shapes for text in _shape(shape)]
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        parts.append(slide.notes_slide.notes_text_frame.text)
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _shape(shape: Any) -> Iterator[str]:
    if hasattr(shape, "shapes"):  # a group
        for inner in shape.shapes:
            yield from _shape(inner)
    elif getattr(shape, "has_table", False) and shape.has_table:
        yield _table([cell.text for cell in row.cells] for row in shape.table.rows)
    elif shape.has_text_frame:
        yield shape.text_frame.text.replace("\v", "\n")


def xlsx(data: bytes, source: Source) -> Iterator[Passage]:
    """One passage a row of each sheet, as ``column: value`` lines under the first row's names.

    Raises:
        InvalidInput: It is broken. MissingExtra: openpyxl is not installed.
    """
    module = require("openpyxl", "documents")
    with reading(source, "XLSX"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and validations that are not kept, which nobody wants here
        checked_office(data, source)
        opened = module.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for sheet in opened.worksheets:
            title, rows = f"{source.stem} – {sheet.title}", sheet.iter_rows(values_only=True)
            yield from table_passages(rows, source, title=title, more={"sheet": sheet.title})
