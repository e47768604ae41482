"""Gauges of speed print what the docs show: every one runs, on small sizes, and its sums are right."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.gauges import GAUGES, building, growth, many, plots, stages, texts, vectors
from eval.gauges.measuring import exponent, fresh
from eval.questions import Question
from ragcompress.core.types import Passage

QUESTIONS = [
    Question(name, f"Who opened {name}?", ("Ada",), tuple(Passage(f"Ada opened {name} {n}.") for n in "1234"))
    for name in ("Brenok", "Dorilk", "Falovs")
]


def test_exponents_are_slopes() -> None:
    assert exponent([1, 10, 100], [2, 20, 200]) == pytest.approx(1)
    assert exponent([1, 10, 100], [1, 100, 10_000]) == pytest.approx(2)


def test_no_passage_comes_twice() -> None:
    found = [passage.text for _ in range(2) for passage in fresh(QUESTIONS, 30)]
    assert len(found) == 60
    assert not set(found[:30]) & set(found[30:])


@pytest.mark.parametrize("kind", texts.KINDS)
def test_long_text_is_as_long_as_asked_and_holds_the_fact_once(kind: str) -> None:
    text = texts.long_text(kind, 20_000)
    assert 20_000 <= len(text) < 21_000
    assert text.count(texts.FACT) == 1


def test_growth_prints_curves_that_are_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(growth, "PASSAGES", (1, 10, 20))
    monkeypatch.setattr(growth, "WORDS", (100, 1_000, 2_000, 3_000))
    lines = list(growth.growth(QUESTIONS, False))
    found = plots.curves(lines, "passages")
    assert [x for x, _ in found["lexical"]] == [1, 10, 20]
    assert [len(points) for points in plots.curves(lines, "words").values()] == [3, 4]
    plots.draw("growth", lines, tmp_path)
    drawn = [(tmp_path / f"growth-{unit}.svg").read_text() for unit in ("passages", "words")]
    assert [picture.count("<polyline") for picture in drawn] == [4, 2]
    assert all(len(picture) < 20_000 for picture in drawn)


def test_stages_add_up_and_leave_nothing_behind() -> None:
    from time import thread_time

    from ragcompress.models.sessions import LateSession

    run = LateSession.run
    began = thread_time()
    spent = stages.split(QUESTIONS, "labeller", 6)
    most = thread_time() - began
    assert LateSession.run is run
    assert {stages.GRAPHS, stages.REST, "tokenising and counting"} <= spent.keys()
    assert 0 < sum(spent.values()) <= most
    assert min(spent.values()) >= 0


def test_neighbours_in_a_small_index_are_all_found() -> None:
    pytest.importorskip("faiss")
    cells = vectors._line(1_000).split("|")
    assert [cells[2].strip(), cells[7].strip()] == ["flat", "1.000"]


@pytest.mark.slow
def test_the_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("faiss")
    monkeypatch.setattr(building, "PASSAGES", 3)
    monkeypatch.setattr(many, "STREAM", 20)
    assert len(list(GAUGES["building"](QUESTIONS, False))) == 7
    assert len(list(GAUGES["many"](QUESTIONS, False))) == 3
    assert len(list(GAUGES["start"](QUESTIONS, False))) == 3
