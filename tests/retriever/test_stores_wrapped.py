"""Tables that others made, searched as they are."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from retriever_doubles import WordEncoder

import ragcompress as rc
from ragcompress.core.errors import BadIndex, EncoderMismatch, InvalidInput
from ragcompress.retriever.stores import LanceRetriever, PgRetriever, QdrantRetriever, StoreRetriever

TEXTS = ["the pump drains", "rain on the island", "a bridge for the market", "the pump of the island"]
COLUMNS = {"text": "content", "vector": "embedding", "id": "doc_id", "title": "name"}
pytestmark = pytest.mark.scale


def rows() -> list[dict[str, Any]]:
    vectors = 3 * WordEncoder().encode(TEXTS)  # not normalised
    return [
        {"doc_id": f"d'{at}", "name": f"N{at}", "content": text, "year": 1900 + at, "embedding": vector.tolist()}
        for at, (text, vector) in enumerate(zip(TEXTS, vectors, strict=True))
    ]


def in_lance(folder: Path) -> tuple[type[StoreRetriever], Any]:
    lancedb = pytest.importorskip("lancedb", reason="needs the extra lancedb")
    arrow = pytest.importorskip("pyarrow")
    vector = arrow.list_(arrow.float32(), 32)
    schema = arrow.schema([*((n, arrow.string()) for n in ("doc_id", "name", "content")), ("year", arrow.int64()),
                           ("embedding", vector)])  # fmt: skip
    lancedb.connect(str(folder)).create_table("theirs", arrow.Table.from_pylist(rows(), schema=schema))
    return LanceRetriever, str(folder)


def in_postgres(uri: str) -> tuple[type[StoreRetriever], Any]:
    psycopg = pytest.importorskip("psycopg", reason="needs the extra pgvector")
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("create extension if not exists vector")
        connection.execute("drop table if exists theirs")
        connection.execute("create table theirs (doc_id text, name text, content text, year int, embedding vector(32))")
        for row in rows():
            values = [*list(row.values())[:4], json.dumps(row["embedding"])]
            connection.execute("insert into theirs values (%s, %s, %s, %s, %s)", values)
    return PgRetriever, uri


def in_qdrant() -> tuple[type[StoreRetriever], Any]:
    qdrant = pytest.importorskip("qdrant_client", reason="needs the extra qdrant")
    client, models = qdrant.QdrantClient(":memory:"), qdrant.models
    size = models.VectorParams(size=32, distance=models.Distance.COSINE)
    client.create_collection("theirs", vectors_config={"embedding": size})
    points = [
        models.PointStruct(id=at, vector={"embedding": row.pop("embedding")}, payload=row)
        for at, row in enumerate(rows())
    ]
    client.upsert("theirs", points)
    return QdrantRetriever, client


@pytest.fixture(params=["lance", "postgres", "qdrant"])
def theirs(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "lance":
        return in_lance(tmp_path / "lance")
    return in_qdrant() if request.param == "qdrant" else in_postgres(request.getfixturevalue("postgres"))


def test_it_is_searched_as_it_is(theirs: Any) -> None:
    kind, uri = theirs
    encoder = WordEncoder()
    with kind.wrap(uri, encoder, table="theirs", **COLUMNS) as store:
        assert len(store) == 4
        dense = rc.DenseRetriever.build([rc.Passage(text, id=f"d'{at}") for at, text in enumerate(TEXTS)], encoder)
        for query in ("pump", "rain island", "market"):
            mine, own = store.retrieve(query, 3), dense.retrieve(query, 3)
            assert [p.id for p in mine] == [p.id for p in own]
            np.testing.assert_allclose([p.score for p in mine], [p.score for p in own], atol=1e-3)
        best = store.retrieve("market", 1)[0]
        assert (best.text, best.title, dict(best.metadata)) == (TEXTS[2], "N2", {"year": 1902})
        assert [p.id for p in store.retrieve("pump", 1, {"year": {"$gt": 1900}})] == ["d'3"]
        assert [p.text for p in store.get(["d'3", "' or 1=1 --", "d'0"])] == [TEXTS[3], TEXTS[0]]


def test_it_is_never_written_to(theirs: Any) -> None:
    kind, uri = theirs
    store = kind.wrap(uri, WordEncoder(), table="theirs", **COLUMNS)
    for change in (lambda: store.upsert(["a"]), lambda: store.delete(["d'0"])):
        with pytest.raises(InvalidInput, match="only read"):
            change()
    if kind is not QdrantRetriever:  # whose client here is in this process's memory
        assert pickle.loads(pickle.dumps(store)).retrieve("market", 1)[0].id == "d'2"
    with pytest.raises(InvalidInput, match="by its vectors"):
        store.retrieve("a", search="lexical")
    assert len(store) == 4
    store.close()


def test_what_does_not_fit_is_refused(theirs: Any) -> None:
    kind, uri = theirs
    for encoder, told in ((WordEncoder(seed=1), "unlike what"), (WordEncoder(8), "32 dimensions")):
        with pytest.raises(EncoderMismatch, match=told):
            kind.wrap(uri, encoder, table="theirs", **COLUMNS)
    with pytest.raises(InvalidInput, match="no text in 'body'"):
        kind.wrap(uri, WordEncoder(), table="theirs", **(COLUMNS | {"text": "body"}))
    with pytest.raises(InvalidInput, match="metric"):
        kind.wrap(uri, WordEncoder(), table="theirs", metric="l3")
    with pytest.raises(BadIndex, match="no table"):
        kind.wrap(uri, WordEncoder(), table="nobodys", **COLUMNS)
