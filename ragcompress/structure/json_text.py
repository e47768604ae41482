"""JSON: records and members. What is kept needs the brackets around it, so that it can be put together again."""

from __future__ import annotations

import re
from bisect import bisect_left

from ragcompress.core.types import Unit
from ragcompress.structure.json_strings import string_units
from ragcompress.structure.lines import Block, Lines
from ragcompress.structure.tree import MOST_MEMBER, Node, tree_units

__all__ = ["members", "read_json"]

DEEPEST = 100  # containers inside each other; deeper than any data, it is text
MOST_TAIL = 500  # characters after a mistake that are passed over at the end of long JSON
MOST_RECORD = 700  # characters of a container in a list whose own containers are not looked at again

_BEGIN = re.compile(r"[ \t]*(?:\[\s*(?:[\[{\"'\]]|-?\d[\d.eE+-]*\s*[,\]]|true|false|null|$)|\{\s*(?:[\"']|\}|$))")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)  # a string that never ends is read once
_QUOTED = re.compile(  # as Python prints it
    r"\"(?:[^\"\\]|\\.)*+(?:\"|\\?\Z)|'(?:[^'\\]|\\.)*+(?:'|\\?\Z)|[\[\]{},]", re.DOTALL
)
_MEMBER = re.compile(r"\s*(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')\s*:\s*(?:\S|$)", re.DOTALL)
_VALUE = re.compile(r"\s*(?:[\"']|-?\d|-?\.\d|true\b|false\b|null\b|True\b|False\b|None\b|NaN\b|-?Infinity\b|\w+\()")
_QUOTE = re.compile("[\"']")
_OBJECT = re.compile(r"\s*(?:[\"'][^\"']*[\"']\s*:\s*)?[\[{]")
_NAMING = re.compile(r"\s*[\"'](?:id|_id|name|title|key|sku|code|label|path|url)[\"']\s*:", re.IGNORECASE)


def read_json(lines: Lines, at: int) -> Block | None:
    """A JSON value that begins and ends with a line; cut-off JSON is read as far as it goes."""
    if lines.patience < 0 or not _BEGIN.match(lines[at]):
        return None
    root, end = _tree(lines.text, lines.starts[at])
    line = at + 1
    if root is not None:
        line = max(bisect_left(lines.starts, end), at + 1)
        rest = lines.text[end : lines.starts[line]].strip()
        if rest and rest not in (",", ";"):
            root = None
    if root is None:
        lines.patience -= end - lines.starts[at]
        return None
    if _is_row(lines, at, line, root):
        return Block(line, [Unit(lines.starts[at], end, (), "record")], lead=True)
    return Block(line, tree_units(lines.text, root, _NAMING, string_units), lead=True)


def _is_row(lines: Lines, at: int, stop: int, root: Node) -> bool:
    """Whether an object is one of many that stand on a line each."""
    if stop != at + 1 or root.is_list or root.end - root.start > MOST_RECORD:
        return False
    return any(lines[number].lstrip().startswith("{") for number in (at - 1, lines.after_blank(at + 1)))


def members(text: str, start: int, end: int) -> list[int]:
    """Where what opens the object ``text[start:end]`` ends, then each of its members; [] where it is none."""
    begin = _OBJECT.match(text, start, end)
    root = _tree(text[begin.end() - 1 : end].rstrip(" ,\r\n\t"), 0)[0] if begin else None
    if begin is None or root is None or not root.children:
        return []
    shift = begin.end() - 1
    return [shift + root.inner, *(shift + child.end for child in root.children)]


def _tree(text: str, start: int) -> tuple[Node | None, int]:
    """The containers of the value at ``start``, small ones without what is in them; None: it isn't JSON."""
    stack: list[Node] = []
    begin = end = start  # where the member that is being read begins; where the last mark ended
    closed = False  # whether that member is a container that was just closed
    root: Node | None = None
    for match in _tokens(text, start).finditer(text, start):
        mark, end = match.group(), match.end()
        if mark in "[{":
            if stack and (closed or not _opens(text, stack[-1], begin, match.start())):
                return _cut_off(text, root, stack, end)
            if len(stack) == DEEPEST:
                return None, end
            node = Node(begin, end, mark == "[")
            if stack:
                stack[-1].children.append(node)
            root = root or node
            stack.append(node)
            begin = end
        elif mark in "]},":
            top = stack[-1]
            if not (
                _ended(text, top, begin, match.start()) if closed else _value(text, top, begin, match.start(), mark)
            ):
                return _cut_off(text, root, stack, end)
            closed = mark != ","
            if closed:
                if (mark == "]") != top.is_list:
                    return _cut_off(text, root, stack, end)
                stack.pop()
                if not stack:
                    top.end = end
                    return root, end
                if end - top.start <= (MOST_RECORD if stack[-1].is_list else MOST_MEMBER):
                    top.children = []
                top.end = begin = end
            else:
                top.children[-1].end = begin = end
    return _cut_off(text, root, stack, len(text))


def _cut_off(text: str, root: Node | None, stack: list[Node], end: int) -> tuple[Node | None, int]:
    """What was read until the text or the JSON in it ended; None where it was too little, or much text follows."""
    told = end == len(text) or (end > MOST_TAIL and len(text) - end < MOST_TAIL)
    if root is None or not told or not _is_cut_off(root):
        return None, end
    for node in stack:
        node.end, node.cut = len(text), True
    return root, len(text)


def _tokens(text: str, start: int) -> re.Pattern[str]:
    """The marks of JSON, or those of what Python prints: strings in single quotes."""
    quote = _QUOTE.search(text, start, start + 400)
    return _QUOTED if quote is not None and quote[0] == "'" else _TOKEN


def _is_cut_off(root: Node) -> bool:
    """Whether what never closes is JSON all the same: an object with a member, a list with a container."""
    return bool(root.children) and (
        not root.is_list or any(child.is_list or child.inner < child.end - 2 for child in root.children[:3])
    )


def _opens(text: str, top: Node, begin: int, at: int) -> bool:
    """Whether nothing but a key stands before a bracket."""
    return not text[begin:at].strip() if top.is_list else bool(_MEMBER.match(text, begin, at + 1))


def _ended(text: str, top: Node, begin: int, at: int) -> bool:
    """Whether nothing stands between a container that was closed and the next mark."""
    return bool(top.children) and not text[begin:at].strip()


def _value(text: str, top: Node, begin: int, at: int, mark: str) -> bool:
    """Whether a value ends at ``at``: it becomes a child. Empty containers and a comma at the end pass, too."""
    if not text[begin:at].strip():
        return mark != ","
    if not (_VALUE if top.is_list else _MEMBER).match(text, begin, at):
        return False
    top.children.append(Node(begin, at, False))  # a value: `inner` is where it ends
    return True
