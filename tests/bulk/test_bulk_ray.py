"""Bulk jobs on Ray: one small cluster for all tests. `pipelines.proofs.bulk_kills` kills drivers and whole clusters."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bulk_cases import Deadly, asked, nothing

from ragcompress.bulk import compress_dataset, index_dataset
from ragcompress.core.errors import EncoderMismatch

pytestmark = [pytest.mark.scale, pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")]
FAST: dict[str, Any] = {"budget": 8, "compressor": "lexical"}
RAY: dict[str, Any] = {"engine": "ray", "actors": 2}


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    found = pytest.importorskip("ray", reason="needs the extra ray")
    path = os.pathsep.join(entry for entry in sys.path if entry)  # workers import what this process can
    found.init(
        num_cpus=4, include_dashboard=False, log_to_driver=False, object_store_memory=128 * 2**20,
        runtime_env={"env_vars": {"PYTHONPATH": path}},
    )  # fmt: skip
    yield found
    found.shutdown()


@pytest.mark.usefixtures("ray")
def test_the_same_as_in_this_process(tmp_path: Path) -> None:
    rows = [*asked(40), {"id": "bad"}]
    made = compress_dataset(rows, chunk=3, job=tmp_path / "job", **FAST, **RAY)
    assert "Ray" in made.report.engine
    assert list(made) == list(compress_dataset(rows, chunk=7, **FAST))
    for number in (1, 3):
        next((tmp_path / "job" / "parts").glob(f"part-{number:06d}.*")).unlink()
    again = compress_dataset(rows, job=tmp_path / "job", **FAST, **RAY)
    assert (again.report.new.rows, list(again)) == (6, list(made))


@pytest.mark.usefixtures("ray")
def test_a_killed_actor_costs_nothing(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.write_text("x")
    made = compress_dataset(asked(30), compressor=Deadly("1807", left), chunk=3, budget=100, **RAY)
    assert left.read_text() == ""
    assert [row["id"] for row in made] == [f"r{at}" for at in range(30)]
    assert made.report.counts.failed == 0


@pytest.mark.usefixtures("ray")
def test_a_row_that_kills_whoever_reads_it_is_a_row_with_an_error(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.write_text("x" * 100)
    made = compress_dataset(asked(6), compressor=Deadly("1804", left), chunk=3, budget=100, **RAY)
    assert [row["error"] is None for row in made] == [True, True, True, True, False, True]


@pytest.mark.usefixtures("ray")
def test_a_named_error_comes_through(tmp_path: Path) -> None:
    pytest.importorskip("lancedb", reason="needs the extra lancedb")
    rows = [{"id": "a", "text": "Ada", "vector": [1.0] + [0.0] * 383}]
    with pytest.raises(EncoderMismatch, match="is not what"):
        index_dataset(rows, f"lancedb:{tmp_path / 'store'}", **RAY)


def test_a_ray_data_set_gives_one(ray: Any) -> None:
    rows = asked(10)
    made = compress_dataset(ray.data.from_items(rows), budget=100, compressor=nothing, actors=1)
    assert sorted(row["id"] for row in made.iter_rows()) == sorted(row["id"] for row in rows)
