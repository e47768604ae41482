"""The trials of trust in their short form, and that each of them can find something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eval.trials import calls, faults, flips, histories, hostile, kills, table
from eval.trials.faults import Scenario
from eval.trials.figures import Hashing
from eval.trials.histories import Event, linearizable, run_history
from eval.trials.scenarios import scenarios
from ragcompress.core.types import Passage
from ragcompress.retriever import DenseRetriever

pytest.importorskip("faiss", reason="needs the extra faiss")
UNIX = pytest.mark.skipif(os.name == "nt", reason="fork, SIGKILL and RLIMIT_FSIZE")


def add(began: int, ended: int, name: str, text: str) -> Event:
    return Event(began, ended, "add", (name, text), None)


@pytest.mark.parametrize(
    ("events", "holds"),
    [
        ([add(0, 1, "a", "x"), Event(2, 3, "get", ("a",), "x")], True),
        ([add(0, 1, "a", "x"), Event(2, 3, "get", ("a",), None)], False),  # a lost write
        ([add(0, 3, "a", "x"), Event(1, 2, "get", ("a",), None)], True),  # side by side: either is right
        ([add(0, 3, "a", "x"), Event(1, 2, "get", ("a",), "x"), Event(4, 5, "get", ("a",), "x")], True),
        (
            [add(0, 9, "a", "x"), Event(1, 2, "get", ("a",), "x"), Event(3, 4, "get", ("a",), None)],
            False,
        ),  # back
        ([add(0, 1, "a", "x"), Event(2, 5, "delete", ("a",), 1), Event(3, 4, "delete", ("a",), 1)], False),  # twice
        ([add(0, 1, "a", "x"), add(2, 3, "a", "y"), Event(4, 5, "find", ("x",), True)], False),  # an old text found
        ([add(0, 1, "a", "x"), Event(2, 3, "all", (), frozenset({("a", "x")}))], True),
        ([add(0, 1, "a", "x"), Event(2, 3, "reload", (), frozenset())], False),
    ],
)
def test_the_checker_tells_what_can_be_explained(events, holds) -> None:
    assert linearizable(events) is holds


def test_a_store_that_forgets_is_found(tmp_path: Path) -> None:
    class Forgetful(DenseRetriever):
        def add(self, passages, **options):
            given = list(passages)
            return super().add([Passage("something else", id=p.id) for p in given])

    assert not all(linearizable(run_history(Forgetful, seed, tmp_path / str(seed))) for seed in range(3))


def test_histories_of_retrievers() -> None:
    assert histories.retriever_histories(2)[1:3] == (2, 0)


@UNIX
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_faults_and_torn_writes(scenario: Scenario) -> None:
    if "pins" in scenario.name:
        pytest.importorskip("starlette", reason="needs the extra serve")
    found = faults.faults(scenario, every=9)
    assert found.tried > 0
    assert (found.lost, faults.torn(scenario).lost) == (0, 0), found.note


@UNIX
def test_a_save_in_place_is_found_out() -> None:
    def write(folder: Path, text: str) -> None:
        (folder / "state").write_text(text)

    careless = Scenario(
        "in place",
        lambda folder: write(folder, "before" * 100),
        lambda folder: write(folder, "after!" * 100),
        lambda folder: (folder / "state").read_text(),
    )
    assert faults.torn(careless).lost
    assert faults.faults(careless).lost == 0  # an open that fails harms nothing; a torn write does


@UNIX
def test_kills() -> None:
    pytest.importorskip("starlette", reason="needs the extra serve")
    for found in (kills.index_kills(3), kills.pin_kills(10)):
        assert found.lost == 0, found.note


@UNIX
def test_children_forked_while_threads_compress() -> None:
    assert calls.forks(1, methods=("dense",)).lost == 0


def test_bits_flipped() -> None:
    found = flips.flips(3)
    assert found.lost == 0, found.note
    assert found.tried >= 30


def test_calls() -> None:
    for found in (calls.at_once(4, 3), calls.fuzzed(("lead",), 12), calls.soak(20, allowed=0.5)):
        assert found.lost == 0, found.note


@pytest.mark.parametrize("name", hostile.LOADS)
def test_hostile_loads_are_answered_lawfully(name: str) -> None:
    out = calls.rc.compress(*hostile.LOADS[name](3_000), 60, "lexical")
    assert hostile.broken(out) == ""


def test_the_table_has_a_line_for_every_trial() -> None:
    assert len(table.trials(full=True)) >= len(table.trials()) > 10
    told = list(table.lines(only="flips"))
    assert [lost for _, lost in told] == [0, 0, 0]
    assert "bits flipped" in told[-1][0]


def test_an_encoder_that_is_its_own_proof() -> None:
    found = DenseRetriever.build(["one", "two"], Hashing()).retrieve("two", k=1)
    assert found[0].text == "two"
