"""Looking through a saved index for damage, and mending what can be mended.

The texts are what can't be made again: an index whose passages are whole is mended from them, whatever else is
damaged, and one whose passages are not is refused. Nothing is deleted before a whole state has taken its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ragcompress.core.errors import BadIndex, DamagedIndex, require
from ragcompress.core.types import Passage
from ragcompress.retriever.dense import DenseRetriever
from ragcompress.retriever.embed import as_encoder
from ragcompress.retriever.hybrid import HybridRetriever
from ragcompress.retriever.identity import check_identity
from ragcompress.retriever.passages import decode_passage
from ragcompress.retriever.sidecar import all_makers
from ragcompress.retriever.store import check_file, parsed_manifest, pointer, read_generation, replace_file, sweep

__all__ = ["Check", "Mended", "repair_index", "verify_index"]

_TEXTS = "passages.jsonl"


@dataclass(frozen=True, slots=True)
class Check:
    """What a look through an index came to.

    Attributes:
        damage: What is wrong, one sentence for each file; empty: the index is whole.
        files: How many files were read.
        bytes: How much that was.
        leftovers: What interrupted saves left behind; it does no harm, and the next save removes it.
    """

    damage: tuple[str, ...]
    files: int
    bytes: int
    leftovers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """What a repair did.

    Attributes:
        done: One sentence for each step; empty: there was nothing to do.
        passages: How many passages the index holds now.
    """

    done: tuple[str, ...]
    passages: int


def verify_index(folder: str | Path) -> Check:
    """Read every file of a saved index and compare it with what was written; all damage is told, not the first alone.

    Raises:
        BadIndex: There is no index. NewerFormat: a newer version wrote it.
    """
    folder = Path(folder)
    homes = sorted(folder.glob("gen-*")) if folder.is_dir() else []
    if not homes:
        raise BadIndex(f"there is no index at {folder}; write one with save(folder)")
    leftovers = [path.name for path in folder.glob(".*.tmp")]
    try:
        name, digest = pointer(folder)
    except DamagedIndex as error:
        return Check((str(error),), 0, 0, tuple(leftovers))
    home = folder / name
    leftovers += [path.name for path in homes if path != home]
    damage, read = list(_damage(home, digest)), [path for path in home.glob("*") if path.is_file()]
    return Check(tuple(damage), len(read) + 1, sum(path.stat().st_size for path in read), tuple(leftovers))


def repair_index(folder: str | Path, encoder: Any = None) -> Mended:
    """Mend a saved index.

    A lost or damaged ``CURRENT`` is written anew for the newest generation that is whole. Any other damaged file is
    made again from the texts: vectors with ``encoder``, unless they are whole themselves; units, token states and BM25
    likewise. Leftovers of interrupted saves go.

    Args:
        folder: What was given to ``save``.
        encoder: What it was built with; None: the default that ships.

    Raises:
        BadIndex: There is no index. EncoderMismatch: It was built with another encoder. NewerFormat: see ``errors``.
        DamagedIndex: The texts themselves are damaged, or no manifest says what they were.
    """
    folder = Path(folder)
    found = verify_index(folder)
    done: list[str] = []
    if found.damage:
        whole = _whole_generation(folder)
        if whole is not None:
            replace_file(folder / "CURRENT", f"{whole.name} {_sha256(whole / 'manifest.json')}\n".encode())
            done.append(f"CURRENT names {whole.name} again, the newest generation that is whole")
        else:
            done += _made_again(folder, encoder)
    if found.leftovers or done:
        name, _ = pointer(folder)
        gone = len([path for path in (*folder.glob("gen-*"), *folder.glob(".*.tmp")) if path.name != name])
        sweep(folder, folder / name)
        done += [f"{gone} leftover{'s' * (gone != 1)} of interrupted saves removed"] * bool(gone)
    count = read_generation(folder, lambda saved: int(saved.facts["count"]))
    return Mended(tuple(done), count)


def _damage(home: Path, digest: str) -> Iterator[str]:
    """What is wrong with a generation, file by file."""
    try:
        body = (home / "manifest.json").read_bytes()
        facts = parsed_manifest(home / "manifest.json", body)
    except (OSError, DamagedIndex) as error:
        yield str(error)
        return
    if digest and hashlib.sha256(body).hexdigest() != digest:
        yield f"{home / 'manifest.json'} fails its checksum"
        return
    for name, entry in facts["files"].items():
        try:
            check_file(home / name, entry, verify=True)
        except DamagedIndex as error:
            yield str(error)


def _whole_generation(folder: Path) -> Path | None:
    """The newest generation without damage; its name begins with the time at which it was written."""
    homes = sorted(folder.glob("gen-*"), reverse=True)
    return next((home for home in homes if not list(_damage(home, ""))), None)


def _made_again(folder: Path, encoder: Any) -> list[str]:
    home, facts = _with_texts(folder)
    used = as_encoder(encoder)
    check_identity(facts["encoder"], used, where=folder)
    lines = (home / _TEXTS).read_bytes().split(b"\n")[:-1]
    rows = [at for at, line in enumerate(lines) if line]
    passages = [decode_passage(lines[at]) for at in rows]
    vectors = _vectors(home, facts, rows)
    made = _retriever(passages, vectors, used, facts)
    hybrid = "bm25.words.json" in facts["files"]
    (HybridRetriever(made, **facts.get("fusion", {})) if hybrid else made).save(folder)
    told = "encoded again" if vectors is None else "indexed again with the vectors that were whole"
    lost = sorted(facts["sidecars"].keys() - made.sidecars.keys())
    return [f"{len(passages):,} passages were {told}"] + [f"the sidecar {name!r} is lost" for name in lost]


def _with_texts(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The newest generation whose manifest can be read and whose texts are what was written."""
    for home in sorted(folder.glob("gen-*"), reverse=True):
        try:
            facts = parsed_manifest(home / "manifest.json", (home / "manifest.json").read_bytes())
            check_file(home / _TEXTS, facts["files"][_TEXTS], verify=True)
        except (OSError, DamagedIndex, KeyError):
            continue
        return home, facts
    raise DamagedIndex(
        f"the texts of the index at {folder} are damaged, and nothing can make them again; build the index again from "
        "its files, or restore the folder from a copy"
    )


def _vectors(home: Path, facts: dict[str, Any], rows: list[int]) -> Any:
    """The vectors of these rows, where their file is whole; else None."""
    try:
        check_file(home / "vectors.faiss", facts["files"]["vectors.faiss"], verify=True)
    except DamagedIndex:
        return None
    faiss = require("faiss", "faiss")
    flat = faiss.read_index(str(home / "vectors.faiss"))
    return np.array(faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d)).reshape(flat.ntotal, flat.d)[rows]


def _retriever(passages: list[Passage], vectors: Any, encoder: Any, facts: dict[str, Any]) -> DenseRetriever:
    """A retriever with the kind and the sidecars that the index had, as far as they can be computed here."""
    makers = [maker for maker in all_makers() if facts["sidecars"].get(maker.name) == maker.fingerprint]
    if vectors is None or makers:
        return DenseRetriever.build(passages, encoder, precompute=makers, kind=facts["wish"])
    return DenseRetriever.from_vectors(passages, vectors, encoder=encoder, kind=facts["wish"])


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
