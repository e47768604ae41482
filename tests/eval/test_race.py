"""A race takes turns, goes on from its file, and its table compares question by question."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval import race
from eval.questions import Question
from ragcompress.core.types import Passage


def question(name: str) -> Question:
    return Question(name, f"Who is {name}?", (name,), (Passage(f"{name} is here."),))


QUESTIONS = [question(name) for name in ("Ada", "Bob")]


def runner(name: str, seen: list[tuple[str, str]]) -> race.Runner:
    return race.Runner(name, lambda passages: lambda asked: seen.append((name, passages[0].text)))


def test_runners_take_turns_and_never_see_the_same_text_twice(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    runners = [runner("one", seen), runner("two", seen)]
    laps = list(race.race(runners, QUESTIONS, tmp_path / "laps.jsonl"))
    assert [lap.runner for lap in laps] == ["two", "one", "one", "two"]
    assert [lap.question for lap in laps] == ["Ada#0", "Ada#0", "Bob#0", "Bob#0"]
    assert len({text for _, text in seen}) == len(seen) == 6  # a warm-up each
    del seen[:]
    again = list(race.race(runners, QUESTIONS, tmp_path / "laps.jsonl"))
    assert again == laps
    assert len(seen) == 2  # the warm-up alone


def test_the_table_says_how_many_times_as_fast() -> None:
    laps = [race.Lap(name, key, wall, wall) for key in "ab" for name, wall in (("slow", 0.2), ("quick", 0.05))]
    lines = race.table(laps, "slow").splitlines()
    assert lines[2] == "| slow | 200 | 200 | 1.0 (1.0 to 1.0) | 1.0 |"
    assert lines[3] == "| quick | 50 | 50 | 4.0 (4.0 to 4.0) | 4.0 |"


@pytest.mark.slow
def test_all_peers_and_ours_run() -> None:
    pytest.importorskip("langchain_classic")
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("faiss")
    from ragcompress.retriever.units import UnitMaker

    runners = [*race.peers(["filter", "cross-encoder", "provence", "llmlingua"]), race.ours("dense", 0.5, UnitMaker)]
    laps = list(race.race(runners, QUESTIONS[:1]))
    assert [lap.runner for lap in laps].count(race.REFERENCE) == 1
    assert len(laps) == 5
