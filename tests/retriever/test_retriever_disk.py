"""Saved indexes: they come back whole, or are refused by name; a save killed anywhere leaves the one before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from retriever_doubles import NumberEncoder, WordEncoder, clusters

from ragcompress import Passage
from ragcompress.core.errors import BadIndex, DamagedIndex, EncoderMismatch, InvalidInput, NewerFormat
from ragcompress.retriever import DenseRetriever, HybridRetriever
from ragcompress.retriever import store as store_module
from ragcompress.retriever.build import encode_corpus
from ragcompress.retriever.embed import as_encoder

ENCODER = WordEncoder(8)
ODD = [
    Passage("plain", id="1", title="T", metadata={"page": 3, "tags": ["a", None], "x": 1.5}),
    Passage("lone \ud83d\ude00 \udfff surrogates, NUL \0, CRLF \r\n, \u2028, 🙂, e\u0301", id="\ud800"),
    Passage('"quotes" \\ {json}\n\n', id="2", title="\n", score=0.25),
    Passage("", id="empty"),
    Passage("x" * 200_000, id="long"),
]


def saved(folder: Path) -> Path:
    """A small hybrid index with a deleted row, a graph and every kind of file; returns its folder."""
    vectors = clusters(300, 8)
    retriever = HybridRetriever.build([str(i) for i in range(300)], NumberEncoder(vectors), kind="hnsw")
    retriever.delete([next(iter(retriever)).id])
    retriever.save(folder)
    return folder


ENCODER_300 = NumberEncoder(clusters(300, 8))


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("verify", [True, False])
def test_everything_comes_back(tmp_path: Path, mmap: bool, verify: bool) -> None:
    retriever = DenseRetriever.build(ODD, ENCODER)
    retriever.save(tmp_path)
    loaded = DenseRetriever.load(tmp_path, ENCODER, mmap=mmap, verify=verify)
    assert list(loaded) == ODD
    assert loaded.retrieve("plain", 9) == retriever.retrieve("plain", 9)


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivfpq"])
def test_every_kind_finds_the_same_after_loading(kind: str, tmp_path: Path) -> None:
    vectors = clusters(1200, 16)
    retriever = DenseRetriever.build([str(i) for i in range(1200)], NumberEncoder(vectors), kind=kind)
    retriever.save(tmp_path)
    loaded = DenseRetriever.load(tmp_path, NumberEncoder(vectors))
    queries = [str(i) for i in range(0, 1200, 50)]
    assert loaded.kind == kind
    assert loaded.retrieve_many(queries, 20) == retriever.retrieve_many(queries, 20)


def test_empty_index_comes_back(tmp_path: Path) -> None:
    HybridRetriever.build([], ENCODER).save(tmp_path)
    loaded = HybridRetriever.load(tmp_path, ENCODER)
    assert loaded.retrieve("q") == []
    loaded.add(["red"])
    assert loaded.retrieve("red")[0].text == "red"


def test_save_again_and_again_leaves_one_generation(tmp_path: Path) -> None:
    retriever = DenseRetriever.build(["a"], ENCODER)
    for text in ("b", "c", "d"):
        retriever.add([text])
        retriever.save(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2  # CURRENT and a generation
    assert len(DenseRetriever.load(tmp_path, ENCODER)) == 4


def _files() -> list[str]:
    names = ["passages.jsonl", "starts.npy", "vectors.faiss", "hnsw.faiss", "alive.npy", "manifest.json", "CURRENT"]
    return names + [f"bm25.{name}" for name in ("words.json", "data.npy", "indices.npy", "indptr.npy")]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of a saved index by path below its folder."""
    folder = saved(tmp_path_factory.mktemp("index"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _restore(pristine: dict[str, bytes], folder: Path) -> None:
    for name, body in pristine.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(body)


def test_the_damage_tests_cover_every_file(pristine: dict[str, bytes]) -> None:
    assert {Path(name).name for name in pristine} == set(_files())


@pytest.mark.parametrize("how", ["removed", "emptied", "truncated", "longer", "first bit", "middle bit", "last bit"])
@pytest.mark.parametrize("name", _files())
def test_damage_is_refused(name: str, how: str, pristine: dict[str, bytes], tmp_path: Path) -> None:
    _restore(pristine, tmp_path)
    HybridRetriever.load(tmp_path, ENCODER_300)
    path = next(path for path in tmp_path.rglob(name))
    body = bytearray(path.read_bytes())
    if how == "removed":
        path.unlink()
    else:
        place = {"first bit": 0, "middle bit": len(body) // 2, "last bit": len(body) - 1}.get(how)
        if place is not None:
            body[place] ^= 1
        cut = {"emptied": b"", "truncated": body[: len(body) // 2], "longer": body + b"x"}.get(how, body)
        path.write_bytes(cut)
    for cls in (DenseRetriever, HybridRetriever):
        with pytest.raises(DamagedIndex, match="build the index again"):
            cls.load(tmp_path, ENCODER_300)


def test_every_byte_of_the_pointer_and_manifest_matters(pristine: dict[str, bytes], tmp_path: Path) -> None:
    _restore(pristine, tmp_path)
    for name in ("CURRENT", "manifest.json"):
        path = next(tmp_path.rglob(name))
        body = path.read_bytes()
        for place in range(0, len(body), 1 if name == "CURRENT" else 7):
            path.write_bytes(body[:place] + bytes([body[place] ^ 4]) + body[place + 1 :])
            with pytest.raises((DamagedIndex, NewerFormat)):
                DenseRetriever.load(tmp_path, ENCODER_300, verify=False)
        path.write_bytes(body)


def test_no_index_at_all(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BadIndex, match="there is no index"):
            DenseRetriever.load(folder, ENCODER)


@pytest.mark.parametrize("other", [WordEncoder(8, seed=1), WordEncoder(16)], ids=["other seed", "other dim"])
def test_another_encoder_is_refused(other: WordEncoder, tmp_path: Path) -> None:
    DenseRetriever.build(["a"], ENCODER).save(tmp_path)
    DenseRetriever.load(tmp_path, WordEncoder(8))  # another object that gives the same vectors is the same encoder
    with pytest.raises(EncoderMismatch, match="Pass the encoder it was built with"):
        DenseRetriever.load(tmp_path, other)
    with pytest.raises(EncoderMismatch):
        DenseRetriever.load(tmp_path)


def test_a_newer_format_is_refused_by_that_name(tmp_path: Path) -> None:
    DenseRetriever.build(["a"], ENCODER).save(tmp_path)
    path = next(tmp_path.rglob("manifest.json"))
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "format_version": 2, "files": "who knows"}))
    with pytest.raises(NewerFormat, match="index format 2, this version reads up to 1"):
        DenseRetriever.load(tmp_path, ENCODER)


def test_deleted_text_does_not_stay_on_disk(tmp_path: Path) -> None:
    vectors = clusters(300, 8)
    retriever = DenseRetriever.build([str(i) for i in range(300)], NumberEncoder(vectors), kind="hnsw")
    retriever.add([Passage("top secret", id="s")])
    retriever.save(tmp_path)
    retriever = DenseRetriever.load(tmp_path, NumberEncoder(vectors))
    retriever.delete(["s"])
    retriever.save(tmp_path)
    assert not any(b"secret" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_failing_save_leaves_the_one_before(tmp_path: Path) -> None:
    DenseRetriever.build(["a"], ENCODER).save(tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(InvalidInput, match="metadata of passage 'x'"):
        DenseRetriever.build([Passage("b", id="x", metadata={"f": object()})], ENCODER).save(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert DenseRetriever.load(tmp_path, ENCODER).retrieve("a")[0].text == "a"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(InvalidInput, match="is a file"):
        DenseRetriever.build(["a"], ENCODER).save(tmp_path / "f")


def test_two_savers_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    retriever, second = DenseRetriever.build(["a"], ENCODER), DenseRetriever.build(["b"], ENCODER)
    refused = []
    replace = store_module.replace_file

    def save_meanwhile(path: Path, body: bytes) -> None:
        with pytest.raises(InvalidInput, match="another process is saving"):
            second.save(tmp_path)
        refused.append(path)
        replace(path, body)

    monkeypatch.setattr(store_module, "replace_file", save_meanwhile)
    retriever.save(tmp_path)
    assert refused
    assert DenseRetriever.load(tmp_path, ENCODER).retrieve("a")[0].text == "a"


def test_a_save_elsewhere_during_load_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    retriever = DenseRetriever.build(["a"], ENCODER)
    retriever.save(tmp_path)
    pointer, calls = store_module._pointer, []

    def swapped_after_reading(folder: Path) -> bytes:
        body = pointer(folder)
        if not calls:
            calls.append(1)
            retriever.add(["b"])
            retriever.save(folder)
        return body

    monkeypatch.setattr(store_module, "_pointer", swapped_after_reading)
    assert len(DenseRetriever.load(tmp_path, ENCODER)) == 2


CHILD = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from retriever_doubles import WordEncoder
from ragcompress.retriever import DenseRetriever, store
left = int(sys.argv[3])
def count(flush):
    def counted(path):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        flush(path)
    return counted
retriever = DenseRetriever.load(sys.argv[1], WordEncoder(8))
retriever.add(["c"])
store._fsync = count(store._fsync)
retriever.save(sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_killed_at_every_step_of_a_save(tmp_path: Path) -> None:
    """A save flushes 4 files, the manifest, its folder, the new pointer, and the folder after the swap."""
    DenseRetriever.build(["a", "b"], ENCODER).save(tmp_path)
    counts = []
    for step in (0, 2, 4, 5, 6, 7, 8):
        arguments = [sys.executable, "-c", CHILD, str(tmp_path), str(Path(__file__).parent), str(step)]
        code = subprocess.run(arguments, capture_output=True).returncode
        counts.append(len(DenseRetriever.load(tmp_path, ENCODER)))
        assert code == (-signal.SIGKILL if step < 8 else 0)
    assert counts == [2, 2, 2, 2, 2, 3, 3]  # old until the swap, new from then on
    assert len(list(tmp_path.iterdir())) == 2  # the save that came through swept up after the killed ones


def test_resume_encodes_only_what_is_left(tmp_path: Path) -> None:
    texts = [f"text {i}" for i in range(1200)]

    class Dies(WordEncoder):
        def encode(self, batch: list[str]) -> np.ndarray:
            if self.seen > 900:
                raise KeyboardInterrupt
            return super().encode(batch)

    with pytest.raises(KeyboardInterrupt):
        DenseRetriever.build(texts, Dies(8), resume_folder=tmp_path)
    encoder = WordEncoder(8)
    resumed = DenseRetriever.build(texts, encoder, resume_folder=tmp_path)
    assert encoder.seen < 1200 - 512 + 20  # one shard was done; probes and the like come on top
    direct = DenseRetriever.build(texts, ENCODER)
    assert resumed.retrieve("text 77", 20) == direct.retrieve("text 77", 20)


def test_a_damaged_shard_is_encoded_again_and_foreign_ones_are_refused(tmp_path: Path) -> None:
    texts = [f"text {i}" for i in range(600)]
    wanted = DenseRetriever.build(texts, ENCODER, resume_folder=tmp_path).retrieve("text 3", 9)
    for shard in tmp_path.glob("shard-*"):
        shard.write_bytes(shard.read_bytes()[:-5])
    assert DenseRetriever.build(texts, ENCODER, resume_folder=tmp_path).retrieve("text 3", 9) == wanted
    with pytest.raises(EncoderMismatch):
        DenseRetriever.build(texts, WordEncoder(8, seed=1), resume_folder=tmp_path)


def test_progress_goes_to_stderr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    DenseRetriever.build(["a", "b"], ENCODER, progress=True)
    assert capsys.readouterr() == ("", "")  # no terminal here, and sooner done than a line is due
    times = iter(range(0, 1000, 20))
    monkeypatch.setattr("ragcompress.retriever.build.time.monotonic", lambda: next(times))
    DenseRetriever.build(["a", "b"], ENCODER, progress=True)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "encoding: 2 of 2 (100%)" in printed.err


def test_progress_moves_with_every_batch_and_with_what_was_there(tmp_path: Path) -> None:
    seen: list[int] = []
    texts = [f"text {number}" for number in range(10)]
    encode_corpus(as_encoder(ENCODER), texts, batch_size=4, resume_folder=tmp_path, advance=seen.append)
    assert seen == [4, 4, 2]
    encode_corpus(as_encoder(ENCODER), texts, batch_size=4, resume_folder=tmp_path, advance=seen.append)
    assert seen[3:] == [10]
