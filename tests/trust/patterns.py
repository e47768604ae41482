"""Every regular expression of the package, with the ways it is used."""

from __future__ import annotations

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ragcompress

ROOT = Path(ragcompress.__file__).parent
_CALLS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
_FROM_START = {"match", "fullmatch"}


def collected() -> dict[str, tuple[re.Pattern[Any], bool]]:
    """By ``module:line`` or ``module:NAME``: a pattern, and whether it is tried at every place of a text."""
    files = {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(ROOT.rglob("*.py"))}
    everywhere = _methods(files.values())
    found: dict[str, tuple[re.Pattern[Any], bool]] = {}
    for file, tree in files.items():
        name = ".".join(["ragcompress", *file.relative_to(ROOT).with_suffix("").parts])
        if "import re\n" in file.read_text(encoding="utf-8"):
            own = _methods([tree])
            for label, pattern in _of_module(name.removesuffix(".__init__")):
                ways = (own if label.startswith("_") else everywhere)[label.partition("[")[0]]
                found[f"{name}:{label}"] = (pattern, not ways or not ways <= _FROM_START)
        for call in _inside_functions(tree):
            given = _compiled(call)
            if given is not None:
                found[f"{name}:{call.lineno}"] = (given, call.func.attr not in _FROM_START)  # type: ignore[attr-defined]
    return found


def not_read() -> list[str]:
    """Calls of ``re`` in functions whose pattern is no constant."""
    out = []
    for file in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        out += [
            f"{file.relative_to(ROOT).as_posix()}:{c.lineno}" for c in _inside_functions(tree) if _compiled(c) is None
        ]
    return out


def _of_module(name: str) -> Iterator[tuple[str, re.Pattern[Any]]]:
    try:
        module = importlib.import_module(name)
    except ImportError:  # an extra that is not installed
        return
    for label, value in vars(module).items():
        for at, pattern in enumerate(_patterns(value)):
            yield (f"{label}[{at}]" if at else label), pattern


def _patterns(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _patterns(each)


def _methods(trees: Any) -> dict[str, set[str]]:
    """How each name is called: ``_WORD.finditer`` and the like."""
    used: dict[str, set[str]] = defaultdict(set)
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in _CALLS:
                used[node.value.id].add(node.attr)
    return used


def _inside_functions(tree: ast.AST) -> Iterator[ast.Call]:
    for outer in ast.walk(tree):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(outer):
                if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CALLS
                        and isinstance(node.func.value, ast.Name) and node.func.value.id == "re"):  # fmt: skip
                    yield node


def _compiled(call: ast.Call) -> re.Pattern[Any] | None:
    first = call.args[0]
    if not isinstance(first, ast.Constant):
        return None
    flags = re.NOFLAG
    for node in [*call.args[1:], *(keyword.value for keyword in call.keywords)]:
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "re":
                flag = getattr(re, part.attr)
                flags |= flag if isinstance(flag, re.RegexFlag) else re.NOFLAG
    return re.compile(first.value, flags)
