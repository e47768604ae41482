"""Without the ``retrieval`` extra there is nothing to test here; stores whose packages are missing are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ragcompress.retriever.stores import LanceRetriever, PgRetriever, QdrantRetriever

collect_ignore_glob = ["test_*.py"] if find_spec("faiss") is None or find_spec("bm25s") is None else []

Make = Callable[..., Any]
_numbers = count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of stores run with the others that want their packages."""
    for item in items:
        if "make" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.scale)


@pytest.fixture(params=["lance", "postgres", "qdrant"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """``make(encoder, table=…, …)`` opens a store; the same one again within a test."""
    name = f"passages{next(_numbers)}"
    if request.param == "lance":
        pytest.importorskip("lancedb", reason="needs the extra lancedb")
        yield partial(LanceRetriever, str(tmp_path / "store"), table=name)
    elif request.param == "qdrant":
        client = pytest.importorskip("qdrant_client", reason="needs the extra qdrant").QdrantClient(":memory:")
        yield partial(QdrantRetriever, client, table=name)
        client.close()
    else:
        pytest.importorskip("psycopg", reason="needs the extra pgvector")
        opened = []

        def open_one(encoder: Any, **options: Any) -> PgRetriever:
            opened.append(PgRetriever(request.getfixturevalue("postgres"), encoder, table=name, **options))
            return opened[-1]

        yield open_one
        for store in opened:
            store.close()
