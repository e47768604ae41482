"""HTML and XML: tags as they stand in the text, on one line or many."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from typing import NamedTuple

from ragcompress.structure.html import BLOCKS, html_units
from ragcompress.structure.lines import Block, Lines
from ragcompress.structure.tree import MOST_MEMBER, Node, tree_units

__all__ = ["Tag", "read_markup"]

_BEGIN = re.compile(
    r"[ \t]*(?:<!DOCTYPE\b|<\?xml\b|<!--|<([A-Za-z][\w:.-]{0,60})(?=[\s/>])[^<>]{0,2000}>)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<!--|<!\[CDATA\[|<[!?][^<>]*>|<(/?)([A-Za-z][\w:.-]*)(?=[\s/>])[^<>]*>")
_NAMING = re.compile(r"\s*<(?:\w+:)?(?:id|name|title|key|sku|code|label)\b", re.IGNORECASE)
_VOID = frozenset(
    str.split("""
    area base br col embed hr img input link meta source track wbr
    """)
)
_RAW = frozenset({"script", "style"})
_INLINE = frozenset(
    str.split("""
    a abbr b bdi bdo big br cite code del dfn em font i img ins kbd mark q s samp small span strike
    strong sub sup tt u var wbr input button label
    """)
)


class Tag(NamedTuple):
    """A tag: where it lies, its name in small letters, whether it opens (1), closes (-1) or does neither (0)."""

    start: int
    end: int
    name: str
    step: int


def read_markup(lines: Lines, at: int) -> Block | None:
    """Elements that stand beside each other from a line on, up to text outside them."""
    if lines.patience < 0 or "<" not in lines[at][:40]:
        return None
    start = lines.starts[at]
    begin = _BEGIN.match(lines.text, start)
    if begin is None or (begin[1] and begin[1].lower() in _INLINE):
        return None
    if begin[1] and not begin[0].endswith("/>") and begin[1].lower() not in BLOCKS | _VOID:
        close = lines.text.find(f"</{begin[1]}", begin.end())
        if close < 0:
            lines.patience -= len(lines.text) - start
            return None
    tags, end = _tags(lines.text, start)
    if not tags:
        lines.patience -= end - start
        return None
    stop = max(bisect_left(lines.starts, end), at + 1)
    if _is_html(tags):
        return Block(stop, html_units(lines.text, tags, start, lines.starts[stop]))
    return Block(stop, [unit for root in _trees(lines.text, tags) for unit in tree_units(lines.text, root, _NAMING)])


def _is_html(tags: list[Tag]) -> bool:
    """Whether most of the first tags are those of HTML."""
    names = [tag.name for tag in tags[:16] if tag.name]
    known = sum(name in BLOCKS or name in _INLINE or name in _VOID for name in names)
    return "html" in names[:1] or known * 10 >= len(names) * 7


def _tags(text: str, start: int) -> tuple[list[Tag], int]:
    """The tags from ``start`` on up to where text stands outside all elements, and where that is."""
    found: list[Tag] = []
    opened: list[str] = []
    count: Counter[str] = Counter()
    at = start
    while True:
        match = _TAG.search(text, at)
        outside = not opened and at > start
        if match is None or (outside and text[at : match.start()].strip()):
            return found, _outside(text, at, match.start() if match else len(text)) if outside or match else len(text)
        at = _end(text, match)
        name = (match[2] or "").lower()
        step = 0
        if name and match[1]:
            step = -1 if count[name] else 0
            while step and opened:
                last = opened.pop()
                count[last] -= 1
                if last == name:
                    break
        elif name and name not in _VOID and not match[0].endswith("/>"):
            step = 1
            opened.append(name)
            count[name] += 1
        found.append(Tag(match.start(), at, name, step))
        if step == 1 and name in _RAW:
            close = text.find(f"</{name}", at)
            at = close if close >= 0 else at


def _end(text: str, match: re.Match[str]) -> int:
    """Where a tag, a comment or raw data ends."""
    if match[2]:
        return match.end()
    mark = {"<!--": "-->", "<![CDATA[": "]]>"}.get(match[0])
    if mark is None:
        return match.end()
    close = text.find(mark, match.end())
    return close + 3 if close >= 0 else len(text)


def _outside(text: str, at: int, stop: int) -> int:
    """Where a block ends: with the line of its last tag."""
    line = text.find("\n", at, stop)
    return line + 1 if line >= 0 else stop


def _trees(text: str, tags: list[Tag]) -> list[Node]:
    """Elements as containers; what stands before the first belongs to it."""
    roots: list[Node] = []
    stack: list[tuple[Node, str]] = []
    begin = tags[0].start
    for tag in tags:
        if tag.step == 1:
            node = Node(begin if not stack and not roots else tag.start, tag.end, False)
            (stack[-1][0].children if stack else roots).append(node)
            stack.append((node, tag.name))
        elif tag.step == -1:
            while stack:
                node, name = stack.pop()
                node.end = tag.end
                if node.end - node.start <= MOST_MEMBER:
                    node.children = []
                node.is_list = len(node.children) > 1
                if name == tag.name:
                    break
        elif tag.name and stack:
            leaf = Node(tag.start, tag.end, False)
            stack[-1][0].children.append(leaf)
    for node, _ in stack:
        node.end = tags[-1].end
    return roots
