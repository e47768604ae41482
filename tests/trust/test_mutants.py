"""The mutation tests make the changes that they say they make, and don't take what fails anyhow for a kill."""

from __future__ import annotations

import ast
import os

import pytest

from pipelines.proofs import mutants
from ragcompress.core import select


def test_every_change_is_one() -> None:
    source = "def f(a):\n    if not a < 3 and a in b:\n        return a + 1\n    return True\n"
    tree = ast.parse(source)
    said = set()
    for at in range(sum(1 for _ in mutants.nodes(tree))):
        fresh = ast.parse(source)
        parent, name, place, child = list(mutants.nodes(fresh))[at]
        new = mutants.changed(child)
        getattr(parent, name).__setitem__(place, new) if place is not None else setattr(parent, name, new)
        said.add(ast.unparse(ast.fix_missing_locations(fresh)))
    assert len(said) == 9
    assert ast.unparse(tree) not in said


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
def test_a_changed_function_is_what_everybody_calls() -> None:
    own = [m for m in mutants.mutants(["core"]) if m.file == "core/select.py"]
    assert len(own) > 20
    best_first = select.best_first  # as others have imported it
    child = os.fork()
    if child == 0:
        seen: set[str] = set()
        try:  # whatever happens, the child must not go on with the other tests
            seen = {str(best_first([1.0, None, 3.0, 2.0]))}
            for mutant in own:
                mutants.put_in(mutants.mutate(mutant)[0])
                try:
                    seen.add(str(best_first([1.0, None, 3.0, 2.0])))
                except Exception as error:
                    seen.add(type(error).__name__)
        finally:
            os._exit(len(seen))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) > 1


def test_only_a_test_that_fails_kills() -> None:
    assert [mutants.verdict(code) for code in (0, 1, -27, 99)] == ["survived", "killed", "killed", "never made"]
    assert mutants.verdict(5) == "strange: 5"  # no test was found


def test_the_table_counts_rooms_apart() -> None:
    said = (("core", "killed"), ("core", "survived"), ("core", "never made"), ("structure", "killed"))
    told = mutants.summary([{"mutant": [room, "x.py", 1], "verdict": word} for room, word in said], 90)
    assert "4 of 90 mutants" in told
    assert "| core | 2 | 50.0% | 1 |" in told
    assert "| structure | 1 | 100.0% | 0 |" in told
