"""Splitting text that is made of lines (logs, code, settings) and text whose headings are not Markdown's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ragcompress.documents.pages import PAGE_LIMIT, Piece, split_page

__all__ = ["HEADINGS", "split_lines", "split_sections"]

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_NAMED = re.compile(
    r"(?:export |default |public |private |static |pub |async |abstract |final )*"
    r"(?:def|class|func|function|fn|struct|enum|trait|impl|interface|module|namespace|type)\s+([A-Za-z_][\w.:]*)"
)


def split_lines(text: str, *, title: str = "", limit: int = PAGE_LIMIT) -> list[Piece]:
    """Cut at line ends into pieces of about ``limit`` characters; only a single longer line is cut inside.

    A piece rather ends before a line that follows a blank one, or that is not indented, than in the middle of a block.
    Where a function or class begins at the left margin, the title says its name.

    >>> [(piece.start, piece.end) for piece in split_lines("a\\nb\\nc\\n", limit=4)]
    [(0, 3), (4, 5)]
    """
    pieces, start, good, named = [], 0, 0, ""
    for left, right in _lines(text, limit):
        if right - start > limit and left > start:
            cut = good if good > start + limit // 3 else left
            pieces.append((start, cut, named))
            named, start = _last_name(text, start, cut) or named, cut
        if not text[left].isspace() or text[max(left - 2, 0) : left] == "\n\n":
            good = left
    pieces.append((start, len(text), named))
    return [piece for begin, end, name in pieces for piece in _piece(text, begin, end, title, name)]


def _piece(text: str, start: int, end: int, title: str, before: str) -> Iterator[Piece]:
    own = text[start:end]
    left = start + len(own) - len(own.lstrip())
    right = start + len(own.rstrip())
    if left < right:
        first = _NAMED.match(own.lstrip("\r\n"))
        inside = own.lstrip("\r\n")[:1].isspace()
        name = first[1].rstrip(":") if first else before if inside else ""
        if inside:  # the first line keeps its indentation: code and YAML mean something by it
            left = start + len(own) - len(own.lstrip("\r\n"))
        yield Piece(left, right, f"{title} – {name}" if title and name else title or name)


def _last_name(text: str, start: int, end: int) -> str:
    found = [m[1] for m in re.finditer(rf"^{_NAMED.pattern}", text[start:end], re.MULTILINE)]
    return found[-1].rstrip(":") if found else ""


def _lines(text: str, limit: int) -> Iterator[tuple[int, int]]:
    for line in _LINE.finditer(text):
        for left in range(line.start(), line.end(), limit):
            yield left, min(left + limit, line.end())


Heads = Sequence[tuple[int, str]]
"""Where sections begin (``str`` offsets), with their headings."""


def split_sections(text: str, find: Callable[[str], Heads], *, title: str = "") -> list[Piece]:
    """Cut at headings that ``find`` sees, and long sections between paragraphs.

    >>> text = "Intro.\\n\\nInstall\\n=======\\nRun it.\\n"
    >>> [(piece.start, piece.title) for piece in split_sections(text, HEADINGS[".rst"], title="guide")]
    [(0, 'guide'), (8, 'guide – Install')]
    """
    heads = [(0, ""), *find(text)]
    ends = [start for start, _ in heads[1:]] + [len(text)]
    pieces = []
    for (start, heading), end in zip(heads, ends, strict=True):
        name = f"{title} – {heading}" if title and heading not in ("", title) else title or heading
        for piece in split_page(text[start:end], title=name, headings=False):
            pieces.append(Piece(start + piece.start, start + piece.end, piece.title))
    return pieces


_SIGN = r"([=\-~^\"'`#*+.:_])"
_RST = re.compile(rf"^(?:{_SIGN}\1{{2,}}[ \t]*\n)?[ \t]*(\S[^\n]*)\n{_SIGN}\3{{2,}}[ \t]*$", re.MULTILINE)
_TEX = re.compile(r"^[ \t]*\\(?:part|chapter|(?:sub)*section|paragraph)\*?(?:\[[^\]\n]*\])?\{([^\n]*)\}", re.MULTILINE)
_ADOC = re.compile(r"^={1,5}[ \t]+(\S[^\n]*)$", re.MULTILINE)
_ORG = re.compile(r"^\*{1,5}[ \t]+(\S[^\n]*)$", re.MULTILINE)


def _rst(text: str) -> Heads:
    found = []
    for match in _RST.finditer(text):
        underline = match[0].rsplit("\n", 1)[1].rstrip()
        if len(underline) >= len(match[2].rstrip()) - 1:  # shorter ones are no underlines to docutils either
            found.append((match.start(), match[2].strip()))
    return found


def _by(pattern: re.Pattern[str]) -> Callable[[str], Heads]:
    return lambda text: [(match.start(), match[1].strip()) for match in pattern.finditer(text)]


HEADINGS: dict[str, Callable[[str], Heads]] = {
    ".rst": _rst,
    ".tex": _by(_TEX),
    ".latex": _by(_TEX),
    ".adoc": _by(_ADOC),
    ".org": _by(_ORG),
}
"""How each of these formats writes headings; no other format's marks count in it."""
