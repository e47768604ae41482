"""Containers inside containers (JSON, XML): records and members that need what opens and closes around them."""

from __future__ import annotations

import re
from collections.abc import Callable

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Span

__all__ = ["MOST_MEMBER", "Node", "tree_units"]

MOST_RECORD = 700  # characters of a container in a list that stays whole
MOST_MEMBER = 200  # and of one within a record: what is in it is told by its key
DEPTH = 8  # brackets that a member may need; deeper ones need those of this depth


Inside = Callable[[str, int, int, tuple[Span, ...]], list[Unit]]


class Node:
    """A container or a value: where it and its comma lie, its children, whether it is a list or was cut off."""

    __slots__ = ("children", "cut", "end", "inner", "is_list", "start")

    def __init__(self, start: int, inner: int, is_list: bool) -> None:
        self.start, self.inner, self.is_list = start, inner, is_list
        self.end = inner
        self.cut = False
        self.children: list[Node] = []


def tree_units(text: str, root: Node, naming: re.Pattern[str], inside: Inside | None = None) -> list[Unit]:
    """What opens a container, records and members, what closes it; members need both.

    Args:
        text: The text.
        root: The outermost container.
        naming: Matches at the start of a member that names the container that it is in.
        inside: Units of a value from its text, place and needs; none where it stays whole.
    """
    if root.end - root.start <= MOST_MEMBER or not root.children:
        return [Unit(root.start, root.end, (), "record")]
    units: list[Unit] = []
    stack: list[tuple[Node, int, tuple[Span, ...], int]] = [(root, 0, (), 0)]
    while stack:
        node, step, needs, depth = stack.pop()
        if step == 0:
            ends = _ends(text, node)
            units.append(Unit(*ends[0], (*needs, *ends[1:]), "open"))
            needs = _named(text, node, needs if depth >= DEPTH else (*needs, *ends), naming)
        if step < len(node.children):
            stack.append((node, step + 1, needs, depth))
            child = node.children[step]
            if child.children and child.end - child.start > (MOST_RECORD if node.is_list else MOST_MEMBER):
                stack.append((child, 0, needs, depth + 1))
            else:
                span = (child.start, child.end)
                kept = needs if span not in needs else tuple(need for need in needs if need != span)
                told = [] if inside is None or child.children else inside(text, *span, kept)
                units += told or [Unit(*span, kept, "record" if node.is_list else "member")]
        else:
            opening, *closing = _ends(text, node)
            units += [Unit(*span, (opening,), "close") for span in closing]
    return units


def _ends(text: str, node: Node) -> list[Span]:
    """What opens a container and what closes it, if it was not cut off."""
    last = node.children[-1].end if node.children else node.inner
    opening = (node.start, node.inner)
    closed = not node.cut and text[last : node.end].strip(" \t\r\n,")
    return [opening, (last, node.end)] if closed else [opening]


def _named(text: str, node: Node, needs: tuple[Span, ...], naming: re.Pattern[str]) -> tuple[Span, ...]:
    """Needs within a container that is read by members: what is around it and the member that names it."""
    if node.is_list:
        return needs
    for child in node.children[:4]:
        if not child.children and child.end - child.start < 120 and naming.match(text, child.start):
            return (*needs, (child.start, child.end))
    return needs
