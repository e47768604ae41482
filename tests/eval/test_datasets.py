"""Data files: our schema, the benchmarks' own formats, and how a file is identified."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from eval.datasets import checksum, find, load
from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Span


def _write(path: Path, content: Any, *, lines: bool = False) -> Path:
    text = "\n".join(map(json.dumps, content)) if lines else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


OURS = {
    "id": "q1",
    "question": "Who wrote it?",
    "answers": ["Ada"],
    "passages": [
        {"id": "p1", "title": "It", "text": "It rained.", "is_gold": False, "support": []},
        {"id": "p2", "title": "Ada", "text": "Ada wrote it.", "is_gold": True, "support": [[0, 3]]},
    ],
    "meta": {"dataset": "x", "lang": "en", "support_type": "answer"},
}


def test_our_schema(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(json.dumps(OURS) + "\n\n")
    (question,) = load(path)
    assert question.dataset == "mine"
    assert question.support == (Span(1, 0, 3),)
    assert question.gold == (1,)
    assert question.answerable
    assert question.answer_present
    assert [p.id for p in question.passages] == ["p1", "p2"]


def test_limit_is_spread_over_the_file(tmp_path: Path) -> None:
    path = _write(tmp_path / "m.jsonl", [OURS | {"id": str(n)} for n in range(10)], lines=True)
    assert [q.id for q in load(path, limit=5)] == ["0", "2", "4", "6", "8"]
    assert len(load(path, limit=99)) == 10


def test_squad_with_unanswerable(tmp_path: Path) -> None:
    qas = [
        {
            "id": "a",
            "question": "Who?",
            "is_impossible": False,
            "answers": [{"text": "Ada", "answer_start": 0}] * 3,
        },
        {"id": "b", "question": "When?", "is_impossible": True, "answers": [], "plausible_answers": []},
    ]
    paragraph = {"context": "Ada wrote it.", "qas": qas}
    path = _write(tmp_path / "dev-v2.0.json", {"version": "2", "data": [{"title": "A_L", "paragraphs": [paragraph]}]})
    one, two = load(path)
    assert (one.answers, one.support, one.passages[0].title) == (("Ada",), (Span(0, 0, 3),), "A L")
    assert not two.answerable
    assert two.gold == ()


def test_hotpot_support_points_at_its_sentences(tmp_path: Path) -> None:
    record = {
        "_id": "h",
        "question": "?",
        "answer": "yes",
        "supporting_facts": [["B", 1]],
        "context": [["A", ["One.", " Two."]], ["B", ["Three.", " Four."]]],
    }
    (question,) = load(_write(tmp_path / "hotpot.json", [record]))
    (span,) = question.support
    assert question.passages[span.passage].text[span.start : span.end] == " Four."
    assert question.gold == (1,)
    assert not question.answer_present


def test_2wiki_sentences_without_blanks(tmp_path: Path) -> None:
    record = {
        "_id": "w",
        "question": "?",
        "answer": "Two",
        "supporting_facts": [["A", 1]],
        "context": [["A", ["One.", "Two."]]],
    }
    (question,) = load(_write(tmp_path / "2wiki.json", [record]))
    (span,) = question.support
    assert question.passages[0].text == "One. Two."
    assert question.passages[0].text[span.start : span.end] == "Two."


def test_musique(tmp_path: Path) -> None:
    paragraphs = [
        {"idx": 0, "title": "A", "paragraph_text": "x", "is_supporting": False},
        {"idx": 1, "title": "B", "paragraph_text": "Ada.", "is_supporting": True},
    ]
    record = {
        "id": "m",
        "question": "?",
        "answer": "Ada",
        "answer_aliases": ["Ada L."],
        "paragraphs": paragraphs,
    }
    path = _write(tmp_path / "m.jsonl", [record, record | {"id": "n", "answerable": False}], lines=True)
    one, two = load(path)
    assert one.answers == ("Ada", "Ada L.")
    assert one.gold == (1,)
    assert not two.answerable


def test_nq_open_and_trivia_have_no_passages(tmp_path: Path) -> None:
    nq = _write(tmp_path / "nq.jsonl", [{"question": "who", "answer": ["Ada"]}] * 2, lines=True)
    assert [q.answers for q in load(nq)] == [("Ada",), ("Ada",)]
    entry = {"QuestionId": "t", "Question": "who", "Answer": {"Value": "Ada", "Aliases": ["A", "Ada"]}}
    (question,) = load(_write(tmp_path / "trivia.json", {"Data": [entry]}))
    assert question.answers == ("Ada", "A")
    assert question.passages == ()


def test_beir_folder(tmp_path: Path) -> None:
    _write(
        tmp_path / "corpus.jsonl",
        [{"_id": "d1", "title": "T", "text": "x"}, {"_id": "d2", "text": "y"}],
        lines=True,
    )
    _write(tmp_path / "queries.jsonl", [{"_id": "q", "text": "what"}], lines=True)
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td1\t0\nq\td2\t2\nq\tgone\t1\n")
    (question,) = load(tmp_path)
    assert [p.id for p in question.passages] == ["d1", "d2"]
    assert question.gold == (1,)


def test_unknown_format_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no format known"):
        load(_write(tmp_path / "x.json", {"rows": []}))
    bad = tmp_path / "y.txt"
    bad.write_text("hello\nworld")
    with pytest.raises(InvalidInput, match="neither JSON"):
        load(bad)


def test_checksum_is_sha256_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"abc")
    assert checksum(path) == hashlib.sha256(b"abc").hexdigest()
    before = checksum(tmp_path)
    (tmp_path / "y").write_bytes(b"")
    assert checksum(tmp_path) != before


def test_find_names_the_folder_it_looked_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGCOMPRESS_DATA", str(tmp_path))
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "some_dev.jsonl.gz").write_bytes(b"")
    assert find("some_dev").name == "some_dev.jsonl.gz"
    with pytest.raises(InvalidInput, match=str(tmp_path)):
        find("other")


def test_real_files_load(data: Path) -> None:
    for name in ("squad_dev", "hotpot_dev", "nq_multi10_dev"):
        questions = load(data / "dev" / f"{name}.jsonl.gz", limit=5)
        assert len(questions) == 5
        for question in questions:
            for span in question.support:
                assert 0 <= span.start < span.end <= len(question.passages[span.passage].text)
