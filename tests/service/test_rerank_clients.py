"""Other people's rerank clients against the service."""

from __future__ import annotations

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
from service_helpers import serving

QUERY = "Where is the pump made?"
TEXTS = ["Bread is baked at six.", "The pump is made in Tampere by Virta.", "It rained on Monday."]


@pytest.fixture(scope="module")
def base():
    with serving() as address:
        yield address


def test_cohere(base):
    cohere = pytest.importorskip("cohere")
    old = cohere.Client("k", base_url=base).rerank(
        query=QUERY, documents=TEXTS, top_n=2, model="ragcompress", return_documents=True
    )
    assert (old.results[0].index, old.results[0].document.text, len(old.results)) == (1, TEXTS[1], 2)
    new = cohere.ClientV2("k", base_url=base).rerank(query=QUERY, documents=TEXTS, model="ragcompress")
    assert sorted(row.index for row in new.results) == [0, 1, 2]


def test_langchain_cohere(base):
    langchain = pytest.importorskip("langchain_cohere")
    from langchain_core.documents import Document

    ranker = langchain.CohereRerank(cohere_api_key="k", model="ragcompress", top_n=2, base_url=base)
    found = ranker.compress_documents([Document(page_content=text) for text in TEXTS], QUERY)
    assert found[0].page_content == TEXTS[1]
    assert len(found) == 2


def test_openai(base):
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(api_key="k", base_url=f"{base}/v1")
    found = client.post("/rerank", body={"query": QUERY, "documents": TEXTS}, cast_to=object)
    assert found["results"][0]["index"] == 1
