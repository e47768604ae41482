import numpy as np
import pytest

import ragcompress as rc
from ragcompress.core.render import render
from ragcompress.models.multilingual import ships_multilingual
from ragcompress.pruners.cluster import ClusterPruner
from ragcompress.pruners.grouping import agglomerative, faiss_kmeans, kmeans, medoid
from ragcompress.testing import check_compressor

WIDE = rc.TokenBudget(10_000, len)
OPINIONS = {
    "battery": ["The battery lasts two days.", "Battery life is great.", "It runs long on one charge."],
    "screen": ["The screen is too dark.", "Its display is dim outdoors.", "The screen lacks brightness."],
    "price": ["It is far too expensive.", "The price is high.", "It costs more than it should."],
}
ALL = [text for texts in OPINIONS.values() for text in texts]


def reviews(size):
    kinds = list(OPINIONS.values())
    return [kinds[n % 3][(n // 3) % 3] + f" I bought it {n} weeks ago." for n in range(size)]


def blobs(size=60, k=4):
    draw = np.random.default_rng(0)
    centres = np.eye(8, dtype=np.float32)[:k]
    rows = np.repeat(centres, size // k, axis=0) + draw.normal(0, 0.05, (size, 8)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), np.repeat(np.arange(k), size // k)


@pytest.mark.parametrize(
    "pruner",
    [ClusterPruner(), ClusterPruner(k=2), ClusterPruner(represent="medoid"), ClusterPruner(segmenter=None)],
    ids=repr,
)
def test_laws(pruner):
    check_compressor(pruner, cases=60)


@pytest.mark.parametrize("cluster", [kmeans, agglomerative, faiss_kmeans], ids=lambda f: f.__name__)
def test_every_clusterer_finds_separate_groups(cluster):
    if cluster is agglomerative:
        pytest.importorskip("sklearn")
    if cluster is faiss_kmeans:
        pytest.importorskip("faiss")
    rows, truth = blobs()
    labels = cluster(rows, 4)
    assert len({(int(a), int(b)) for a, b in zip(labels, truth, strict=True)}) == 4
    assert (labels == cluster(rows, 4)).all()


def test_kmeans_with_one_point_per_cluster_and_with_equal_points():
    assert len(set(kmeans(np.eye(3, dtype=np.float32), 3).tolist())) == 3
    assert set(kmeans(np.ones((4, 2), dtype=np.float32), 2).tolist()) <= {0, 1}


def test_medoid_is_the_one_in_the_middle():
    angles = np.array([0.0, 0.5, 1.0])
    assert medoid(np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)) == 1


def test_each_opinion_is_heard_once():
    out = ClusterPruner(k=3)(rc.Context.of("What do people say?", ALL), WIDE)
    heard = {topic for topic, says in OPINIONS.items() for s in out.segments if s.text in says}
    assert len(out.segments) == 3
    assert heard == set(OPINIONS)


def test_size_stays_nearly_constant_from_4_to_75_passages():
    sizes = []
    for number in (4, 20, 75):
        out = ClusterPruner(k=4, segmenter=None)(rc.Context.of("What do people say?", reviews(number)), WIDE)
        sizes.append(len(render(out).split()))
    assert max(sizes) <= 1.3 * min(sizes)


def test_the_representative_is_the_relevant_one_or_the_medoid():
    context = rc.Context.of("How long is one charge?", OPINIONS["battery"])
    assert ClusterPruner(k=1)(context, WIDE).segments[0].text == "It runs long on one charge."
    medoids = ClusterPruner(k=1, represent="medoid")(context, WIDE)
    assert len(medoids.segments) == 1


def test_without_k_room_left_goes_to_the_next_members():
    out = ClusterPruner()(rc.Context.of("What do people say?", ALL), WIDE)
    assert len(out.segments) == 9


def test_a_rewriter_summarises_each_cluster_with_all_of_it_as_support():
    def first_words(query, texts, tokens):
        return [text.split(".")[0] + "!" for text in texts]

    context = rc.Context.of("What do people say?", OPINIONS["battery"])
    out = ClusterPruner(k=1, rewriter=first_words)(context, WIDE)
    assert out.segments[0].text == "The battery lasts two days!"
    assert sorted(span.passage for span in out.segments[0].support) == [0, 1, 2]


@pytest.mark.parametrize("answer", ["It lasts 99 days.", "so " * 60])
def test_an_unfaithful_summary_gives_way_to_the_best_member(answer):
    context = rc.Context.of("What do people say?", OPINIONS["battery"])
    out = ClusterPruner(k=1, rewriter=lambda query, texts, tokens: [answer])(context, rc.TokenBudget(60, len))
    assert out.segments[0].text in OPINIONS["battery"]


def test_a_rewriter_that_fails_leaves_the_representatives():
    def broken(query, texts, tokens):
        raise RuntimeError("no")

    pruner = ClusterPruner(k=1, rewriter=broken)
    out = pruner(rc.Context.of("What do people say?", OPINIONS["battery"]), WIDE)
    assert len(out.segments) == 1
    assert "RuntimeError" in out.notes[0]
    check_compressor(pruner, cases=20)


def test_other_languages_are_clustered_by_meaning():
    if not ships_multilingual():
        pytest.skip("the multilingual weights are not in this checkout")
    out = ClusterPruner(k=2)(rc.Context.of("首都", ["東京は首都です。", "東京は首都だ。", "犬が好きです。"]), WIDE)
    assert len(out.segments) == 2
    assert "犬が好きです。" in [segment.text for segment in out.segments]
    assert out.notes == ()


def test_unreadable_language_is_clustered_by_words(monkeypatch):
    for room in ("semantic", "vectors"):  # as where the multilingual weights are not
        monkeypatch.setattr(f"ragcompress.scorers.{room}.twin", lambda encoder: None)
    out = ClusterPruner(k=2)(rc.Context.of("首都", ["東京は首都です。", "東京は首都だ。", "犬が好きです。"]), WIDE)
    assert len(out.segments) == 2
    assert any("by words alone" in note for note in out.notes)


def test_wrong_settings_are_named():
    for make in (lambda: ClusterPruner(k=0), lambda: ClusterPruner(represent="best")):
        with pytest.raises(rc.InvalidInput):
            make()
