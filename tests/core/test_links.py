"""What a mutant showed untested: a class is callable, and no compressor all the same."""

from __future__ import annotations

import pytest

import ragcompress as rc
from ragcompress.core.compressor import chain


@pytest.mark.parametrize("link", [rc.WordPruner, 3])
def test_a_chain_takes_neither_a_class_nor_what_can_not_be_called(link: object) -> None:
    with pytest.raises((rc.InvalidInput, TypeError)):
        chain(link)
