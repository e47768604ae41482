"""LangChain's own standard suites, run over our classes."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langchain_core")
pytest.importorskip("langchain_tests")
pytest.importorskip("faiss")

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import RetrieversIntegrationTests, VectorStoreIntegrationTests

from ragcompress.integrations.langchain import CompressedRetriever, FaissVectorStore
from ragcompress.testing import FakeEncoder

pytestmark = pytest.mark.filterwarnings("ignore:.*is marked with '@pytest.mark.asyncio':pytest.PytestWarning")

DOCUMENTS = [Document(f"Passage {name} is about foxes. It says more.", id=name) for name in "abcdef"]


class Listed(BaseRetriever):
    """A retriever that takes no ``k`` at all."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return DOCUMENTS


@pytest.mark.asyncio
class TestFaissVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        return FaissVectorStore(self.get_embeddings())


@pytest.mark.asyncio
class TestFaissVectorStoreOverAnEncoder(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        return FaissVectorStore(FakeEncoder(256))


class _RetrieverSuite(RetrieversIntegrationTests):
    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return CompressedRetriever

    @property
    def retriever_query_example(self) -> str:
        return "What about foxes?"


@pytest.mark.asyncio
class TestCompressedRetriever(_RetrieverSuite):
    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"retriever": Listed(), "compressor": "lexical", "budget": 400}


@pytest.mark.asyncio
class TestCompressedRetrieverOverAVectorStore(_RetrieverSuite):
    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        store = FaissVectorStore(FakeEncoder())
        store.add_documents(DOCUMENTS)
        return {"retriever": store.as_retriever(), "compressor": "lexical", "budget": 400}


@pytest.mark.asyncio
class TestCompressedRetrieverOverOurOwn(_RetrieverSuite):
    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        store = FaissVectorStore(FakeEncoder())
        store.add_documents(DOCUMENTS)
        return {"retriever": store.retriever, "compressor": "lexical", "budget": 400}
