"""The same answers whatever order Python's sets are in, with Python's own checks on (-X dev), bytes no text (-bb)."""

from __future__ import annotations

import os
import subprocess
import sys

DIGEST = """
import hashlib
from ragcompress.core.render import render
from ragcompress.methods import resolve
from ragcompress.testing import random_cases

found = hashlib.sha256()
for name in ("lexical", "labeller", "redundancy", "cluster"):
    method = resolve(name)
    for case in random_cases(60, seed=3):
        out = method(case.context(), case.budget())
        said = name, render(out, case.budget()), [(s.support, s.score) for s in out.segments], out.notes
        found.update(repr(said).encode())
print(found.hexdigest())
"""


def _digest(seed: str, program: str = DIGEST) -> tuple[str, str]:
    environment = os.environ | {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-X", "dev", "-bb", "-W", "error::ResourceWarning", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


def test_what_does_depend_on_hashes_differs() -> None:
    program = "print([*{str(at) for at in range(99)}])"
    assert _digest("0", program) != _digest("77", program)


def test_answers_do_not_depend_on_hashes() -> None:
    first, second = _digest("0"), _digest("77")
    assert len(first[0]) == 64
    assert first[0] == second[0]
    assert (first[1], second[1]) == ("", "")
