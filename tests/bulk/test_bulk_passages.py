"""Passages in bulk: encoded, written into stores, given to other engines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ragcompress as rc
from ragcompress.bulk import compress_arrow, compress_dataset, embed_arrow, embed_dataset, index_dataset, work
from ragcompress.bulk.passages import Embed
from ragcompress.bulk.work import Compress
from ragcompress.core.errors import EncoderMismatch
from ragcompress.retriever.inputs import content_id
from ragcompress.retriever.stores import LanceRetriever, open_store

TEXTS = ["Ada wrote it in 1843. It rained.", "The pump drains the barrel.", "Bob keeps bees on the island."]
GIVEN = [{"id": f"p{at}", "title": "T", "text": text, "year": 1900 + at} for at, text in enumerate(TEXTS)]
ODD = {"id": "odd", "text": "half \ud800 a pair", "metadata": {"\0": [1, None]}}


def test_vectors_are_those_of_the_retriever() -> None:
    rows = list(embed_dataset(GIVEN))
    dense = rc.DenseRetriever.build([rc.Passage(r["text"], id=r["id"], title="T") for r in GIVEN])
    for row in rows:
        assert row["error"] is None
        assert [(u["start"], u["end"]) for u in row["units"]] == rc.units(row["text"])
        assert np.linalg.norm(row["vector"]) == pytest.approx(1, abs=1e-5)
    assert json.loads(rows[1]["metadata"]) == {"year": 1901}
    best = dense.retrieve("Who wrote it?", 1)[0]
    assert best.score == pytest.approx(
        float(np.dot(rows[0]["vector"], embed_dataset([{"text": "Who wrote it?"}])[0]["vector"])), abs=1e-2
    )


def test_a_passage_that_fails_does_not_take_others_with_it() -> None:
    rows = list(embed_dataset([GIVEN[0], {"id": "x", "text": None}, {"id": "y", "error": "earlier"}, {"text": "a"}]))
    assert [row["error"] is None for row in rows] == [True, False, False, True]
    assert rows[3]["id"] == content_id(rc.Passage("a"))


@pytest.fixture
def folder(tmp_path: Path) -> str:
    pytest.importorskip("lancedb", reason="needs the extra lancedb")
    return f"lancedb:{tmp_path / 'store'}#things"


def test_into_a_store_and_out_again(folder: str, tmp_path: Path) -> None:
    embedded = embed_dataset([*GIVEN, ODD, {"id": "bad"}], chunk=2, out=None)
    made = index_dataset(embedded, folder, job=tmp_path / "job")
    assert [row["error"] is None for row in made] == [True] * 4 + [False]
    store = open_store(folder)
    assert len(store) == 4
    assert store.get(["odd", "p1"]) == [
        rc.Passage(ODD["text"], id="odd", metadata=ODD["metadata"]),
        rc.Passage(TEXTS[1], id="p1", title="T", metadata={"year": 1901}),
    ]
    assert store.retrieve("Who keeps bees?", 1, {"year": {"$gte": 1902}})[0].id == "p2"
    index_dataset(GIVEN, folder)  # encoded on the way in; the same passages again
    assert len(store) == 4


@pytest.mark.parametrize("what", [True, "units"])
def test_what_was_precomputed_reaches_the_store(folder: str, what: Any) -> None:
    index_dataset(embed_dataset(GIVEN[:1], precompute=what), folder)
    store: Any = open_store(folder)
    (found,) = store._table.read([next(iter(store._table.nearest(np.ones(384, np.float32), 1, _all()))).key], "")
    assert found is not None
    assert store._table.nearest(np.ones(384, np.float32), 1, _all())[0].sidecars


def _all() -> Any:
    from ragcompress.retriever.stores.rows import Wanted

    return Wanted("")


def test_vectors_of_another_encoder_are_refused(folder: str) -> None:
    rows = [{**GIVEN[0], "vector": [1.0] + [0.0] * 383}]
    with pytest.raises(EncoderMismatch, match="is not what"):
        index_dataset(rows, folder)
    assert isinstance(open_store(folder), LanceRetriever)
    assert len(open_store(folder)) == 0


def test_addresses() -> None:
    for wrong in ("lancedb", "lancedb:", "mysql://a", "postgresql:a", "a#b"):
        with pytest.raises(rc.InvalidInput, match="is no store"):
            open_store(wrong)


def test_one_function_for_arrow_and_pandas() -> None:
    arrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    function = compress_arrow(budget=8, compressor="lexical")
    rows = [{"id": f"r{at}", "query": "Who wrote it?", "passages": [text]} for at, text in enumerate(TEXTS)]
    table = arrow.Table.from_pylist(rows)
    expected = compress_dataset(rows, budget=8, compressor="lexical")
    assert function(table).to_pylist() == list(expected)
    assert function(table).schema == function.schema
    assert [b.num_rows for b in function.batches(table.to_batches(max_chunksize=2))] == [2, 1]
    frame = function.frame(table.to_pandas())
    assert frame["text"].tolist() == [row["text"] for row in expected]
    assert list(function.empty().columns) == list(frame.columns)
    vectors = embed_arrow()(arrow.table({"id": ["a"], "text": ["Ada"]}))
    assert len(vectors["vector"][0].as_py()) == 384


def test_vectors_depend_on_no_labeller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of vectors goes on under a better labeller; under another encoder it does not."""
    monkeypatch.setattr(work, "files", lambda _: tmp_path)
    monkeypatch.setattr(work, "_weights", work._weights.__wrapped__)  # this test's are nobody else's
    (tmp_path / "weights").mkdir()

    def told(name: str) -> tuple[Any, Any]:
        (tmp_path / "weights" / name).write_text(name)
        return Embed("minilm").about(), Compress(0.2).about()

    vectors, texts = told("encoder.onnx")
    assert told("labeller.json")[0] == vectors
    assert told("labeller.json")[1] != texts
    assert told("reader.onnx")[0] == vectors
    assert told("tokenizer.json")[0] != vectors
