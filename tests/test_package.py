"""The package as a whole: what it exports, what it loads, which way its imports run."""

from __future__ import annotations

import ast
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import ragcompress

ROOT = Path(ragcompress.__file__).parent
HEAVY = {
    "torch",
    "transformers",
    "faiss",
    "sentence_transformers",
    "sklearn",
    "langchain_core",
    "onnxruntime",
    "tokenizers",
}
FLOORS = [
    ["core", "telemetry"],
    ["structure", "demo"],
    ["documents", "models", "results"],
    ["scorers"],
    ["retriever"],
    ["generators"],
    ["pruners"],
    ["training", "methods", "testing"],
    ["ladder"],
    ["attempt"],
    ["facade"],
    ["bulk", "integrations"],
    ["client", "service"],
    ["cli"],
    ["__init__", "__main__"],
]
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_import_is_light():
    loaded = _run("import sys, ragcompress; print(*{m.split('.')[0] for m in sys.modules})").split()
    assert not HEAVY & set(loaded)
    assert "numpy" not in loaded


def test_compress_needs_none_of_the_heavy_packages():
    work = "import sys, ragcompress as rc; rc.compress('a?', ['a b.'], budget=3)"
    loaded = _run(f"{work}; print(*{{m.split('.')[0] for m in sys.modules}})").split()
    assert not (HEAVY - {"onnxruntime", "tokenizers"}) & set(loaded)


def test_everything_exported_is_there():
    assert sorted(ragcompress._HOMES) == ragcompress.__all__
    for name, home in ragcompress._HOMES.items():
        module = importlib.import_module(f"ragcompress.{home}")
        assert getattr(ragcompress, name) is getattr(module, name)
    assert set(ragcompress.__all__) <= set(dir(ragcompress))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = ragcompress.no_such_name


def test_imports_run_downward_only():
    """A room imports itself and what lies on lower floors, so there is no circle; functions may import from above."""
    wrong = []
    for file in ROOT.rglob("*.py"):
        room = file.relative_to(ROOT).parts[0].removesuffix(".py")
        for target in _imports(ast.parse(file.read_text(encoding="utf-8"))):
            if target != room and LEVEL[target] >= LEVEL[room]:
                wrong.append(f"{room} -> {target}")
    assert wrong == []


def test_nothing_at_run_time_imports_training():
    """Not at the top of a module; the commands that train do."""
    reaching = {
        file.relative_to(ROOT).parts[0]
        for file in ROOT.rglob("*.py")
        if "training" in _imports(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert reaching <= {"training", "cli"}


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in tree.body:
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("ragcompress.")}
    return found


@pytest.mark.parametrize(
    "name",
    [
        "core.budget",
        "core.context",
        "core.segment",
        "core.select",
        "models.labeller.choice",
        "scorers.lexical",
        "scorers.guard",
    ],
)
def test_examples_in_docstrings(name):
    result = doctest.testmod(importlib.import_module(f"ragcompress.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_the_first_example():
    assert doctest.testmod(ragcompress).failed == 0
