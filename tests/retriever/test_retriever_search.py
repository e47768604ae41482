"""What is found: exact for flat, mostly right for the others, ties in order, bad input refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retriever_doubles import NumberEncoder, WordEncoder, brute_force, clusters

from ragcompress import Passage
from ragcompress.core.errors import InvalidInput, ModelError
from ragcompress.models.multilingual import ships_multilingual
from ragcompress.retriever import DenseRetriever, HybridRetriever
from ragcompress.retriever import ann as ann_module
from ragcompress.retriever.embed import CLIP, SentenceTransformerEncoder, as_encoder, embed_texts
from ragcompress.retriever.embedded import EmbeddedEncoder, MultilingualEncoder


def numbered(vectors: np.ndarray, **options: object) -> DenseRetriever:
    """A retriever whose passage ``"i"`` has row i as its vector."""
    return DenseRetriever.build([str(i) for i in range(len(vectors))], NumberEncoder(vectors), **options)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 60), k=st.integers(0, 70), seed=st.integers(0, 10_000), grid=st.booleans())
def test_flat_is_exact(n: int, k: int, seed: int, grid: bool) -> None:
    rng = np.random.default_rng(seed)
    # a coarse grid makes equal vectors, opposite vectors and zero vectors common
    vectors = (rng.integers(-1, 2, size=(n, 4)) if grid else rng.normal(size=(n, 8))).astype(np.float32)
    rows, scores = brute_force(vectors, vectors[0], k)
    found = numbered(vectors, kind="flat").retrieve("0", k)
    assert np.allclose([p.score for p in found], scores, atol=1e-6)
    if not grid:
        assert [p.text for p in found] == [str(row) for row in rows]
    else:  # equal up to rounding: the sets of clearly better ones must agree
        clear = {str(row) for row, score in zip(rows, scores, strict=True) if score > min(scores, default=0) + 1e-6}
        assert clear <= {p.text for p in found}


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_equal_scores_come_in_order_of_insertion(kind: str) -> None:
    vectors = np.tile(np.array([[1.0, 2.0, 3.0]], dtype=np.float32), (300, 1))
    retriever = numbered(vectors, kind=kind)
    if kind == "flat":
        assert [p.text for p in retriever.retrieve("0", 5)] == ["0", "1", "2", "3", "4"]
    found = [p.text for p in retriever.retrieve("7", 300)]
    assert found == [str(i) for i in range(300)]


def test_many_is_one_by_one() -> None:
    vectors = clusters(500, 16)
    retriever = numbered(vectors)
    queries = [str(i) for i in range(40)]
    assert retriever.retrieve_many(queries, 7) == [retriever.retrieve(query, 7) for query in queries]


@pytest.mark.parametrize(("kind", "least"), [("hnsw", 0.97), ("ivfpq", 0.90)])
def test_recall_of_the_approximate_kinds(kind: str, least: float, record_property: object) -> None:
    vectors = clusters(6000, 32)
    retriever = numbered(vectors, kind=kind)
    assert retriever.kind == kind
    hits = retriever.retrieve_many([str(i) for i in range(0, 6000, 60)], 10)
    wanted = [set(brute_force(vectors, vectors[i], 10)[0]) for i in range(0, 6000, 60)]
    recall = np.mean([len({int(p.text) for p in f} & w) / 10 for f, w in zip(hits, wanted, strict=True)])
    print(f"recall@10 of {kind} on 6,000 clustered vectors: {recall:.3f}")
    assert recall >= least
    for found, row in zip(hits, range(0, 6000, 60), strict=True):  # their scores are exact all the same
        exact = brute_force(vectors[[int(p.text) for p in found]], vectors[row], 10)[1]
        assert np.allclose([p.score for p in found], exact, atol=1e-6)


@pytest.mark.parametrize("kind", ["hnsw", "ivfpq"])
def test_approximate_kinds_give_k_when_most_is_deleted(kind: str) -> None:
    vectors = clusters(2000, 16)
    retriever = numbered(vectors, kind=kind)
    ids = [p.id for p in retriever]
    assert retriever.delete(ids[20:]) == 1980
    assert len(retriever.retrieve("0", 50)) == 20
    assert [p.id for p in retriever.retrieve("0", 5)] == [ids[i] for i in brute_force(vectors[:20], vectors[0], 5)[0]]


def test_kind_follows_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ann_module, "FLAT_BELOW", 100)
    monkeypatch.setattr(ann_module, "HNSW_BELOW", 1500)
    vectors = clusters(2000, 16)
    retriever = DenseRetriever.build([str(i) for i in range(99)], NumberEncoder(vectors))
    assert retriever.kind == "flat"
    retriever.add([str(i) for i in range(99, 120)])
    assert retriever.kind == "hnsw"
    retriever.add([str(i) for i in range(120, 2000)])
    assert retriever.kind == "ivfpq"
    assert retriever.retrieve("1234", 1)[0].text == "1234"


def test_quantiser_waits_for_enough_rows() -> None:
    retriever = numbered(clusters(50, 16), kind="ivfpq")
    assert retriever.kind == "flat"
    assert retriever.retrieve("3", 1)[0].text == "3"


def test_score_is_the_cosine_and_the_rest_is_kept() -> None:
    given_ = Passage("a b", id="x", title="", score=0.1, metadata={"page": 3})
    found = DenseRetriever.build([given_], WordEncoder()).retrieve("a b")[0]
    assert found.score == pytest.approx(1.0)
    assert (found.text, found.id, found.metadata) == ("a b", "x", {"page": 3})
    assert given_.score == 0.1


def test_zero_and_huge_vectors() -> None:
    vectors = np.array([[0, 0], [3e30, 0], [0, 1e-20]], dtype=np.float32)
    retriever = numbered(vectors)
    assert [(p.text, p.score) for p in retriever.retrieve("1", 3)] == [("1", 1.0), ("0", 0.0), ("2", 0.0)]
    assert [p.score for p in retriever.retrieve("0", 3)] == [0.0, 0.0, 0.0]
    assert retriever.retrieve("2", 1)[0].text == "2"


def test_title_is_encoded_unless_the_text_has_it() -> None:
    encoder = WordEncoder()
    titled = DenseRetriever.build(
        [Passage("is a town", title="Brig"), Passage("Brig is a town", title="Brig")], encoder
    )
    first, second = titled.retrieve("Brig is a town")
    assert first.score == pytest.approx(second.score)


@pytest.mark.parametrize("cls", [DenseRetriever, HybridRetriever])
def test_empty_index_is_legal(cls: type[DenseRetriever]) -> None:
    retriever = cls.build([], WordEncoder())
    assert len(retriever) == 0
    assert retriever.retrieve("anything") == []
    assert retriever.retrieve_many([]) == []
    with pytest.raises(InvalidInput):
        retriever.retrieve("")


@pytest.mark.parametrize("cls", [DenseRetriever, HybridRetriever])
@pytest.mark.parametrize(("query", "k"), [("", 3), (" \n", 3), (3, 3), (None, 3), ("q", -1), ("q", 1.5), ("q", True)])
def test_bad_questions(cls: type[DenseRetriever], query: object, k: object) -> None:
    retriever = cls.build(["a", "b"], WordEncoder())
    with pytest.raises(InvalidInput):
        retriever.retrieve(query, k)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("passages", "options"),
    [
        ("one string", {}),
        ([1], {}),
        ([None], {}),
        (["a"], {"kind": "annoy"}),
        (["a"], {"batch_size": 0}),
        (["a"], {"encoder": 3}),
    ],
)
def test_bad_builds(passages: object, options: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        DenseRetriever.build(passages, **{"encoder": WordEncoder(), **options})  # type: ignore[arg-type]


def test_unknown_encoder() -> None:
    pytest.importorskip("sentence_transformers")
    with pytest.raises(ModelError, match="nothing is downloaded"):
        DenseRetriever.build(["a"], "no/such-encoder")


class _Broken(WordEncoder):
    def __init__(self, how: str) -> None:
        super().__init__(4)
        self.how = how

    def encode(self, texts: object) -> np.ndarray:
        good = super().encode(texts)  # type: ignore[arg-type]
        return {"nan": good * np.nan, "short": good[:-1], "flat": good.ravel()}[self.how]


@pytest.mark.parametrize("how", ["nan", "short", "flat"])
def test_unusable_vectors(how: str) -> None:
    with pytest.raises((ModelError, InvalidInput)):
        DenseRetriever.build(["a", "b"], _Broken(how))


def test_a_huge_passage_is_clipped_for_the_encoder_only() -> None:
    lengths = []

    class Recorder(WordEncoder):
        def encode(self, texts: object) -> np.ndarray:
            lengths.extend(len(text) for text in texts)  # type: ignore[attr-defined]
            return np.ones((len(texts), 4), dtype=np.float32)  # type: ignore[arg-type]

    huge = "x" * 50_000_000
    found = DenseRetriever.build([huge], Recorder()).retrieve("q")
    assert max(lengths) == CLIP
    assert found[0].text == huge


def test_native_encoder_protocol_and_query_vectors() -> None:
    class Native:
        dim, fingerprint = 2, "native:1"

        def embed(self, texts: list[str]) -> np.ndarray:
            return np.array([[1.0, 0.0]] * len(texts), dtype=np.float32)

        def embed_query(self, texts: list[str]) -> np.ndarray:
            return np.array([[1.0, 1.0]] * len(texts), dtype=np.float32)

    assert DenseRetriever.build(["a"], Native()).retrieve("q")[0].score == pytest.approx(0.5**0.5)


TEXTS = ["The Eiffel Tower is in Paris.", "Cats sleep most of the day.", "東京は日本の首都です。", "", "word " * 900]


def test_minilm_gives_nearly_the_vectors_of_the_original() -> None:
    library = pytest.importorskip("sentence_transformers")
    assert library
    ours = embed_texts(EmbeddedEncoder(), TEXTS)
    theirs = embed_texts(as_encoder("all-MiniLM-L6-v2"), TEXTS)
    assert isinstance(as_encoder("all-MiniLM-L6-v2"), SentenceTransformerEncoder)
    assert ((ours * theirs).sum(axis=1)[:2] > 0.95).all()  # int8


def test_a_blank_text_is_near_to_nothing() -> None:
    if not ships_multilingual():
        pytest.skip("the multilingual weights are not in this checkout")
    encoder = MultilingualEncoder()
    assert not encoder.embed(["", " \n"]).any()
    assert encoder.embed([]).shape == (0, encoder.dim)
    assert encoder.embed(["", "a tower"])[1].any()


def test_default_encoder_finds_by_meaning_without_torch() -> None:
    code = (
        "import sys\nfrom ragcompress import DenseRetriever\n"
        f"r = DenseRetriever.build({TEXTS!r} + ['lone \\ud800 surrogate'])\n"
        "print(r.retrieve('Where do I find the big iron tower?', 1)[0].text)\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == TEXTS[0]
