"""Reading passages from files, folders and standard input.

    .md, .txt and anything else that is text   split into passages at paragraph borders
    code, logs, YAML and other settings        split at line ends
    .rst .tex .adoc .org                       split at their own headings
    .json .jsonl .csv .tsv .xlsx .parquet      one passage a row or record: its text, or "column: value" lines
    .html .epub .docx .pptx .pdf .ipynb .eml   their text, with the page, slide or chapter in the metadata
    .zip .tar .gz                              the files inside, up to a size

Folders are read with everything below them, in name order; ``"-"`` is standard input, JSON lines when its first line
is an object with a text, otherwise a page.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ragcompress.core.errors import InvalidInput, RagCompressError
from ragcompress.core.types import Passage
from ragcompress.documents.decode import decode, is_text
from ragcompress.documents.formats import READERS
from ragcompress.documents.formats.page import MOST_BYTES, MOST_JSON, Member, Page, Part
from ragcompress.documents.json_pieces import split_json
from ragcompress.documents.limits import Bomb, Room
from ragcompress.documents.lines import HEADINGS, split_lines, split_sections
from ragcompress.documents.pages import Piece, split_page
from ragcompress.documents.rows import csv_passages, jsonl_passages, looks_like_jsonl
from ragcompress.documents.sources import Skipped, Source, expand

__all__ = ["Content", "read_files", "read_lenient", "read_passages", "read_source"]

_PROSE = {"", ".txt", ".text", ".md", ".markdown", ".me"}
_MARKDOWN = {".md", ".markdown"}
_NO_TEXT = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ico", ".svg"), "a picture"),
    **dict.fromkeys((".mp3", ".wav", ".ogg", ".flac", ".mp4", ".mov", ".avi", ".mkv", ".webm"), "sound or film"),
    **dict.fromkeys((".doc", ".xls", ".ppt"), "an old office format; save it as .docx, .xlsx or .pptx"),
    **dict.fromkeys((".odt", ".ods", ".odp", ".rtf"), "not read; save it as .docx, .xlsx, .pptx or text"),
    **dict.fromkeys((".7z", ".rar", ".bz2", ".xz", ".zst"), "an archive of a kind that is not opened"),
}
_DEEPEST = 3  # archives in archives


@dataclass(slots=True)
class Content:
    """What one source held.

    Attributes:
        passages: In order, with ids ``name#3`` (the third of a page, the third line or row) unless the data carries
            ids. ``metadata["source"]`` is the path; pages add ``start`` and ``end``, ``str`` offsets into their text.
        skipped: Files inside that could not be read.
        digest: Of its bytes; equal for files that hold the same.
        unchanged: Whether that is what was known already: then it was not parsed, and ``passages`` is empty.
    """

    passages: list[Passage] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    digest: str = ""
    unchanged: bool = False


def read_passages(paths: Sequence[str], *, exclude: Sequence[str] = ()) -> list[Passage]:
    """Read passages from files, folders and standard input (``"-"``), and stop at the first that is broken.

    Args:
        paths: In the order wanted; a file that is named twice, or named and inside a named folder, is read once.
            Pictures, programs and the like in folders are passed over.
        exclude: Patterns as in ``.gitignore`` of what to leave out below folders.

    Returns:
        Passages of all files; see `Content`.

    Raises:
        InvalidInput: Nothing to read, a missing or unreadable file, no text in it, or a bad line, with its number.
        MissingExtra: A format needs a package that is not installed.
    """
    return read_files(paths, exclude=exclude, strict=True).passages


def read_files(
    paths: Sequence[str], *, exclude: Sequence[str] = (), column: str = "text", strict: bool = False
) -> Content:
    """The same, but a file in a folder that can't be read is listed in ``skipped`` unless ``strict``.

    Raises:
        InvalidInput: As for `read_passages`; for files in folders only with ``strict``.
        MissingExtra: The same.
    """
    if isinstance(paths, str) or not paths:
        raise InvalidInput(f"read_passages wants a list of paths, such as ['docs/', '-'], not {paths!r}")
    everything = Content()
    for source in expand(paths, exclude):
        content = read_lenient(source, column=column, strict=strict)
        everything.passages += content.passages
        everything.skipped += content.skipped
    if not everything.passages:
        names = ", ".join("standard input" if path == "-" else repr(path) for path in paths)
        why = "; ".join(f"{gone.where}: {gone.why}" for gone in everything.skipped[:3])
        raise InvalidInput(f"there is no text in {names}; name files or folders that hold some" + (why and f" ({why})"))
    return everything


def read_lenient(source: Source, *, column: str = "text", strict: bool = False, known: str = "") -> Content:
    """`read_source`; a file in a folder that can't be read is skipped, one that was named is an error as ever."""
    try:
        content = read_source(source, column=column, known=known)
    except RagCompressError as error:
        if strict or source.named:
            raise
        return Content(skipped=[Skipped(source.where, short_reason(str(error), source))])
    if source.named and content.skipped and not content.passages:
        raise InvalidInput(f"{content.skipped[0].where}: {content.skipped[0].why}")
    if not (content.passages or content.skipped or content.unchanged):
        content.skipped.append(Skipped(source.where, "holds no text"))
    return content


def short_reason(message: str, source: Source) -> str:
    """A message without the file's name at its beginning.

    >>> short_reason("a/b.pdf has no text", Source("b.pdf", "a/b.pdf"))
    'has no text'
    """
    return message.removeprefix("cannot read ").removeprefix(source.where).lstrip(" :,")


def read_source(source: Source, *, column: str = "text", known: str = "") -> Content:
    """Read one file (or standard input).

    Args:
        source: As found by `ragcompress.documents.sources.expand`.
        column: The column or key that holds the text of a row.
        known: The digest of what was read earlier; a file that still has it is not parsed again.

    Raises:
        InvalidInput: It is missing, unreadable, broken or too large.
        MissingExtra: Its format needs a package that is not installed.
    """
    data = _bytes(source)
    content = Content(digest=hashlib.sha256(data).hexdigest()[:16])
    content.unchanged = content.digest == known
    if not content.unchanged:
        _gather(data, source, column, content, Room())
    return content


def _bytes(source: Source) -> bytes:
    try:
        if source.outside:
            raise InvalidInput(f"{source.where} is a link out of its folder; name the file itself if you trust it")
        if source.path is None:
            return sys.stdin.buffer.read()
        if (size := source.path.stat().st_size) > MOST_BYTES:
            raise InvalidInput(f"{source.where} has {size:,} bytes; at most {MOST_BYTES:,} are read, so split it")
        return source.path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"cannot read {source.where}: {error.strerror}; check its permissions") from error


def _gather(data: bytes, source: Source, column: str, content: Content, room: Room, *, depth: int = 0) -> None:
    number = 0
    for part in _parts(data, source, column):
        if isinstance(part, Skipped):
            content.skipped.append(part)
        elif isinstance(part, Passage):
            room.take(source.where, text=len(part.text) + 64 * len(part.metadata))
            content.passages.append(part)
        elif isinstance(part, Page):
            room.take(source.where, text=len(part.text))
            made = list(_passages(part, source, number))
            number += len(made)
            content.passages += made
        elif depth == _DEEPEST:
            content.skipped.append(Skipped(part.source.where, f"lies more than {_DEEPEST} archives deep"))
        else:
            room.take(source.where, data=len(part.data))
            _member(part, column, content, room, depth)


def _member(part: Member, column: str, content: Content, room: Room, depth: int) -> None:
    try:
        _gather(part.data, part.source, column, content, room, depth=depth + 1)
    except Bomb:
        raise
    except RagCompressError as error:
        content.skipped.append(Skipped(part.source.where, short_reason(str(error), part.source)))


def _parts(data: bytes, source: Source, column: str) -> Iterator[Part]:
    kind = source.kind
    if kind in READERS:
        yield from READERS[kind](data, source)
        return
    if kind in _NO_TEXT or (kind not in _PROSE and not is_text(data[:65_536])):
        yield Skipped(source.where, _NO_TEXT.get(kind) or "no text, and no kind of file that is read")
        return
    text, guessed = decode(data, source.where)
    facts = {"encoding": guessed} if guessed else {}
    if kind in (".jsonl", ".ndjson") or (source.path is None and source.name == "stdin" and looks_like_jsonl(text)):
        yield from _with(jsonl_passages(text, source, column), facts)
    elif kind in (".csv", ".tsv"):
        yield from _with(csv_passages(text, source, column), facts)
    else:
        yield from (_placed(text, piece, facts) for piece in _pieces(text, kind, source.stem))


def _with(passages: Iterator[Passage], facts: dict[str, Any]) -> Iterator[Passage]:
    return (replace(each, metadata={**each.metadata, **facts}) for each in passages) if facts else passages


@dataclass(frozen=True, slots=True)
class _Placed(Page):
    """A page that is one passage already."""

    start: int = 0


def _placed(text: str, piece: Piece, facts: dict[str, Any]) -> Page:
    return _Placed(text[piece.start : piece.end], piece.title, facts, start=piece.start)


def _pieces(text: str, kind: str, stem: str) -> list[Piece]:
    if kind == ".json" and len(text) <= MOST_JSON:
        try:
            return split_json(text, title=stem)
        except (ValueError, RecursionError):
            return split_lines(text, title=stem)
    if kind in HEADINGS:
        return split_sections(text, HEADINGS[kind], title=stem)
    if kind in _PROSE:
        return split_page(text, title=stem, headings=kind in _MARKDOWN or (not kind and _may_have_headings(stem)))
    return split_lines(text, title=stem)


def _may_have_headings(stem: str) -> bool:
    """Of a file without an ending: what is piped in, or a README; in ``services`` or ``fstab`` a ``#`` is a comment."""
    return not stem or stem.upper().startswith("README")


def _passages(page: Page, source: Source, before: int) -> Iterator[Passage]:
    if isinstance(page, _Placed):
        pieces, start = [Piece(0, len(page.text), page.title)], page.start
    else:
        pieces, start = split_page(page.text, title=page.title or source.stem, headings=page.markdown), 0
    for number, piece in enumerate(pieces, start=before + 1):
        place = {"start": start + piece.start, "end": start + piece.end}
        facts = {"source": source.where, **page.metadata, **place}
        yield Passage(page.text[piece.start : piece.end], f"{source.name}#{number}", piece.title, metadata=facts)
