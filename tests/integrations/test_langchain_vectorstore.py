"""FaissVectorStore beyond the standard suite: cosines, filters, diversity, saving."""

from __future__ import annotations

import asyncio
import doctest
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("langchain_core")
pytest.importorskip("faiss")

from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding

from ragcompress.core.errors import EncoderMismatch, InvalidInput
from ragcompress.integrations.langchain import FaissVectorStore
from ragcompress.retriever.filters import predicate
from ragcompress.testing import FakeEncoder

EMBEDDINGS = DeterministicFakeEmbedding(size=16)
TEXTS = [f"text number {at}" for at in range(40)]
METADATA = [{"at": at, "kind": "even" if at % 2 == 0 else "odd", "tags": [f"t{at % 3}"]} for at in range(40)]


def store(embedding: Any = EMBEDDINGS) -> FaissVectorStore:
    return FaissVectorStore.from_texts(TEXTS, embedding, METADATA, ids=[f"id{at}" for at in range(40)])


def cosine(a: Any, b: Any) -> float:
    return float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


def test_scores_are_cosines_of_the_very_embeddings() -> None:
    found = store().similarity_search_with_score("a question", k=40)
    query = EMBEDDINGS.embed_query("a question")
    expected = {
        text: cosine(query, vector) for text, vector in zip(TEXTS, EMBEDDINGS.embed_documents(TEXTS), strict=True)
    }
    assert len(found) == 40
    for document, score in found:
        assert score == pytest.approx(expected[document.page_content], abs=1e-5)
    assert [score for _, score in found] == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-5)
    assert found[-1][1] < 0 < found[0][1]


def test_relevance_scores_lie_between_0_and_1_and_thresholds_work() -> None:
    ours = store()
    scores = [score for _, score in ours.similarity_search_with_relevance_scores("a question", k=40)]
    assert min(scores) == 0
    assert 0 < max(scores) <= 1
    retriever = ours.as_retriever(
        search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.999, "k": 3}
    )
    assert [document.id for document in retriever.invoke("text number 7")] == ["id7"]


def test_searching_by_vector_is_searching_by_text() -> None:
    ours = store()
    vector = EMBEDDINGS.embed_query("text number 3")
    assert ours.similarity_search_by_vector(vector, k=5) == ours.similarity_search("text number 3", k=5)
    assert ours.similarity_search_with_score_by_vector([2 * x for x in vector], k=1)[0][1] == pytest.approx(1)
    with pytest.raises(InvalidInput, match="16"):
        ours.similarity_search_by_vector([1.0, 2.0])


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"kind": "even"}, lambda m: m["kind"] == "even"),
        ({"at": [1, 2, 39]}, lambda m: m["at"] in (1, 2, 39)),
        ({"tags": ["t1"]}, lambda m: "t1" in m["tags"]),
        ({"at": {"$gte": 10, "$lt": 20}}, lambda m: 10 <= m["at"] < 20),
        ({"at": {"$gt": 37}, "kind": {"$ne": "odd"}}, lambda m: m["at"] > 37 and m["kind"] != "odd"),
        ({"$or": [{"at": 1}, {"at": {"$eq": 2}}]}, lambda m: m["at"] in (1, 2)),
        ({"$and": [{"at": {"$lte": 9}}, {"$not": {"kind": "odd"}}]}, lambda m: m["at"] <= 9 and m["kind"] == "even"),
        ({"kind": {"$nin": ["odd"]}}, lambda m: m["kind"] == "even"),
        (lambda m: m["at"] % 5 == 0, lambda m: m["at"] % 5 == 0),
        ({"absent": 1}, lambda m: False),
        ({"kind": {"$gt": 5}}, lambda m: False),
    ],
)
def test_filters_are_exact_however_rare_the_match(given: Any, wanted: Any) -> None:
    ours, expected = store(), {f"id{m['at']}" for m in METADATA if wanted(m)}
    assert {document.id for document in ours.similarity_search("q", k=40, filter=given)} == expected
    few = ours.similarity_search("q", k=2, filter=given)
    assert few == ours.similarity_search("q", k=40, filter=given)[:2]
    assert {d.id for d in ours.max_marginal_relevance_search("q", k=40, fetch_k=40, filter=given)} == expected


@pytest.mark.parametrize("given", [{"$near": 1}, {"at": {"$like": 1}}, 5, {"$or": [{"at": {"$x": 1}}]}])
def test_a_filter_that_does_not_exist_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInput):
        predicate(given)


def test_max_marginal_relevance_is_relevance_at_1_and_spreads_at_0() -> None:
    ours = FaissVectorStore(FakeEncoder(128))
    ours.add_texts(["red fox runs", "red fox runs fast", "red fox runs far", "blue whale swims"])
    near = ours.max_marginal_relevance_search("red fox", k=2, lambda_mult=1)
    assert [d.page_content for d in near] == [d.page_content for d in ours.similarity_search("red fox", k=2)]
    apart = ours.max_marginal_relevance_search("red fox", k=2, lambda_mult=0.1)
    assert apart[1].page_content == "blue whale swims"
    vector = ours.embeddings.embed_query("red fox")
    assert ours.max_marginal_relevance_search_by_vector(vector, k=2, lambda_mult=0.1) == apart
    assert asyncio.run(ours.amax_marginal_relevance_search("red fox", k=2, lambda_mult=0.1)) == apart
    assert FaissVectorStore(FakeEncoder()).max_marginal_relevance_search("red fox") == []


def test_saved_without_pickle_and_opened_again(tmp_path: Path) -> None:
    ours = store()
    ours.delete(["id3"])
    ours.save_local(tmp_path / "index")
    assert not [file for file in (tmp_path / "index").rglob("*") if file.suffix in (".pkl", ".pickle")]
    again = FaissVectorStore.load_local(tmp_path / "index", EMBEDDINGS)
    assert again.similarity_search_with_score("q", k=40) == ours.similarity_search_with_score("q", k=40)
    assert again.get_by_ids(["id5"]) == [Document("text number 5", id="id5", metadata=METADATA[5])]
    again.add_texts(["new"])
    assert len(again) == 40
    with pytest.raises(EncoderMismatch):
        FaissVectorStore.load_local(tmp_path / "index", FakeEncoder(16))


def test_the_same_text_twice_is_two_documents_and_metadata_is_the_stores_own() -> None:
    ours, mine = FaissVectorStore(FakeEncoder()), {"n": 1}
    first, second = ours.add_texts(["same", "same"], [mine, {"n": 2}])
    third = ours.add_texts(["same"])[0]
    assert len({first, second, third}) == len(ours) == 3
    mine["n"] = 99
    (document,) = ours.get_by_ids([first])
    assert document.metadata == {"n": 1}
    document.metadata["n"] = 50
    assert ours.get_by_ids([first])[0].metadata == {"n": 1}
    assert ours.delete() is True
    assert len(ours) == 0
    with pytest.raises(InvalidInput, match="2 texts, 1 metadatas"):
        ours.add_texts(["a", "b"], [{}])


def test_its_embeddings_are_langchains() -> None:
    assert store().embeddings is EMBEDDINGS
    ours = FaissVectorStore(FakeEncoder(8)).embeddings
    assert np.allclose(ours.embed_documents(["a b"]), [ours.embed_query("a b")])


@pytest.mark.parametrize("name", ["retriever.filters", "integrations.labels"])
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"ragcompress.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_score_threshold_is_held_by_every_search() -> None:
    embeddings = FaissVectorStore(FakeEncoder()).embeddings
    store = FaissVectorStore.from_texts([f"text {at} of the mill" for at in range(6)], embeddings)
    scored = store.similarity_search_with_score("the mill", k=6)
    least = scored[2][1]
    wanted = [document.page_content for document, score in scored if score >= least]
    vector = store.embeddings.embed_query("the mill")
    searches = [
        store.similarity_search("the mill", k=6, score_threshold=least),
        [document for document, _ in store.similarity_search_with_score("the mill", k=6, score_threshold=least)],
        store.as_retriever(search_kwargs={"k": 6, "score_threshold": least}).invoke("the mill"),
        asyncio.run(store.asimilarity_search("the mill", k=6, score_threshold=least)),
    ]
    for found in searches:
        assert [document.page_content for document in found] == wanted
    close = least - 1e-4  # a vector in Python's numbers
    assert len(store.similarity_search_by_vector(vector, k=6, score_threshold=close)) == len(wanted)
    mmr = {"k": 6, "fetch_k": 6, "score_threshold": least}
    diverse = store.as_retriever(search_type="mmr", search_kwargs=mmr).invoke("the mill")
    assert sorted(document.page_content for document in diverse) == sorted(wanted)
    assert store.similarity_search("the mill", k=6, score_threshold=1.5) == []


def test_a_search_option_that_does_not_exist_is_refused() -> None:
    store = FaissVectorStore.from_texts(["a"], FaissVectorStore(FakeEncoder()).embeddings)
    for search in (store.similarity_search, store.similarity_search_with_score, store.max_marginal_relevance_search):
        with pytest.raises(InvalidInput, match="filtre"):
            search("q", filtre={"page": 1})


def test_documents_alone_are_enough() -> None:
    found = FaissVectorStore.from_documents([Document("Bob kept bees."), Document("It rained.")])
    assert [document.page_content for document in found.similarity_search("Who kept bees?", k=1)] == ["Bob kept bees."]
