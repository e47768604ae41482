"""Reading passages from files, folders and standard input, for the command line.

    .txt .md and anything else that is text   a page, split into passages at paragraph borders
    .html .htm                                the main text of the page, split the same way
    .jsonl                                    one passage a line: text, and id, title, score, others as metadata
    .csv                                      one passage a row, with the same columns

Folders are read with everything below them, in name order, but only the kinds named here; ``"-"`` is standard
input, JSON lines when its first line is an object with a text, otherwise a page.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.documents.pages import split_page

__all__ = ["KINDS", "read_passages"]

KINDS = (".txt", ".md", ".jsonl", ".csv", ".html", ".htm")
_FIELDS = ("text", "id", "title", "score")


@dataclass(frozen=True, slots=True)
class _Source:
    """Where passages come from: ``name`` goes into their ids, ``where`` into messages; no path is standard input."""

    name: str
    where: str
    path: Path | None

    @property
    def kind(self) -> str:
        return self.path.suffix.lower() if self.path else ""

    @property
    def stem(self) -> str:
        return self.path.stem if self.path else ""


def read_passages(paths: Sequence[str]) -> list[Passage]:
    """Read passages from files, folders and standard input (``"-"``).

    Args:
        paths: In the order wanted; a file that is named twice, or named and inside a named folder, is read once.

    Returns:
        Passages with ids ``name#3`` (the third of a page, the third line or row) unless the data carries ids.
        ``metadata["source"]`` is the path; pages add ``start`` and ``end``, ``str`` offsets into the file's text.

    Raises:
        InvalidInput: Nothing to read, a missing, unreadable or undecodable file, or a bad line, named with its number.
        MissingExtra: An HTML file, and no trafilatura to read it with.
    """
    if isinstance(paths, str) or not paths:
        raise InvalidInput(f"read_passages wants a list of paths, such as ['docs/', '-'], not {paths!r}")
    passages = [passage for source in _sources(paths) for passage in _read(source)]
    if not passages:
        named = ", ".join("standard input" if path == "-" else repr(path) for path in paths)
        raise InvalidInput(f"there is no text in {named}; name files or folders that hold some")
    return passages


def _sources(paths: Sequence[str]) -> list[_Source]:
    found: dict[str, _Source] = {}
    names: set[str] = set()
    for given in paths:
        for source in _expand(given):
            key = str(source.path.resolve()) if source.path else "-"
            if key in found:
                continue
            if source.name in names:  # a/notes.md beside b/notes.md: only the whole path tells them apart
                source = _Source(source.where, source.where, source.path)
            names.add(source.name)
            found[key] = source
    return list(found.values())


def _expand(given: str) -> list[_Source]:
    if given == "-":
        return [_Source("stdin", "standard input", None)]
    path = Path(given)
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise InvalidInput(
            f"there is no file or folder {given!r} (looked from {Path.cwd()}); check the spelling, or use - for "
            f"standard input"
        )
    return [_Source(path.name, path.as_posix(), path)]


def _folder(folder: Path) -> list[_Source]:
    def refuse(error: OSError) -> None:
        raise InvalidInput(f"cannot list {error.filename!r}: {error.strerror}; check its permissions") from error

    sources = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and path.suffix.lower() in KINDS and path.is_file():
                sources.append(_Source(path.relative_to(folder).as_posix(), path.as_posix(), path))
    if not sources:
        raise InvalidInput(
            f"the folder {str(folder)!r} holds no {', '.join(KINDS)} files; name another folder, or name files "
            f"of other kinds one by one and they are read as plain text"
        )
    return sources


def _read(source: _Source) -> list[Passage]:
    try:
        data = source.path.read_bytes() if source.path else sys.stdin.buffer.read()
    except OSError as error:
        raise InvalidInput(f"cannot read {source.where}: {error.strerror}; check its permissions") from error
    if source.kind in (".html", ".htm"):
        return _html(data, source)
    text = _decode(data, source)
    if source.kind == ".jsonl" or (source.path is None and _looks_like_jsonl(text)):
        return list(_jsonl(text, source))
    if source.kind == ".csv":
        return list(_csv(text, source))
    return _page(text, source, title=source.stem)


def _decode(data: bytes, source: _Source) -> str:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{source.where} is not UTF-8 text: byte 0x{error.object[error.start]:02x} at offset {error.start:,}. "
            f"Older text: iconv -f WINDOWS-1252 -t UTF-8 IN > OUT; a PDF or an office file: export it as text or "
            f"HTML first"
        ) from error


def _page(text: str, source: _Source, *, title: str) -> list[Passage]:
    return [
        Passage(
            text=text[piece.start : piece.end],
            id=f"{source.name}#{number}",
            title=piece.title,
            metadata={"source": source.where, "start": piece.start, "end": piece.end},
        )
        for number, piece in enumerate(split_page(text, title=title), start=1)
    ]


def _html(data: bytes, source: _Source) -> list[Passage]:
    """Main text as Markdown; offsets are into that text. A page without a recognisable main part is taken whole."""
    trafilatura = require("trafilatura", "cli")
    if re.search(rb"<[A-Za-z]", data) and not re.search(rb"<html|<!doctype", data[:4096], re.IGNORECASE):
        data = b"<html><body>" + data + b"</body></html>"  # a fragment, which trafilatura takes for no HTML
    tree = trafilatura.load_html(data)
    if tree is None:
        if data.strip():
            raise InvalidInput(f"{source.where} cannot be read as HTML; rename it to .txt if it is plain text")
        return []
    found = trafilatura.extract_metadata(tree)
    text = trafilatura.extract(data, output_format="markdown", include_comments=False, include_tables=True)
    title = getattr(found, "title", None) or source.stem
    return _page(text or trafilatura.html2txt(data), source, title=title)


def _looks_like_jsonl(text: str) -> bool:
    try:
        row = json.loads(text.lstrip().split("\n", 1)[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and "text" in row


def _jsonl(text: str, source: _Source) -> Iterator[Passage]:
    # split("\n") and not splitlines(), which also cuts at U+2028 and its like inside a text
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{source.where}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"{place} is not JSON ({error}); every line must be one whole object") from error
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            held = f"the keys {sorted(row)}" if isinstance(row, dict) else f"a {type(row).__name__}"
            raise InvalidInput(f'{place} holds {held}; it must be an object with a string "text"')
        yield _row(row, source, number=number, place=place)


def _csv(text: str, source: _Source) -> Iterator[Passage]:
    header = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    try:
        columns = [_column(name) for name in reader.fieldnames or []]
        reader.fieldnames = columns
        if columns and "text" not in columns:
            raise InvalidInput(f"{source.where} has no column 'text', only {columns}; rename the one to read")
        for number, row in enumerate(reader, start=1):
            place = f"{source.where}, row {number} (ending at line {reader.line_num})"
            if None in row or None in row.values():
                raise InvalidInput(f"{place} does not have {len(columns)} fields like the header; quote its text")
            yield _row(row, source, number=number, place=place)
    except csv.Error as error:
        raise InvalidInput(f"{source.where}, line {reader.line_num}: {error}; convert it to .jsonl") from error


def _column(name: str) -> str:
    """``Text`` and ``ID `` are the columns text and id; other names stay as they are written."""
    plain = name.strip()
    return plain.lower() if plain.lower() in _FIELDS else plain


def _row(row: Mapping[str, Any], source: _Source, *, number: int, place: str) -> Passage:
    """A passage from named values; whatever has no place on it becomes metadata."""
    given, score = row.get("id"), row.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float | str | None):
        raise InvalidInput(f"{place}: score must be a number, not {score!r}")
    try:
        number_score = None if score is None or score == "" else float(score)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{place}: score must be a number, not {score!r}") from error
    nested = row.get("metadata")
    metadata = dict(nested) if isinstance(nested, Mapping) else {}
    used = set(_FIELDS) | ({"metadata"} if isinstance(nested, Mapping) else set())
    return Passage(
        text=row["text"],
        id=f"{source.name}#{number}" if given is None or given == "" else str(given),
        title=str(row.get("title") or ""),
        score=number_score,
        metadata={"source": source.where, **metadata, **{k: v for k, v in row.items() if k not in used}},
    )
