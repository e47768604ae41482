"""Lines of builds, test runs and lists are units of their own; prose in lines is not."""

from __future__ import annotations

import pytest

from ragcompress import structure

BUILD = "".join(f"[{at}/90] CC src/part_{at}.c -> build/part_{at}.o\n" for at in range(30))
PRINTED = {
    "build": BUILD,
    "crates": "".join(f"   Compiling crate-{at} v0.{at}.1 (/home/ci/crates/crate-{at})\n" for at in range(30)),
    "tests": "".join(f"tests/test_{at}.py ......s... [ {at}%]\n" for at in range(30)),
    "paths": "".join(f"./src/module_{at}/retry.py\n" for at in range(30)),
    "grep": "".join(f"src/app_{at}.py:{at * 7}:    raise ValueError(name)\n" for at in range(30)),
    "definitions": "".join(f"src/app_{at}.py:{at * 7}:def load_{at}(path):\n" for at in range(30)),
    "pip": "".join(f"Collecting package-{at}==1.{at}\n" for at in range(30)),
    "words": "".join(f"target{at}\n" for at in range(30)),
}
PROSE = [
    "The dam on the Irin was finished in 1963,\nand two villages were flooded by its lake\nso that 412 people had to"
    " move\nto the new town of Karsk, which lies\nabove the northern shore.\n",
    "One.\nTwo.\nThree.\nFour.\nFive.\n",
    "It rained all day.\nThe river rose.\nNobody crossed it.\nAda wrote it down.\nBob read it.\n",
]


@pytest.mark.parametrize("text", PRINTED.values(), ids=PRINTED.keys())
def test_each_line_is_a_unit(text: str) -> None:
    assert [text[unit.start : unit.end] for unit in structure.units(text)] == text.splitlines(keepends=True)


def test_a_line_of_another_shape_stands_by_itself_with_what_is_indented_under_it() -> None:
    failure = "error[E0382]: borrow of moved value: `budget`\n  --> src/lib.rs:17:9\n"
    text = BUILD + failure + BUILD
    assert failure in [text[unit.start : unit.end] for unit in structure.units(text)]


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_read_by_sentences(text: str) -> None:
    assert {unit.kind for unit in structure.units(text)} == {"sentence"}
