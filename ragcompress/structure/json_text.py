"""JSON: records and members. What is kept needs the brackets around it, so that it can be put together again."""

from __future__ import annotations

import re
from bisect import bisect_left

from ragcompress.core.types import Unit
from ragcompress.structure.json_strings import string_units
from ragcompress.structure.lines import Block, Lines, Span

__all__ = ["json_units", "read_json"]

MOST_RECORD = 700  # characters of an object in a list that stays whole
MOST_MEMBER = 200  # and of a container within an object: what is in it is told by its key
DEPTH = 8  # brackets that a member may need; deeper ones need those of this depth

_BEGIN = re.compile(r"[ \t]*(?:\[\s*(?:[\[{\"\]]|-?\d[\d.eE+-]*\s*[,\]]|true|false|null|$)|\{\s*(?:\"|\}|$))")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_NAMING = re.compile(r'\s*"(?:id|_id|name|title|key|sku|code|label|path|url)"\s*:', re.IGNORECASE)


class _Node:
    """A container or a scalar: where it and what follows it (its comma) lie, its children, whether it is a list."""

    __slots__ = ("children", "end", "inner", "is_list", "start")

    def __init__(self, start: int, inner: int, is_list: bool) -> None:
        self.start, self.inner, self.is_list = start, inner, is_list
        self.end = inner
        self.children: list[_Node] = []


def read_json(lines: Lines, at: int) -> Block | None:
    """A JSON value that begins and ends with a line; cut-off JSON is read as far as it goes."""
    if not _BEGIN.match(lines[at]):
        return None
    start = lines.starts[at]
    if lines.patience < 0:
        return None
    root, end = _tree(lines.text, start)
    line = at + 1
    if root is not None:
        line = _line_after(lines, at, end)
        rest = lines.text[end : lines.starts[line]].strip()
        if rest and rest != ",":
            root = None
    if root is None:
        lines.patience -= end - start
        return None
    found = json_units(lines.text, root)
    return Block(line, found, lead=True)


def _line_after(lines: Lines, at: int, end: int) -> int:
    return max(bisect_left(lines.starts, end), at + 1)


def _tree(text: str, start: int) -> tuple[_Node | None, int]:
    """The containers of the value at ``start``, small ones without what is in them; None: it isn't JSON."""
    stack: list[_Node] = []
    begin = start  # where the member that is being read begins
    end = start
    root: _Node | None = None
    closed: _Node | None = None  # the container whose closing bracket was read last, until its comma
    for match in _TOKEN.finditer(text, start):
        mark, end = match.group(), match.end()
        if mark in "[{":
            node = _Node(begin, end, mark == "[")
            if stack:
                stack[-1].children.append(node)
            root = root or node
            stack.append(node)
            begin = end
            closed = None
        elif mark in "]}":
            top = stack.pop()
            if (mark == "]") != top.is_list:
                return None, end
            if closed is None and text[begin : match.start()].strip():
                top.children.append(_scalar(begin, match.start()))
            top.end = end
            if stack and end - top.start <= (MOST_RECORD if stack[-1].is_list else MOST_MEMBER):
                top.children = []
            begin = end
            closed = top
            if not stack:
                return root, end
        elif mark == ",":
            top = stack[-1]
            if closed is None:
                top.children.append(_scalar(begin, match.start()))
            top.children[-1].end = end
            begin = end
            closed = None
    return (root if root and root.children else None), len(text)


def _scalar(start: int, end: int) -> _Node:
    node = _Node(start, end, False)
    node.end = end
    return node


def json_units(text: str, root: _Node) -> list[Unit]:
    """Opening brackets with their keys, records and members, closing brackets; members need the brackets."""
    if root.end - root.start <= MOST_MEMBER or not root.children:
        return [Unit(root.start, root.end, (), "record")]
    units: list[Unit] = []
    stack: list[tuple[_Node, int, tuple[Span, ...], int]] = [(root, 0, (), 0)]
    while stack:
        node, step, needs, depth = stack.pop()
        if step == 0:
            closing = (_closing(text, node), node.end)
            opening = (node.start, node.inner)
            units.append(Unit(*opening, (*needs, closing) if closing[0] < closing[1] else needs, "open"))
            inside = (
                needs
                if depth >= DEPTH
                else (*needs, opening, closing)
                if closing[0] < closing[1]
                else (*needs, opening)
            )
            needs = _named(text, node, inside)
        if step < len(node.children):
            stack.append((node, step + 1, needs, depth))
            child = node.children[step]
            if child.children and child.end - child.start > (MOST_RECORD if node.is_list else MOST_MEMBER):
                stack.append((child, 0, needs, depth + 1))
            else:
                span = (child.start, child.end)
                others = tuple(need for need in needs if need != span)
                told = [] if child.children else string_units(text, *span, others)
                units += told or [Unit(*span, others, "record" if node.is_list else "member")]
        elif node.children:
            closing = (_closing(text, node), node.end)
            if closing[0] < closing[1]:
                opening = (node.start, node.inner)
                units.append(Unit(*closing, (opening,), "close"))
    return units


def _closing(text: str, node: _Node) -> int:
    """Where the bracket that closes a container stands, or its end if it was cut off."""
    last = node.children[-1].end if node.children else node.inner
    return last if text[last : node.end].strip(" \t\r\n,") else node.end


def _named(text: str, node: _Node, needs: tuple[Span, ...]) -> tuple[Span, ...]:
    """Needs within an object that is read by members: its brackets and the member that names it."""
    for child in node.children[:4]:
        if (
            not node.is_list
            and not child.children
            and _NAMING.match(text, child.start)
            and child.end - child.start < 120
        ):
            return (*needs, (child.start, child.end))
    return needs
