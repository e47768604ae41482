"""Units tile whatever text lies about: thousands of files of installed packages."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ragcompress.structure import units

FOLDERS = (
    sysconfig.get_paths()["purelib"],
    sysconfig.get_paths()["stdlib"],
    "/usr/share",
    "/etc",
    "/usr/lib/node_modules",
)
ENOUGH = 10_000
LARGEST = 60_000  # bytes


def _texts() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        taken = 0
        for parent, _, names in os.walk(folder):
            for name in sorted(names)[:12]:  # a few of each folder, so that many kinds come
                path = Path(parent, name)
                try:
                    text = path.read_text("utf-8") if 0 < path.stat().st_size < LARGEST else ""
                except (OSError, UnicodeDecodeError):
                    continue
                if text and taken < 2 * ENOUGH // 3:
                    taken += 1
                    yield str(path), text


@pytest.mark.slow
def test_files_of_installed_packages_tile() -> None:
    number = 0
    for path, text in _texts():
        found = units(text)
        assert (found[0].start, found[-1].end) == (0, len(text)), path
        assert all(one.end == two.start for one, two in pairwise(found)), path
        known = {unit[:2] for unit in found}
        assert all(known.issuperset(unit.needs) for unit in found), path
        number += 1
        if number == ENOUGH:
            return
    if number < ENOUGH:
        pytest.skip(f"only {number} files lie about here")
