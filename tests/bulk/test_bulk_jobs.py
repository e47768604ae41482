"""Bulk jobs: every row once, errors as rows, folders that belong to one job, kills that cost nothing."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from bulk_cases import QUERY, Deadly, asked, broken, nothing

import ragcompress as rc
from ragcompress.bulk import compress_dataset, evaluate_dataset
from ragcompress.bulk.job import locked
from ragcompress.bulk.work import Compress
from ragcompress.core.errors import InvalidInput

FAST: dict[str, Any] = {"budget": 8, "compressor": "lexical"}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.Table.from_pylist(rows), path, row_group_size=7)
    elif path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows({**row, "passages": json.dumps(row["passages"], indent=1)} for row in rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    return path


def test_the_same_as_one_by_one() -> None:
    rows = asked(10)
    made = compress_dataset(rows, chunk=3, **FAST)
    assert [row["id"] for row in made] == [f"r{at}" for at in range(10)]
    for row, given in zip(made, rows, strict=True):
        out = rc.compress(QUERY, given["passages"], **FAST)
        assert (row["text"], row["tokens_in"], row["tokens_out"]) == (out.text, out.tokens_in, out.tokens_out)
        (span,) = row["spans"]
        assert given["passages"][span["passage"]][span["start"] : span["end"]].strip() == row["text"]
    assert rows == asked(10)
    assert made[4] == list(made)[4]
    assert made[-1] == made[9]
    assert made.report.counts.rows == len(made) == 10


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_files_of_every_kind(tmp_path: Path, kind: str) -> None:
    rows = asked(23)
    source = write(tmp_path / f"in.{kind}", rows)
    expected = [row["text"] for row in compress_dataset(rows, **FAST)]
    assert [row["text"] for row in compress_dataset(source, chunk=5, **FAST)] == expected
    report = compress_dataset(source, out=tmp_path / f"out.{kind}", chunk=5, **FAST)
    assert report.counts.rows == 23
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"in.{kind}", f"out.{kind}"]
    if kind == "jsonl":
        assert [
            json.loads(line)["text"] for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
        ] == expected
    elif kind == "csv":
        with (tmp_path / "out.csv").open(newline="") as file:
            told = list(csv.DictReader(file))
        assert [row["text"] for row in told] == expected
        assert json.loads(told[0]["spans"])[0]["start"] == 0
    else:
        table = pytest.importorskip("pyarrow.parquet").read_table(tmp_path / "out.parquet")
        assert table["text"].to_pylist() == expected


def test_a_folder_is_read_in_name_order(tmp_path: Path) -> None:
    write(tmp_path / "b.jsonl", asked(3)[1:])
    write(tmp_path / "a.csv", asked(1))
    assert [row["id"] for row in compress_dataset(tmp_path, **FAST)] == ["r0", "r1", "r2"]


def test_a_row_that_fails_is_a_row_with_an_error(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    lines = [
        json.dumps(asked(1)[0]),
        "{no json",
        json.dumps({"query": 3, "passages": []}),
        json.dumps({"id": 7, "query": " ", "passages": ["a"]}),
        json.dumps({"id": "x", "query": QUERY, "passages": [{"body": "a"}]}),
        json.dumps({"id": "y", "error": "of the job before"}),
        json.dumps({"id": "z", "query": QUERY, "passages": []}),
    ]
    source.write_text("\n".join(lines))
    rows = list(compress_dataset(source, **FAST))
    assert [row["id"] for row in rows] == ["r0", "1", "2", "7", "x", "y", "z"]
    errors = [row["error"] for row in rows]
    assert [error is None for error in errors] == [True, False, False, False, False, False, True]
    for error, part in zip(errors[1:6], ["not JSON", "query is int", "empty", "'body'", "job before"], strict=True):
        assert part in error
    assert rows[6]["text"] == ""


def test_a_compressor_that_raises_falls_back_with_a_warning() -> None:
    (row,) = compress_dataset(asked(1), budget=8, compressor=broken)
    assert "broken" in row["warnings"][0]
    assert row["text"].startswith("Ada")
    (row,) = compress_dataset(asked(1), budget=8, compressor=broken, options={"on_error": "raise"})
    assert "CompressionFailed" in row["error"]


def test_lone_surrogates_stay_or_become_the_replacement_character() -> None:
    (row,) = compress_dataset([{"id": "1", "query": QUERY, "passages": ["Ada wrote it \ud800."]}], compressor=nothing)
    assert row["error"] is None
    assert row["text"] in ("Ada wrote it \ud800.", "Ada wrote it \ufffd.")


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = list(compress_dataset(asked(20), chunk=4, job=tmp_path / "job", **FAST))
    for number in (1, 3):
        next((tmp_path / "job" / "parts").glob(f"part-{number:06d}.*")).unlink()
    made = compress_dataset(asked(20), job=tmp_path / "job", **FAST)
    assert list(made) == whole
    assert (made.report.new.rows, made.report.counts.rows) == (8, 20)
    assert compress_dataset(asked(20), job=tmp_path / "job", **FAST).report.new.rows == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"budget": 9}, "its budget is 8, this one's 9"),
        ({"compressor": "lead"}, "its method is 'lexical', this one's 'lead'"),
        ({"ds": asked(4)}, "its input is"),
        ({"chunk": 3}, "its chunk is 2, this one's 3"),
        ({"options": {"timeout_s": 9}}, "its options is"),
    ],
)
def test_another_job_on_the_folder_is_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    same: dict[str, Any] = {"ds": asked(3), "chunk": 2, "job": tmp_path / "job", **FAST}
    compress_dataset(**same)
    with pytest.raises(InvalidInput, match=told):
        compress_dataset(**(same | change))
    assert len(compress_dataset(**same)) == 3


def test_two_processes_do_not_work_on_one_job(tmp_path: Path) -> None:
    compress_dataset(asked(3), job=tmp_path / "job", **FAST)
    with locked(tmp_path / "job"), pytest.raises(InvalidInput, match="another process"):
        compress_dataset(asked(3), job=tmp_path / "job", **FAST)


def test_a_success_replaces_a_failure_and_never_the_reverse(tmp_path: Path) -> None:
    rows, job = asked(4), tmp_path / "job"
    options: dict[str, Any] = {"options": {"on_error": "raise"}, "job": job, "chunk": 2, "budget": 8}
    good = list(compress_dataset(rows, compressor=Flaky("ok"), **options))
    for part in (job / "parts").iterdir():
        part.unlink()
    Flaky.fails = True
    assert all(row["error"] for row in compress_dataset(rows, compressor=Flaky("ok"), **options))
    Flaky.fails = False
    assert all(row["error"] for row in compress_dataset(rows, compressor=Flaky("ok"), **options))
    assert list(compress_dataset(rows, compressor=Flaky("ok"), retry_failed=True, **options)) == good
    Flaky.fails = True
    try:
        assert list(compress_dataset(rows, compressor=Flaky("ok"), retry_failed=True, **options)) == good
    finally:
        Flaky.fails = False


class Flaky:
    """Fails while ``fails`` says so."""

    fails = False

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Flaky({self.name!r})"

    def __call__(self, context: Any, budget: Any) -> Any:
        if self.fails:
            raise RuntimeError("not now")
        return context


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(InvalidInput, match="told from others"):
        compress_dataset(asked(1), budget=8, compressor=lambda context, budget: context)


@pytest.mark.parametrize(
    ("ds", "told"),
    [("nowhere.jsonl", "no file or folder"), (["a"], "row 0 is str"), (Path(__file__), r"is none of \.parquet")],
)
def test_bad_input(ds: Any, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        compress_dataset(ds, **FAST)


@pytest.mark.parametrize("how", [{"actors": 0}, {"engine": "magic"}, {"chunk": -1}, {"out": "a.txt"}])
def test_bad_options(how: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        compress_dataset(asked(1), **FAST, **how)


def test_in_two_processes_a_killed_worker_costs_nothing(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.write_text("x")
    made = compress_dataset(
        asked(30), compressor=Deadly("1807", left), actors=2, engine="processes", chunk=3, budget=100
    )
    assert [row["id"] for row in made] == [f"r{at}" for at in range(30)]
    assert not any(row["error"] for row in made)
    assert made.report.counts.failed == 0
    assert left.read_text() == ""


def test_a_row_that_kills_whoever_reads_it_is_a_row_with_an_error(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.write_text("x" * 100)
    made = compress_dataset(
        asked(6), compressor=Deadly("1804", left), actors=2, engine="processes", chunk=3, budget=100
    )
    assert [row["error"] is None for row in made] == [True, True, True, True, False, True]
    assert "died" in made[4]["error"]


def test_kill_of_the_driver(tmp_path: Path) -> None:
    """The driver dies in the middle; the same call goes on with what is missing."""
    left = tmp_path / "left"
    left.write_text("x")
    work: dict[str, Any] = {"compressor": Deadly("1811", left), "budget": 100, "chunk": 2, "job": tmp_path / "job"}
    code = textwrap.dedent(f"""
        import sys; sys.path[:0] = {[str(Path(__file__).parent), str(Path(rc.__file__).parents[1])]!r}
        from pathlib import Path
        from bulk_cases import Deadly, asked
        from ragcompress.bulk import compress_dataset
        compress_dataset(asked(20), compressor=Deadly("1811", Path({str(left)!r})), budget=100, chunk=2,
                         job={str(tmp_path / "job")!r})
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == -9
    made = compress_dataset(asked(20), **work)
    assert [row["id"] for row in made] == [f"r{at}" for at in range(20)]
    assert (made.report.new.rows, made.report.counts.failed) == (10, 0)
    assert not list((tmp_path / "job" / "parts").glob("*.try"))
    assert not list((tmp_path / "job" / "parts").glob(".*"))


def test_work_about_tells_methods_apart(tmp_path: Path) -> None:
    tuned = tmp_path / "tuned.json"
    tuned.write_text("1")
    before = Compress(0.2, f"labeller:{tuned}").about()
    tuned.write_text("2")
    assert Compress(0.2, f"labeller:{tuned}").about() != before
    assert Compress(rc.TokenBudget(9, len)).about()["budget"] == "9 by builtins.len"


def test_evaluation() -> None:
    row = {
        "id": "q", "question": QUERY, "answers": ["1843"], "meta": {"dataset": "d", "support_type": "answer"},
        "passages": [{"id": "a", "text": "Ada wrote it in 1843. It rained.", "support": [[16, 20]]}, {"text": "Bob."}],
    }  # fmt: skip
    made = evaluate_dataset([row, {"id": "bad"}], methods=["lexical", "truncate"], budgets=[0.8])
    assert [(each["id"], each["compressor"]) for each in made] == [("q", "lexical"), ("q", "truncate"), ("bad", None)]
    assert made[0]["answer_recall"] == made[0]["support_recall"] == 1.0
    assert "labelled question" in made[2]["error"]
