"""CompressedRetriever over LangChain's own PostgreSQL, Qdrant and LanceDB stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_core", reason="needs the extra langchain")

from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding

from ragcompress.integrations.langchain import CompressedRetriever, RagCompressor

pytestmark = pytest.mark.scale
TEXTS = ["Ada wrote it in 1843. It rained that day.", "The pump drains the barrel. It is old.", "Bob keeps bees."]
DOCUMENTS = [Document(text, metadata={"year": 1900 + at}) for at, text in enumerate(TEXTS)]
EMBEDDING = DeterministicFakeEmbedding(size=16)


def in_postgres(uri: str) -> Any:
    found = pytest.importorskip("langchain_postgres", reason="langchain-postgres is not installed")
    engine = found.PGEngine.from_connection_string(uri.replace("postgresql://", "postgresql+psycopg://"))
    engine.init_vectorstore_table("langchain_documents", 16, overwrite_existing=True)
    return found.PGVectorStore.create_sync(engine, EMBEDDING, "langchain_documents")


def in_qdrant() -> Any:
    found = pytest.importorskip("langchain_qdrant", reason="langchain-qdrant is not installed")
    return found.QdrantVectorStore.from_documents([], EMBEDDING, location=":memory:", collection_name="documents")


def in_lance(folder: Path) -> Any:
    found = pytest.importorskip("langchain_lancedb", reason="langchain-lancedb is not installed")
    return found.LanceDB(EMBEDDING, uri=str(folder), table_name="documents")


@pytest.fixture(params=["postgres", "qdrant", "lance"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "lance":
        return in_lance(tmp_path)
    return in_qdrant() if request.param == "qdrant" else in_postgres(request.getfixturevalue("postgres"))


def test_documents_come_back_compressed(store: Any) -> None:
    store.add_documents(DOCUMENTS)
    retriever = CompressedRetriever(
        store.as_retriever(search_kwargs={"k": 3}), compressor=RagCompressor(compressor="lexical", budget=8)
    )
    (found,) = retriever.invoke("Who wrote it?")
    assert found.page_content.strip() == "Ada wrote it in 1843."
    assert found.metadata["year"] == 1900
    whole = retriever.invoke("Who wrote it?", budget=500)
    assert sorted(document.metadata["year"] for document in whole) == [1900, 1901, 1902]
