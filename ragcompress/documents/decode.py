"""Bytes to text: byte order marks, UTF-8, UTF-16 without a mark, and older encodings by what their text looks like."""

from __future__ import annotations

import codecs
import re

from ragcompress.core.errors import InvalidInput, MissingExtra, require

__all__ = ["decode", "is_text"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLDER = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "shift_jis", "euc_jp", "gb18030",
    "big5", "euc_kr",
]  # fmt: skip
_HEAD = 65_536  # bytes that are looked at
_CONTROL = re.compile(rb"[\x01-\x06\x0e-\x1a\x1c-\x1f]")  # no text has many of these; tab, line ends, \x1b may come
_WESTERN = re.compile("[0-9A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸ–—‘’“”„…•€£©®°§±·«»¿¡´ªº²³¼½¾×\\s!-/:-@\\[-`{-~\xa0]*")


def is_text(head: bytes) -> bool:
    """Whether a file that begins like this is text in some encoding."""
    if head.startswith(tuple(mark for mark, _ in _MARKS)):
        return True
    if b"\0" in head:
        return _wide(head) is not None
    return len(_CONTROL.findall(head)) <= len(head) / 50


def decode(data: bytes, where: str) -> tuple[str, str]:
    """The text, and the encoding where it had to be guessed (else ``""``).

    >>> decode("Grüße".encode("cp1252"), "note.txt")
    ('Grüße', 'cp1252')

    Raises:
        InvalidInput: These bytes are no text.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strictly(data, name, where), ""
    if b"\0" in data or not is_text(data[:_HEAD]):
        wide = _wide(data[:_HEAD]) if b"\0" in data else None
        if wide is None:
            raise InvalidInput(f"{where} is no text: it holds NUL or control bytes; export it as text, HTML or PDF")
        return _strictly(data, wide, where), wide
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        return _guessed(data)


def _strictly(data: bytes, name: str, where: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        place = f"byte 0x{data[error.start]:02x} at offset {error.start:,}"
        raise InvalidInput(f"{where} is not whole {name.upper()} text: {place}; save it again as UTF-8") from error


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: nearly every other byte is NUL, always on the same side, and it reads as text."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if not (even > 0.4 * half and odd < 0.02 * half) and not (odd > 0.4 * half and even < 0.02 * half):
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    text = head[: len(head) // 2 * 2].decode(name, errors="replace")
    return name if all(c.isprintable() or c.isspace() for c in text) else None


def _guessed(data: bytes) -> tuple[str, str]:
    """What reads best: Western where all of it is Western letters and signs, else what charset-normalizer says."""
    western = data.decode("cp1252", errors="replace")
    if _WESTERN.fullmatch(western) and not re.search(r"[À-ÿ]{3}", western):
        return western, "cp1252"
    try:
        best = require("charset_normalizer", "cli").from_bytes(data[:_HEAD], cp_isolation=_OLDER).best()
    except MissingExtra:
        best = None
    name = best.encoding if best is not None else "cp1252"
    return data.decode(name, errors="replace"), name
