"""Reciprocal rank fusion, and words of any language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from retriever_doubles import WordEncoder

from ragcompress import Passage
from ragcompress.core.errors import InvalidInput
from ragcompress.retriever import DenseRetriever, HybridRetriever
from ragcompress.retriever.hybrid import reciprocal_ranks
from ragcompress.retriever.lexical import LexicalIndex, words


class Blind:
    """An encoder that tells nothing apart, so that BM25 alone decides."""

    def encode(self, texts: list[str]) -> np.ndarray:
        return np.ones((len(texts), 4), dtype=np.float32)


def test_fusion_by_hand() -> None:
    rows, scores = reciprocal_ranks([np.array([1, 2, 3]), np.array([3, 9])])
    assert rows.tolist() == [3, 1, 2, 9]
    assert scores.tolist() == pytest.approx([1 / 63 + 1 / 61, 1 / 61, 1 / 62, 1 / 62])


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("error E4711", "The pump shows E4711."),
        ("東京", "首都は東京です"),
        ("กรุงเทพ", "อยู่ที่กรุงเทพมหานคร"),
        ("हिन्दी भाषा", "यह हिन्दी भाषा है"),
        ("STRASSE", "Die Straße ist lang"),
        ("ﬁle", "one file"),
        ("مكتبة", "هذه مكتبة كبيرة"),
    ],
)
def test_lexical_match_in_any_script(query: str, text: str) -> None:
    noise = ["Nothing to see here", "大阪は大きい", "फिर कभी", "غدا نلتقي", "อากาศดี", "Bahnhof", "zero"]
    assert LexicalIndex.build([*noise, text]).top(query, 1).tolist() == [len(noise)]


def test_words_keep_combining_marks_whole() -> None:
    assert words("हिन्दी cafe\u0301s") == ["हिन्दी", "cafés"]
    assert words("\ud800 \0 🙂 …") == []


def test_top_is_best_first_with_ties_by_place() -> None:
    index = LexicalIndex.build(["a b", "c", "a", "a", "x y z a"])
    assert index.top("a", 3).tolist() == [2, 3, 0]
    assert index.top("nothing", 3).tolist() == []
    assert LexicalIndex.build(["", "…"]).top("a", 3).tolist() == []


def test_changes_reach_bm25() -> None:
    retriever = HybridRetriever.build([Passage("pump E1", id="1"), Passage("valve", id="2")], Blind())
    assert retriever.retrieve("E1", 1)[0].id == "1"
    retriever.add([Passage("pump E2", id="3"), Passage("nothing", id="1")])
    assert retriever.retrieve("E2", 1)[0].id == "3"
    retriever.dense.delete(["3"])  # by either name
    assert {p.id for p in retriever.retrieve("E2", 9)} == {"1", "2"}


def test_save_and_load_keep_bm25_and_the_constants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = WordEncoder()
    built = DenseRetriever.build(["red pump", "blue valve", "green pump pump"], encoder)
    retriever = HybridRetriever(built, constant=10, depth=7)
    wanted = retriever.retrieve("pump")
    retriever.delete([wanted[-1].id])
    wanted = retriever.retrieve("pump")
    retriever.save(tmp_path)
    plain = DenseRetriever.load(tmp_path, encoder)
    assert len(plain) == 2
    monkeypatch.setattr(LexicalIndex, "build", None)  # loading must not build again
    loaded = HybridRetriever.load(tmp_path, encoder)
    assert (loaded.constant, loaded.depth) == (10, 7)
    assert loaded.retrieve("pump") == wanted


def test_hybrid_opens_a_dense_folder(tmp_path: Path) -> None:
    encoder = WordEncoder()
    DenseRetriever.build(["red pump", "blue valve"], encoder).save(tmp_path)
    assert HybridRetriever.load(tmp_path, encoder).retrieve("valve", 1)[0].text == "blue valve"


def test_bad_constants() -> None:
    dense = DenseRetriever.build([], Blind())
    with pytest.raises(InvalidInput):
        HybridRetriever(dense, depth=0)
