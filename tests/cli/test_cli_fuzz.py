"""Made-up command lines: a message and a documented exit code, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from pipelines.proofs.cli_fuzz import Call, calls, check, playground

pytest.importorskip("faiss", reason="the retriever needs the extra 'retrieval'")


@pytest.fixture(scope="module", autouse=True)
def files() -> Iterator[None]:
    with playground():
        yield


@settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(calls())
def test_no_call_ends_in_a_traceback(call: Call) -> None:
    check(call)
