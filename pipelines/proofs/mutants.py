"""Mutation tests of what everything rests on: `core`, `structure` and selection; which changes does no test see?

pip install mutmut; python -m pipelines.proofs.mutants [--sample 400] [--seed 0]

mutmut makes every mutant in ``mutants/`` and learns which tests run which functions; then a sample, drawn by seed, is
tried, and what survived is shown. ``[tool.mutmut]`` in ``pyproject.toml`` says what is mutated and which tests are run.
What was done is kept in ``mutants/``: the same command goes on there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

HOME = Path("mutants")
KILLED = {
    1: "killed",
    3: "killed",
    36: "timeout",
    152: "timeout",
    24: "timeout",
    -24: "timeout",
    -9: "timeout",
    255: "timeout",
}
SURVIVED = {0: "survived", 5: "no test runs it", 33: "no test runs it"}


def mutmut(*arguments: str) -> str:
    """What a command of mutmut prints; what goes wrong in it is seen from what it left."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def verdicts() -> dict[str, int | None]:
    """Every mutant's name with the exit code of its tests; None: not tried."""
    found: dict[str, int | None] = {}
    for path in sorted(HOME.rglob("*.meta")):
        found.update(json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"])
    return found


def verdict(code: int | None) -> str:
    """What an exit code says of a mutant."""
    if code is None:
        return "not tried"
    return KILLED.get(code) or SURVIVED.get(code) or f"strange: {code}"


def main() -> None:
    """Make the mutants, try a sample, show what survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    mutmut("run", "--max-children", "1", "made.but.not.tried")
    names = sorted(verdicts())
    if not names:
        sys.exit("mutmut made no mutants: see what `python -m mutmut run` says")
    drawn = Random(options.seed).sample(names, min(options.sample, len(names)))
    for at in range(0, len(drawn), 20):
        left = [name for name in drawn[at : at + 20] if verdicts()[name] is None]
        if left:
            mutmut("run", "--max-children", "1", *left)
        print(f"{min(at + 20, len(drawn))} of {len(drawn)}", file=sys.stderr, flush=True)
    known = verdicts()
    for name in drawn:
        if verdict(known[name]) not in KILLED.values():
            print(f"\n{verdict(known[name])}: {mutmut('show', name)}")
    print(summary({name: known[name] for name in drawn}, len(names)))


def summary(found: dict[str, int | None], of: int) -> str:
    """The count of each verdict, by room."""
    rooms = sorted({name.split(".")[1] for name in found})
    lines = [f"{len(found):,} of {of:,} mutants", "| room | mutants | killed | |", "|---|---:|---:|---|"]
    for room in rooms:
        count = Counter(verdict(code) for name, code in found.items() if name.split(".")[1] == room)
        killed, everything = sum(count[word] for word in set(KILLED.values())), sum(count.values())
        lines.append(f"| {room} | {everything} | {killed / everything:.1%} | {dict(count)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
