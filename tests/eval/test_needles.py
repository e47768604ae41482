"""Needles in haystacks: where they are put, and what is counted."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from eval.cli import main
from eval.needles import Sought, hide, made, seek, table
from ragcompress.core.budget import embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage
from ragcompress.methods import resolve

CORPUS = [
    Passage(f"Town {n} has a wall. It was built long ago. Nobody lives there now.", id=str(n)) for n in range(200)
]


def test_needles_are_the_same_for_the_same_seed_and_lead_one_to_the_next() -> None:
    assert made("thread:4", 1) == made("thread:4", 1)
    assert made("thread:4", 1) != made("thread:4", 2)
    steps = made("thread:4", 1).sentences
    assert len(steps) == 4
    for before, after in pairwise(steps):
        place = before.rpartition("lies in the ")[2].rstrip(".")
        assert after.startswith(f"The note in the {place} says")
    asked = made("thread:4", 1).question
    assert steps[0].split(" says")[0].partition("in the ")[2] in asked
    assert steps[-1].split(" says")[0].partition("in the ")[2] not in asked
    assert len(set(made("values:8", 3).sentences)) == 8


@pytest.mark.parametrize("name", ["thread", "thread:1", "thread:9", "one:2", "hay", "values:x"])
def test_kinds_that_there_are_not_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="needles are"):
        made(name, 1)


def test_each_needle_is_a_whole_sentence_of_its_own_passage() -> None:
    needles = made("values:4", 5)
    hay = hide(needles, CORPUS, 800, 5)
    assert 800 <= sum(embedded_count(one.text) for one in hay) < 900
    holders = [next(one.id for one in hay if sentence in one.text) for sentence in needles.sentences]
    assert len(set(holders)) == 4
    for one in hay:
        plain = one.text
        for sentence in needles.sentences:
            plain = plain.replace(sentence, "").replace("  ", " ").strip()
        assert plain == CORPUS[int(one.id)].text
    with pytest.raises(InvalidInput, match="corpus gives"):
        hide(needles, CORPUS[:3], 800, 5)


def test_what_is_kept_is_counted() -> None:
    options = {"budget": 60, "seeds": (1, 2)}
    found = list(seek(["one", "values:2"], CORPUS, 600, resolve("lexical"), **options))
    assert [each.share for each in found] == [1.0] * 4
    assert all(0 < each.tokens <= 60 for each in found)
    lost = list(seek(["thread:8"], CORPUS, 600, resolve("truncate"), **options))
    assert all(each.share < 1 for each in lost)


def test_the_table_has_means_and_whole_finds() -> None:
    found = [Sought("one", 4000, 1.0, 10, 0.5), Sought("one", 4000, 0.5, 20, 1.5)]
    assert "| one | 4,000 | 75 % | 1 of 2 | 15 | 1.0 |" in table(found)


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "hay.jsonl"
    file.write_text("".join(json.dumps({"id": one.id, "text": one.text}) + "\n" for one in CORPUS), encoding="utf-8")
    small = ["--lengths", "500", "--kinds", "one,thread:2", "--count", "1", "--method", "lexical", "--budget", "80"]
    assert main(["needles", "--corpus", str(file), *small]) == 0
    assert "| thread of 2 | 500 |" in capsys.readouterr().out
