"""No code comes from files: read in the source, call by call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ragcompress

ROOT = Path(ragcompress.__file__).parent
MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "jsonpickle",
    "code",
    "pty",
}
NAMES = {"eval", "exec", "compile", "__import__"}
CALLS = {"os.system", "os.popen", "subprocess.getoutput", "yaml.load", "tarfile.extractall", "zipfile.extractall"}
METHODS = {"extractall"}


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(ROOT.rglob("*.py")):
        yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for name, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{name}:{node.lineno}", node


def test_no_module_that_runs_what_it_reads_is_imported():
    found = []
    for name, tree in _trees():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{name}:{each}" for each in names if each.partition(".")[0] in MODULES]
    assert found == []


def test_nothing_is_evaluated_and_no_shell_is_run():
    wrong = []
    for place, call in _calls():
        name = ast.unparse(call.func)
        shell = any(word.arg == "shell" and ast.unparse(word.value) != "False" for word in call.keywords)
        if name in NAMES | CALLS or name.rpartition(".")[2] in METHODS or shell:
            wrong.append(f"{place} {name}")
    assert wrong == []


@pytest.mark.parametrize(
    ("call", "option", "value"),
    [("np.load", "allow_pickle", "False"), ("torch.load", "weights_only", "True")],
)
def test_arrays_are_loaded_without_pickle(call, option, value):
    for place, node in _calls():
        if ast.unparse(node.func) == call:
            assert {word.arg: ast.unparse(word.value) for word in node.keywords}.get(option) == value, place


def test_no_code_is_fetched_with_a_model():
    for place, node in _calls():
        trusting = [word for word in node.keywords if word.arg == "trust_remote_code"]
        assert all(ast.unparse(word.value) == "False" for word in trusting), place
