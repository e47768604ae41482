"""The parsers of structure, fuzzed by what of their code an input reaches (libFuzzer, through atheris).

pip install atheris; python -m pipelines.proofs.parser_fuzz [--seconds 600]

It starts from the texts in ``tests/structure/corpus.json`` and writes back the fewest that reach all that was reached.
A text on which a parser fails ends it, and is printed; the tests try the whole corpus without atheris.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from random import Random

CORPUS = Path(__file__).parents[2] / "tests" / "structure" / "corpus.json"
LONGEST = 400  # bytes
SLOWEST = 10  # seconds for one text


def wrong(text: str) -> str:
    """What is not as `ragcompress.structure.units` promises for ``text``; "" if nothing is."""
    from ragcompress.structure import units

    found = units(text)
    if "".join(text[unit.start : unit.end] for unit in found) != text:
        return "the units do not tile the text"
    needs = {(unit.start, unit.end): unit.needs for unit in found}
    for own, asked in needs.items():
        for need in asked:
            if need not in needs or need == own:
                return f"{own} needs {need}, which is no other unit"
            if not {*needs[need]} <= {*asked, own}:
                return f"{own} needs {need}, but not what that needs: {needs[need]}"
    return ""


def main() -> None:
    """Fuzz, then keep the fewest texts."""
    if "--inside" in sys.argv:
        _inside(sys.argv[sys.argv.index("--inside") + 1 :])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    seconds = parser.parse_args().seconds
    before = json.loads(CORPUS.read_text(encoding="utf-8")) if CORPUS.exists() else []
    with tempfile.TemporaryDirectory() as name:
        old, new, least = (Path(name, part) for part in ("old", "new", "least"))
        least.mkdir()
        _unpack([*before, *_made(200)], old)
        new.mkdir()
        _run(f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SLOWEST}", str(new), str(old), at=name)
        _run("-merge=1", f"-max_len={LONGEST}", str(least), str(old), str(new), at=name)
        texts = {path.read_bytes().decode("utf-8", "replace") for path in least.iterdir()}
    kept = sorted(texts, key=lambda text: (len(text), text))
    CORPUS.write_text(json.dumps(kept, ensure_ascii=True, indent=0) + "\n", encoding="utf-8")
    print(f"{len(before)} texts before, {len(kept)} now, in {CORPUS}")


def _run(*arguments: str, at: str) -> None:
    again = Path(at, "again")  # libFuzzer calls itself when it merges
    command = shlex.join([sys.executable, "-m", "pipelines.proofs.parser_fuzz", "--inside", str(again)])
    again.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    again.chmod(0o755)
    if subprocess.run([str(again), *arguments, f"-artifact_prefix={at}/found-"], check=False).returncode:
        found = [path.read_bytes() for path in Path(at).glob("found-*")]
        sys.exit(f"a parser fails on {found}")


def _inside(arguments: list[str]) -> None:
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

    with atheris.instrument_imports(include=["ragcompress.structure"]):
        import ragcompress.structure  # noqa: F401

    def one(data: bytes) -> None:
        if said := wrong(text := data.decode("utf-8", "replace")):
            raise AssertionError(f"{said}: {text!r}")

    atheris.Setup(arguments, one)
    atheris.Fuzz()


def _made(number: int) -> list[str]:
    from ragcompress.testing import structured_text

    return [structured_text(Random(at))[:LONGEST] for at in range(number)]


def _unpack(texts: Iterable[str], folder: Path) -> None:
    folder.mkdir()
    for at, text in enumerate(texts):
        (folder / str(at)).write_bytes(text.encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
