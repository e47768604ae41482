"""An index is looked through and mended; one written by an earlier release opens and answers as it did."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from retriever_doubles import WordEncoder

from ragcompress.core.errors import BadIndex, DamagedIndex, EncoderMismatch
from ragcompress.core.types import Passage
from ragcompress.retriever import DenseRetriever, HybridRetriever
from ragcompress.retriever.repair import repair_index, verify_index

ENCODER = WordEncoder(8)
TEXTS = ["red apples", "green pears", "blue plums", "yellow lemons"]
FORMER = Path(__file__).parent / "index_of_0_1_0"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A hybrid index with a deleted row."""
    made = HybridRetriever.build([Passage(text, id=text[:3], metadata={"n": 1}) for text in TEXTS], ENCODER)
    made.add(["gone"])
    made.delete([list(made)[-1].id])
    made.save(tmp_path / "index")
    return tmp_path / "index"


def damage(folder: Path, name: str) -> None:
    path = next(folder.rglob(name))
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def answers(folder: Path) -> list[str]:
    made = HybridRetriever.load(folder, ENCODER)
    assert [passage.metadata for passage in made] == [{"n": 1}] * len(TEXTS)
    return [made.retrieve(text, k=1)[0].text for text in TEXTS]


def test_a_whole_index_has_no_damage_and_nothing_to_mend(index: Path) -> None:
    found = verify_index(index)
    assert (found.damage, found.leftovers) == ((), ())
    assert found.files == len([path for path in index.rglob("*") if path.is_file()])
    assert repair_index(index, ENCODER).done == ()


@pytest.mark.parametrize(
    "name", ["starts.npy", "vectors.faiss", "alive.npy", "bm25.data.npy", "bm25.words.json", "CURRENT"]
)
def test_what_can_be_made_again_is(index: Path, name: str) -> None:
    damage(index, name)
    assert len(verify_index(index).damage) == 1
    with pytest.raises(DamagedIndex):
        HybridRetriever.load(index, ENCODER)
    mended = repair_index(index, ENCODER)
    assert (mended.passages, verify_index(index).damage) == (4, ())
    assert ("encoded again" in mended.done[0]) == (name == "vectors.faiss")
    assert answers(index) == TEXTS


def test_all_damage_is_told_not_the_first_alone(index: Path) -> None:
    for name in ("starts.npy", "alive.npy"):
        damage(index, name)
    next(index.rglob("vectors.faiss")).unlink()
    told = sorted(Path(line.split(" ")[0]).name for line in verify_index(index).damage)
    assert told == ["alive.npy", "starts.npy", "vectors.faiss"]


def test_lost_texts_are_refused_and_nothing_is_touched(index: Path) -> None:
    damage(index, "passages.jsonl")
    before = {path: path.read_bytes() for path in index.rglob("*") if path.is_file()}
    with pytest.raises(DamagedIndex, match="nothing can make them again"):
        repair_index(index, ENCODER)
    assert {path: path.read_bytes() for path in index.rglob("*") if path.is_file()} == before


def test_another_encoder_does_not_mend(index: Path) -> None:
    damage(index, "vectors.faiss")
    with pytest.raises(EncoderMismatch):
        repair_index(index, WordEncoder(8, seed=1))


def test_what_interrupted_saves_left_is_told_and_removed(index: Path) -> None:
    (index / "gen-20200101-000000-aaaaaaaaaaaa").mkdir()
    (index / ".CURRENT.abc.tmp").write_bytes(b"half")
    assert len(verify_index(index).leftovers) == 2
    assert repair_index(index, ENCODER).done == ("2 leftovers of interrupted saves removed",)
    assert answers(index) == TEXTS


def test_a_lost_pointer_finds_the_generation_that_is_whole(index: Path) -> None:
    (index / "CURRENT").unlink()
    assert "CURRENT is missing" in verify_index(index).damage[0]
    assert "names gen-" in repair_index(index, ENCODER).done[0]
    assert answers(index) == TEXTS


def test_no_index(tmp_path: Path) -> None:
    for work in (verify_index, repair_index):
        with pytest.raises(BadIndex, match="there is no index"):
            work(tmp_path)


def test_a_dense_index_with_a_graph_stays_one(tmp_path: Path) -> None:
    DenseRetriever.build([f"text {at}" for at in range(50)], ENCODER, kind="hnsw").save(tmp_path)
    damage(tmp_path, "hnsw.faiss")
    repair_index(tmp_path, ENCODER)
    assert DenseRetriever.load(tmp_path, ENCODER).kind == "hnsw"
    assert not list(tmp_path.rglob("bm25*"))


def test_an_index_of_the_former_release_opens_changes_and_answers(tmp_path: Path) -> None:
    """Format 1 as commit 094dd77 wrote it, kept under tests/; a change of the format must go on reading it."""
    folder = tmp_path / "index"
    shutil.copytree(FORMER, folder)
    assert verify_index(folder).damage == ()
    made = HybridRetriever.load(folder, ENCODER)
    expected = json.loads((FORMER / "answers.json").read_text(encoding="utf-8"))
    assert {query: [p.id for p in made.retrieve(query, k=3)] for query in expected} == expected
    assert made.get(["2"])[0] == Passage("Der Turm ist hoch.", id="2", title="Turm", metadata={"page": 3})
    made.add(["something new"])
    made.save(folder)
    assert HybridRetriever.load(folder, ENCODER).retrieve("something new", k=1)[0].text == "something new"
