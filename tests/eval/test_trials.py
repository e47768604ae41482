"""The trials of trust in their short form, and that each of them can find something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eval.trials import calls, faults, flips, histories, hostile, kills, soak, table
from eval.trials.faults import Scenario
from eval.trials.figures import Figure, Hashing
from eval.trials.histories import Event, linearizable, run_history
from eval.trials.parts import CALLS, PARTS, Part, parts
from eval.trials.scenarios import scenarios
from ragcompress.core.errors import InvalidInput
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
    for found in (calls.at_once(4, 3), calls.fuzzed("lead", 12), calls.memory(20, allowed=0.5)):
        assert found.lost == 0, found.note


@pytest.mark.parametrize("name", hostile.LOADS)
def test_hostile_loads_are_answered_lawfully(name: str) -> None:
    out = calls.rc.compress(*hostile.LOADS[name](3_000), 60, "lexical")
    assert hostile.broken(out) == ""


def test_a_part_can_be_done_alone() -> None:
    rows = table.run(table.chosen(parts(), "flips"))
    assert [row["lost"] for row in rows] == [0]
    assert "bits flipped" in table.table(rows)
    with pytest.raises(InvalidInput, match="no such part: flops"):
        table.chosen(parts(), "flips,flops")


def test_every_part_is_there_in_short_and_in_full() -> None:
    for full in (False, True):
        assert {part.name for part in parts(full=full)} == set(PARTS)


def test_a_million_contexts_are_shared_out_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int, int]] = []

    def note(method: str, cases: int, *, seed: int, title: str) -> Figure:
        asked.append((method, cases, seed))
        return Figure(title, cases, 0)

    monkeypatch.setattr("eval.trials.parts.fuzzed", note)
    rows = table.run(table.chosen(parts(full=True), "fuzz"))
    assert sum(row["tried"] for row in rows) == sum(cases for _, cases, _ in asked) == CALLS
    assert len({(method, seed) for method, _, seed in asked}) == len(asked)  # no context twice
    asked.clear()
    table.run(table.chosen(parts(full=True), "models"))
    assert sum(cases for _, cases, _ in asked) >= CALLS // 50


def test_a_run_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    done: list[int] = []

    def work(number: int) -> Figure:
        done.append(number)
        if len(done) == 3:
            raise KeyboardInterrupt
        return Figure("a thing", 10, number == 1, "the first")

    found = [Part("fuzz", work, 4)]
    with pytest.raises(KeyboardInterrupt):
        table.run(found, tmp_path)
    path = tmp_path / table.FILE
    path.write_text(path.read_text()[:-5])  # the last row was being written
    told: list[str] = []
    rows = table.run(found, tmp_path, told.append)
    assert done == [0, 1, 2, 1, 2, 3]
    assert "| a thing | 40 | 1 |" in table.table(rows)
    assert len(told) == 4
    table.run(found, tmp_path)
    assert len(done) == 6


def test_a_method_that_breaks_a_law_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "resolve", lambda _: lambda context, budget: context)
    found = calls.fuzzed("lead", 40)
    assert 0 < found.lost < 40
    assert "law 4" in found.note


def test_what_grows_is_seen() -> None:
    flat = [(1 << 30, 9, 5)] * 100
    assert soak.verdict(flat, 0.05)[0] == 0
    for grown in ((1 << 27, 0, 0), (0, 1, 0), (0, 0, 1)):
        leaking = [tuple(a + b * at // 10 for a, b in zip(flat[0], grown, strict=True)) for at in range(100)]
        assert soak.verdict(leaking, 0.05)[0] == 1


def test_a_short_soak() -> None:
    found = soak.soak(1.0, allowed=0.5)
    assert found.lost == 0, found.note
    assert found.tried >= 4


def test_an_encoder_that_is_its_own_proof() -> None:
    found = DenseRetriever.build(["one", "two"], Hashing()).retrieve("two", k=1)
    assert found[0].text == "two"
