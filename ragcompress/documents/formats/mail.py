"""E-mail, by the standard library: who wrote what to whom, and what is attached."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

from ragcompress.core.errors import RagCompressError
from ragcompress.documents.formats.page import Member, Page, Part, reading
from ragcompress.documents.formats.web import html
from ragcompress.documents.sources import Skipped, Source

__all__ = ["eml", "mbox"]

_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_BEGIN = re.compile(rb"^From [^\n]*\d{4}\s*\n", re.MULTILINE)


def eml(data: bytes, source: Source) -> Iterator[Part]:
    """The message with its headers as one page, then its attachments as files inside it.

    Raises:
        InvalidInput: It is broken.
    """
    yield from _message(data, source, {})


def mbox(data: bytes, source: Source) -> Iterator[Part]:
    """Every message of a mailbox; ``metadata["message"]`` counts from 1."""
    starts = [(match.start(), match.end()) for match in _BEGIN.finditer(data)]
    ends = [*(start for start, _ in starts[1:]), len(data)][: len(starts)]
    for number, ((_, begin), end) in enumerate(zip(starts, ends, strict=True), start=1):
        body = re.sub(rb"(?m)^>(>*From )", rb"\1", data[begin:end])
        yield from _message(body, source, {"message": number})


def _message(data: bytes, source: Source, facts: dict[str, int]) -> Iterator[Part]:
    with reading(source, "e-mail"):
        message = message_from_bytes(data, policy=policy.default)
        shown = [f"{name}: {message[name]}" for name in _SHOWN if message[name]]
        text = "\n".join(shown) + "\n\n" + _body(message, source)
        title = " ".join(str(message["Subject"] or "").split())
        attached = list(message.iter_attachments())
    yield Page(text, title or source.stem, facts)
    for at, part in enumerate(attached, start=1):
        name = part.get_filename() or f"attachment {at}"
        inside = source.inside("/".join(filter(None, (str(facts.get("message", "")), name))))
        try:
            content = part.get_payload(decode=True)
        except Exception as error:
            yield Skipped(inside.where, f"can't be decoded: {error}")
            continue
        if isinstance(content, bytes):
            yield Member(inside, content)


def _body(message: EmailMessage, source: Source) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    raw = part.get_payload(decode=True)
    data = raw if isinstance(raw, bytes) else b""
    text = data.decode(_charset(part), errors="replace")
    if part.get_content_subtype() != "html":
        return text
    try:
        return "\n\n".join(page.text for page in html(text.encode(), source))
    except RagCompressError:
        return re.sub(r"<[^<>]*>", " ", text)  # a message that is HTML in name only


def _charset(part: MIMEPart) -> str:
    name = part.get_content_charset() or "utf-8"
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=name)
    except LookupError:
        return "utf-8"
    return name
