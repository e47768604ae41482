"""What is computed how is decided by what the processor can do."""

from __future__ import annotations

import pytest

from ragcompress.models import sessions


@pytest.mark.parametrize(
    ("flags", "int8", "bfloat16"),
    [
        ({"avx2", "avx512_vnni", "avx512_bf16"}, True, True),
        ({"avx2", "avx512_vnni"}, True, False),
        ({"avx2"}, False, False),
        ({"asimddp"}, True, False),
        (set(), True, False),  # no Linux
    ],
)
def test_precision_follows_the_processor(
    flags: set[str], int8: bool, bfloat16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_cpu_flags", lambda: frozenset(flags))
    assert (sessions.cpu_gains_from_int8(), sessions.cpu_gains_from_bfloat16()) == (int8, bfloat16)
