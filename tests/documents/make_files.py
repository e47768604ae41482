"""Small files of many formats, made on the spot."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from email.message import EmailMessage
from typing import Any


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text per page (``\\n`` begins another), in the plainest form."""
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for at, text in enumerate(pages):
        shown = " ".join(f"({line}) Tj 0 -14 Td" for line in text.split("\n"))
        stream = f"BT /F1 12 Tf 72 720 Td {shown} ET".encode()
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>"
            f"/Contents {5 + 2 * at} 0 R>>".encode(),
            b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF"
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}{end}".encode()


def zipped(**files: str | bytes) -> bytes:
    """A zip file; ``__`` in a name stands for ``/`` and the last ``_`` for the dot of its ending."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            folder, _, rest = name.replace("__", "/").rpartition("/")
            out.writestr((folder + "/" if folder else "") + ".".join(rest.rsplit("_", 1)), content)
    return data.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    """A ``.tar.gz`` with one file."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as out:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        out.addfile(info, io.BytesIO(content))
    return data.getvalue()


def epub() -> bytes:
    """A book of two chapters, named in the other order in its list of files."""
    page = "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>{1}</p></body></html>"
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        '<dc:title>The Ferry</dc:title></metadata><manifest><item id="b" href="two.xhtml"/><item id="a" '
        'href="one.xhtml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    return zipped(
        **{
            "META-INF__container_xml": '<container><rootfile full-path="OPS/p.opf"/></container>',
            "OPS__p_opf": package,
            "OPS__one_xhtml": page.format("Morning", "The first ferry leaves the island of Tarn at five past six."),
            "OPS__two_xhtml": page.format("Evening", "The last ferry comes back at a quarter to eleven at night."),
        }
    )


def eml() -> bytes:
    """A message with a text attached."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ada@example.org", "bob@example.org", "Übergabe"
    message.set_content("The keys are in the blue box.\n")
    message.add_attachment("id,price\n7,12.50\n", subtype="csv", filename="prices.csv")
    return bytes(message)


def notebook() -> bytes:
    """Text, code and what it printed."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "source": ["# Tides\n", "Measured in May."]},
        {"cell_type": "code", "source": "high = 4.2\nprint(high)", "outputs": [{"text": ["4.2\n"]}]},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}).encode()


def docx() -> bytes:
    """Headings, a paragraph and a table."""
    import docx as module

    made, out = module.Document(), io.BytesIO()
    made.add_heading("Handbook", level=0)
    made.add_heading("Doors", level=1)
    made.add_paragraph("Doors close ten seconds before departure.")
    table = made.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, (("door", "width"), ("front", "90 cm")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    made.save(out)
    return out.getvalue()


def xlsx() -> bytes:
    """Two rows in a sheet called Staff."""
    import openpyxl

    made, out = openpyxl.Workbook(), io.BytesIO()
    sheet = made.active
    assert sheet is not None
    sheet.title = "Staff"
    for row in (("name", "salary", None), ("Marguerite", 5400, "x"), (None, None, None), ("Ole", 4100, None)):
        sheet.append(row)
    made.save(out)
    return out.getvalue()


def pptx() -> bytes:
    """One slide with notes."""
    import pptx as module

    made, out = module.Presentation(), io.BytesIO()
    slide = made.slides.add_slide(made.slide_layouts[1])
    slide.shapes.title.text = "Budget"
    slide.placeholders[1].text = "The bridge costs 3 million."
    slide.notes_slide.notes_text_frame.text = "Approved in June."
    made.save(out)
    return out.getvalue()


def parquet() -> bytes:
    """One row."""
    import pyarrow
    from pyarrow import parquet as module

    out = io.BytesIO()
    module.write_table(pyarrow.table({"pump": ["P-417"], "cause": ["a seized bearing"]}), out)
    return out.getvalue()
