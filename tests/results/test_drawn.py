"""Pictures show units: what was kept, what was kept for it, what went."""

from __future__ import annotations

import ragcompress as rc
from ragcompress.results.drawn import drawn

TABLE = "| Name | Opened |\n|---|---|\n| North | 1898 |\n| Harbour | 1931 |\n| Airport | 2004 |\n"


def test_a_header_that_a_row_needs_is_drawn_as_such() -> None:
    out = rc.compress("When did Harbour open?", [TABLE], budget=16, compressor="lexical")
    tiles = list(drawn(out.context, 0))
    assert "".join(text for text, _ in tiles) == TABLE
    uses = {text.strip(): use for text, use in tiles}
    assert (uses["| Name | Opened |"], uses["| Harbour | 1931 |"]) == ("needed", "kept")
    assert '<mark class="need"' in out.to_html()
