"""Mutation tests of what everything rests on, `core`, `structure` and selection: which changes does no test see?

python -m pipelines.proofs.mutants [--sample 200] [--seed 0] [--rooms core,structure] [--out FILE]

A sample of all small changes is drawn by seed: a comparison turned, a number moved, a condition denied, a value not
returned. Each is made in a child process in which everything is imported already: the function gets the changed code,
and the tests are run until one fails. What was tried stands in FILE, and the same command goes on there.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib
import io
import json
import os
import signal
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import ragcompress

ROOMS = {
    "core": ("core/*.py",),
    "structure": ("structure/*.py",),
    "selection": ("pruners/common.py", "pruners/cutting.py", "pruners/portions.py", "pruners/once.py"),
}
TESTS = {
    "core": ["tests/core"],
    "structure": ["tests/structure"],
    "selection": [f"tests/pruners/test_{name}.py" for name in ("cutting", "portions", "once", "kinds")],
}
LAWS = ["tests/test_laws.py::test_laws_of[lexical]", "tests/test_laws.py::test_laws_of[lead]"]
PATIENCE = 300  # seconds of processor time after which a mutant counts as seen: it hangs
SEEN = ("killed", "survived")
NEVER_MADE, FELL = 99, 98
HOME = Path(ragcompress.__file__).parent
_TURNED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Continue: ast.Break, ast.Break: ast.Continue,
}  # fmt: skip


class Mutant(NamedTuple):
    """A change: of which file, in which of its nodes, in the order in which they are walked."""

    room: str
    file: str
    node: int


def changed(node: ast.AST) -> ast.AST | None:
    """What stands there instead; None: this is left as it is."""
    turned = _TURNED.get(type(node))
    if turned is not None:
        return turned()
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return ast.Constant(not node.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Constant(node.value + 1)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        return ast.Return(ast.Constant(None))
    return None


def nodes(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Everything that can be changed inside functions: its parent, field, place in the field's list, and itself."""
    inside = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    seen: set[int] = set()
    for function in inside:
        for parent in (node for part in function.body for node in ast.walk(part)):
            if id(parent) in seen:
                continue
            seen.add(id(parent))
            for name, value in ast.iter_fields(parent):
                for at, child in enumerate(value) if isinstance(value, list) else ((None, value),):
                    if isinstance(child, ast.AST) and changed(child) is not None:
                        yield parent, name, at, child


def mutants(rooms: list[str]) -> list[Mutant]:
    """All there are."""
    found = []
    for room in rooms:
        for path in sorted(path for pattern in ROOMS[room] for path in HOME.glob(pattern)):
            count = sum(1 for _ in nodes(ast.parse(path.read_text(encoding="utf-8"))))
            found += [Mutant(room, str(path.relative_to(HOME)), at) for at in range(count)]
    return found


def mutate(mutant: Mutant) -> tuple[types.CodeType, str]:
    """The changed module's code, and where what was changed into what."""
    path = HOME / mutant.file
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parent, name, at, child = list(nodes(tree))[mutant.node]
    line = getattr(child, "lineno", getattr(parent, "lineno", 0))
    before = ast.unparse(parent)
    new: Any = changed(child)
    if at is None:
        setattr(parent, name, new)
    else:
        getattr(parent, name)[at] = new
    ast.fix_missing_locations(tree)
    return compile(tree, str(path), "exec"), f"{mutant.file}:{line}: {before!r} -> {ast.unparse(parent)!r}"


def put_in(code: types.CodeType) -> int:
    """Give every function of that file the code of the same name and line; how many got another than they had."""
    new = {(part.co_qualname, part.co_firstlineno): part for part in _codes(code)}
    count = 0
    for function in [thing for thing in gc.get_objects() if type(thing) is types.FunctionType]:
        own = function.__code__
        other = new.get((own.co_qualname, own.co_firstlineno)) if own.co_filename == code.co_filename else None
        if other is not None and other != own and other.co_freevars == own.co_freevars:
            function.__code__ = other
            count += 1
    for thing in gc.get_objects():
        home = getattr(thing, "__module__", None) if type(thing).__name__ == "_lru_cache_wrapper" else None
        if str(home).startswith(
            ("ragcompress.core", "ragcompress.structure")
        ):  # a model's session can't be closed here
            thing.cache_clear()
    return count


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _codes(part)


def tried(mutant: Mutant) -> dict[str, Any]:
    """Make it in a child and run the tests there."""
    code, told = mutate(mutant)
    return {"mutant": list(mutant), "verdict": verdict(_ended(mutant.room, code)), "what": told}


def verdict(ended: int) -> str:
    """What the end of a child says: pytest's own codes, two of ours, or a signal."""
    if ended < 0:
        return "killed"  # it hung, or fell over
    return {0: "survived", 1: "killed", NEVER_MADE: "never made"}.get(ended, f"strange: {ended}")


def _ended(room: str, code: types.CodeType | None) -> int:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
        with contextlib.suppress(BaseException):
            made = code is None or put_in(code) > 0
            os._exit(_tests([*TESTS[room], *LAWS]) if made else NEVER_MADE)
        os._exit(FELL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _tests(names: list[str], *options: str) -> int:
    import pytest

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(
            pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow and not scale", *options, *names])
        )


def main() -> None:
    """Draw, try, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rooms", default=",".join(ROOMS))
    parser.add_argument("--out", type=Path, default=Path("mutants.jsonl"))
    options = parser.parse_args()
    rooms = options.rooms.split(",")
    every = mutants(rooms)
    drawn = Random(options.seed).sample(every, min(options.sample, len(every)))
    lines = options.out.read_text(encoding="utf-8").splitlines() if options.out.exists() else []
    known = {Mutant(*row["mutant"]): row for row in map(json.loads, lines)}
    for path in sorted(HOME.glob("*/*.py")):
        if str(path.relative_to(HOME)) in {mutant.file for mutant in every}:
            importlib.import_module(".".join(("ragcompress", *path.relative_to(HOME).with_suffix("").parts)))
    if _tests([name for room in rooms for name in TESTS[room]] + LAWS, "--collect-only"):
        sys.exit("the tests can't be collected")
    for room in rooms:
        if _ended(room, None):
            sys.exit(f"the tests of {room} fail without any change: they would kill every mutant")
    for at, mutant in enumerate(drawn):
        if mutant not in known:
            known[mutant] = tried(mutant)
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(known[mutant]) + "\n")
        print(f"{at + 1} of {len(drawn)}: {known[mutant]['verdict']}", file=sys.stderr, flush=True)
    rows = [known[mutant] for mutant in drawn]
    print("\n".join(f"{row['verdict']}: {row['what']}" for row in rows if row["verdict"] != "killed"))
    print(summary(rows, len(every)))


def summary(rows: list[dict[str, Any]], of: int) -> str:
    """The count of each verdict, by room."""
    lines = [f"\n{len(rows):,} of {of:,} mutants", "", "| room | mutants | killed | survived |", "|---|---:|---:|---:|"]
    for room in dict.fromkeys(row["mutant"][0] for row in rows):
        own = [row["verdict"] for row in rows if row["mutant"][0] == room and row["verdict"] in SEEN]
        killed = own.count("killed")
        lines.append(f"| {room} | {len(own)} | {killed / max(len(own), 1):.1%} | {len(own) - killed} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
