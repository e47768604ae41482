"""``index``, ``retrieve`` and ``ask`` on a small folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_helpers import NOTES, QUESTION
from typer.testing import CliRunner, Result

from ragcompress.cli import answer as answers
from ragcompress.cli import index as indexing
from ragcompress.cli.app import app
from ragcompress.core.types import Passage, Span

pytest.importorskip("faiss", reason="the retriever needs the extra 'retrieval'")


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(args), input=stdin)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("corpus")
    docs = base / "docs"
    docs.mkdir()
    (docs / "notes.md").write_text(NOTES, encoding="utf-8")
    rows = [{"id": "tower", "text": "The tower is 333 m high."}, {"id": "lake", "title": "Lake", "text": "It is deep."}]
    (docs / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = run("index", str(docs), "--out", str(base / "idx"), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["passages"] == 3
    return base


@pytest.fixture
def no_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "ragcompress.models.reader.reader", None)  # as if it were not installed
    answers.load_reader.cache_clear()
    yield
    answers.load_reader.cache_clear()


def test_retrieve_finds_the_passage(folder: Path) -> None:
    found = json.loads(
        run("retrieve", "-i", str(folder / "idx"), "-q", "How high is the tower?", "-k", "2", "--json").stdout
    )
    assert found[0]["id"] == "tower"
    assert len(found) == 2
    assert set(found[0]) == {"id", "title", "text", "score", "metadata"}
    shown = run("retrieve", "-i", str(folder / "idx"), "-q", "How high is the tower?")
    assert "333 m" in shown.stdout


def test_what_retrieve_prints_compress_reads(folder: Path) -> None:
    lines = run("retrieve", "-i", str(folder / "idx"), "-q", QUESTION, "--jsonl")
    told = json.loads(run("compress", "-q", QUESTION, "-b", "12", "--json", stdin=lines.stdout).stdout)
    assert "1843" in told["text"]
    assert "notes.md#1" in {support["id"] for segment in told["segments"] for support in segment["support"]}


@pytest.mark.usefixtures("no_reader")
def test_without_a_reader_the_best_sentence_answers_and_says_so(folder: Path) -> None:
    told = json.loads(run("ask", "-i", str(folder / "idx"), "-q", QUESTION, "-b", "30", "--json").stdout)
    assert told["answer"]["reader"] == "best sentence (no reader installed)"
    assert told["answer"]["text"] == "Ada Lovelace wrote the first program in 1843."
    source = told["answer"]["source"]
    assert (source["id"], NOTES[source["start"] : source["end"]].strip()) == ("notes.md#1", told["answer"]["text"])
    assert told["context"]["tokens_out"] <= 30
    shown = run("ask", str(folder / "docs"), "-q", QUESTION, "-b", "30").stdout
    assert "best sentence (no reader installed)" in " ".join(shown.split())


@pytest.mark.usefixtures("no_reader")
def test_nothing_kept_is_no_answer(folder: Path) -> None:
    told = json.loads(run("ask", str(folder / "docs"), "-q", QUESTION, "-b", "0", "--json").stdout)
    assert told["answer"].items() >= {
        "text": "", "closest": "", "score": None, "source": None, "reader": "best sentence (no reader installed)",
    }.items()  # fmt: skip
    assert "no answer in this context" in run("ask", str(folder / "docs"), "-q", QUESTION, "-b", "0").stdout


class Reader:
    """Finds the year, in the form of the real reader's answer."""

    text, score, support = "1843", 0.9, Span(0, 40, 44)

    def answer(self, question: str, passages: object) -> Reader:
        return self


def test_a_reader_answers_with_its_place(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(answers, "load_reader", lambda: Reader())
    page = tmp_path / "page.html"
    args = ("ask", str(folder / "docs" / "notes.md"), "-q", QUESTION, "-b", "14", "--html", str(page))
    told = json.loads(run(*args, "--json").stdout)["answer"]
    assert (told["text"], told["score"], told["reader"]) == ("1843", 0.9, "ExtractiveReader")
    assert told["source"] == {"passage": 0, "start": 40, "end": 44, "id": "notes.md#1", "title": "notes"}
    assert "Answer: 1843" in page.read_text(encoding="utf-8")
    assert run(*args).stdout.startswith("1843")


def test_bad_indexes_are_bad_input(folder: Path, tmp_path: Path) -> None:
    none = run("retrieve", "-i", str(tmp_path / "none"), "-q", QUESTION)
    assert none.exit_code == 2
    assert "ragcompress index" in none.stderr
    damaged = tmp_path / "idx"
    run("index", str(folder / "docs"), "-o", str(damaged))
    (victim,) = damaged.glob("gen-*/passages.jsonl")
    victim.write_bytes(victim.read_bytes()[:-5])
    done = run("ask", "-i", str(damaged), "-q", QUESTION)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("command", ["retrieve", "ask"])
def test_a_blank_question_and_a_count_below_zero_are_bad_input(folder: Path, command: str) -> None:
    assert run(command, "-i", str(folder / "idx"), "-q", " ").exit_code == 2
    assert run(command, "-i", str(folder / "idx"), "-q", QUESTION, "-k", "-1").exit_code == 2


def test_an_index_and_files_at_once_are_refused(folder: Path) -> None:
    assert run("ask", "-i", str(folder / "idx"), "-q", QUESTION, str(folder / "docs")).exit_code == 2


def test_an_index_is_never_written_where_it_would_do_harm(folder: Path, tmp_path: Path) -> None:
    inside = run("index", str(folder / "docs"), "--out", str(folder / "docs" / "idx"))
    assert (inside.exit_code, (folder / "docs" / "idx").exists()) == (2, False)
    (tmp_path / "thesis.txt").write_text("Years of work.", encoding="utf-8")
    among = run("index", str(folder / "docs"), "--out", str(tmp_path))
    assert (among.exit_code, [path.name for path in tmp_path.iterdir()]) == (2, ["thesis.txt"])


def test_an_interrupted_build_goes_on_and_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = tmp_path / "rows.jsonl", tmp_path / "idx"
    source.write_text("".join(json.dumps({"text": f"Row {n}."}) + "\n" for n in range(40)), encoding="utf-8")
    monkeypatch.setattr(indexing, "_WORTH_RESUMING", 10)
    save = indexing.HybridRetriever.save
    monkeypatch.setattr(indexing.HybridRetriever, "save", _interrupt)
    assert run("index", str(source), "-o", str(out)).exit_code == 130
    assert list((tmp_path / "idx.partial").glob("shard-*"))
    monkeypatch.setattr(indexing.HybridRetriever, "save", save)
    done = run("index", str(source), "-o", str(out))
    assert done.exit_code == 0, done.output
    assert "going on" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["idx", "rows.jsonl"]
    assert "indexed 40 passages of 1 file" in done.stdout


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_answer_names_a_passage_without_a_title() -> None:
    found = answers.Answer("1843", 1.0, Span(0, 0, 4), Passage("1843", id="x"), "r")
    assert str(found) == "1843  (x)"


@pytest.mark.scale
def test_a_store_is_asked_as_an_index_is(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("lancedb", reason="needs the extra lancedb")
    place = f"lancedb:{tmp_path / 'store'}#docs"
    assert run("index", str(folder / "docs"), "--store", place, "--units").exit_code == 0
    found = json.loads(run("retrieve", "--store", place, "How high is the tower?", "-k", "2", "--json").stdout)
    assert found[0]["id"] == "tower"
    assert "1843" in run("ask", "--store", place, QUESTION).stdout
    assert run("retrieve", "--store", f"lancedb:{tmp_path / 'none'}", QUESTION).exit_code == 2


def test_retrieve_is_told_where_to_look(folder: Path) -> None:
    for where in ([], ["-i", str(folder / "idx"), "--store", "lancedb:x"]):
        done = run("retrieve", QUESTION, *where)
        assert done.exit_code == 2
        assert "--index FOLDER or --store" in " ".join(done.stderr.split())


def test_units_are_stored_in_a_folder_too(folder: Path, tmp_path: Path) -> None:
    assert run("index", str(folder / "docs"), "--out", str(tmp_path / "idx"), "--units").exit_code == 0
    assert json.loads(run("info", str(tmp_path / "idx"), "--json").stdout)["precomputed"] == ["units"]
