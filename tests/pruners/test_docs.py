"""Examples in docstrings, and the names in docs/methods.md."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import ragcompress as rc
from ragcompress.methods import METHODS

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"


@pytest.mark.parametrize("name", ["kinds", "companions", "shingles", "faithful", "locate"])
def test_examples_in_docstrings(name):
    result = doctest.testmod(importlib.import_module(f"ragcompress.pruners.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_the_page_lists_every_method_by_name():
    text = PAGE.read_text(encoding="utf-8")
    baselines = {"truncate", "passages", "lead", "random"}
    assert [m.name for m in METHODS if m.name not in baselines and f"`{m.name}`" not in text] == []


def test_chains_on_the_page_run():
    text = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    setup, _, lines = block.partition("\n\n")
    names: dict[str, object] = {}
    exec(setup, names)
    for line in lines.strip().splitlines():
        compressor = eval(line.split("  #")[0], names)
        out = rc.compress("Who wrote it?", ["Ada wrote it. She slept.", "It did not rain."], 9, compressor)
        assert out.tokens_out <= 9
        assert not out.warnings
