"""Generations on disk: a saved index is always the old one or the new one, whole.

    folder/
      CURRENT                    ``gen-… <sha256 of its manifest>``, replaced atomically
      gen-20261121-…/            files written, flushed to disk, then named by CURRENT
        manifest.json            format version, facts, size and sha256 of every file
        …

A save killed at any moment leaves CURRENT on the generation before; the next save sweeps up. Only one process
saves at a time (a lock on the folder, freed by the system if the process dies); threads of one process wait for each
other; readers need none.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar
from uuid import uuid4

from ragcompress.core.errors import BadIndex, DamagedIndex, InvalidInput, NewerFormat

__all__ = [
    "FORMAT_VERSION",
    "Generation",
    "check_file",
    "parsed_manifest",
    "pointer",
    "read_generation",
    "replace_file",
    "sweep",
    "write_generation",
]

FORMAT_VERSION = 1
T = TypeVar("T")
Writer = Callable[[Path], None]
_CURRENT = re.compile(rb"(gen-[0-9a-z-]+) ([0-9a-f]{64})\n")
REBUILD = "build the index again, or restore the folder from a copy"


@dataclass(frozen=True)
class Generation:
    """A checked generation: where its files lie, and the facts its manifest holds."""

    folder: Path
    facts: Mapping[str, Any]
    names: frozenset[str]


def write_generation(folder: Path, writers: Mapping[str, Writer], facts: Mapping[str, Any]) -> None:
    """Write a new generation and make it the current one; the one before stays until then.

    Args:
        folder: The index folder; created when absent.
        writers: File name to a function that writes the file at the path it is given.
        facts: What else the manifest says; JSON values.

    Raises:
        InvalidInput: ``folder`` is a file, or another process is saving there.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder} is a file; give a folder to save the index in")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        new = folder / f"gen-{time.strftime('%Y%m%d-%H%M%S')}-{uuid4().hex[:12]}"
        try:
            digest = _write_files(new, writers, facts)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        replace_file(folder / "CURRENT", f"{new.name} {digest}\n".encode())
        sweep(folder, new)


def _write_files(new: Path, writers: Mapping[str, Writer], facts: Mapping[str, Any]) -> str:
    new.mkdir()
    entries: dict[str, dict[str, Any]] = {}
    for name, write in writers.items():
        write(new / name)
        _fsync(new / name)
        entries[name] = {"bytes": (new / name).stat().st_size, "sha256": _sha256(new / name)}
    manifest = {"format_version": FORMAT_VERSION, **facts, "files": entries}
    body = json.dumps(manifest, indent=1).encode()
    (new / "manifest.json").write_bytes(body)
    _fsync(new / "manifest.json")
    _fsync(new)
    return hashlib.sha256(body).hexdigest()


def sweep(folder: Path, keep: Path) -> None:
    """Remove the generations and half-written pointers that nothing names any more."""
    for path in folder.glob("gen-*"):
        if path != keep:
            shutil.rmtree(path, ignore_errors=True)  # still mapped by a reader elsewhere: its pages live on
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def read_generation(folder: Path, read: Callable[[Generation], T], *, verify: bool = True) -> T:
    """Check the current generation and hand it to ``read``; start again if a save swapped it meanwhile.

    Args:
        folder: What was given to ``save``.
        read: Opens the files it needs.
        verify: Read every file and compare its sha256; without it only presence and size are checked.

    Raises:
        BadIndex: There is no index in the folder.
        DamagedIndex: A file is missing, has another size or another checksum, or can't be read.
        NewerFormat: A newer version wrote it.
    """
    if not folder.is_dir():
        raise BadIndex(f"there is no index at {folder}; write one with save(folder)")
    while True:
        current = _pointer(folder)
        try:
            return read(_checked_generation(folder, current, verify))
        except DamagedIndex:
            if _pointer(folder) == current:
                raise
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            if _pointer(folder) == current:
                raise DamagedIndex(f"the index at {folder} can't be read: {error}; {REBUILD}") from error


def _pointer(folder: Path) -> bytes:
    try:
        return (folder / "CURRENT").read_bytes()
    except FileNotFoundError as error:
        if any(folder.glob("gen-*")):
            raise DamagedIndex(f"{folder / 'CURRENT'} is missing; {REBUILD}") from error
        raise BadIndex(f"there is no index at {folder}; write one with save(folder)") from error


def pointer(folder: Path) -> tuple[str, str]:
    """The name of the current generation, and the sha256 of its manifest.

    Raises:
        BadIndex: There is no index. DamagedIndex: ``CURRENT`` is missing or names none.
    """
    return _named(folder, _pointer(folder))


def _named(folder: Path, body: bytes) -> tuple[str, str]:
    match = _CURRENT.fullmatch(body)
    if match is None:
        raise DamagedIndex(f"{folder / 'CURRENT'} does not name a generation; {REBUILD}")
    return match[1].decode(), match[2].decode()


def _checked_generation(folder: Path, current: bytes, verify: bool) -> Generation:
    name_of_home, digest = _named(folder, current)
    home = folder / name_of_home
    body = _read_manifest(home / "manifest.json")
    facts = parsed_manifest(home / "manifest.json", body)
    if hashlib.sha256(body).hexdigest() != digest:
        raise DamagedIndex(f"{home / 'manifest.json'} fails its checksum; {REBUILD}")
    for name, entry in facts["files"].items():
        if Path(name).name != name or name in ("", ".", ".."):
            raise DamagedIndex(f"{home / 'manifest.json'} names {name!r}, which is no file of this folder; {REBUILD}")
        check_file(home / name, entry, verify)
    return Generation(folder=home, facts=facts, names=frozenset(facts["files"]))


def _read_manifest(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DamagedIndex(f"{path} is missing; {REBUILD}") from error


def parsed_manifest(path: Path, body: bytes) -> dict[str, Any]:
    """Parse before the checksum is compared: a newer format must be called newer, whatever else it changed."""
    try:
        facts = json.loads(body)
        version = int(facts["format_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedIndex(f"{path} can't be read; {REBUILD}") from error
    if version > FORMAT_VERSION:
        raise NewerFormat(
            f"{path.parent.parent} has index format {version}, this version reads up to {FORMAT_VERSION}; "
            "update ragcompress, or build the index again"
        )
    return facts  # type: ignore[no-any-return]


def check_file(path: Path, entry: Mapping[str, Any], verify: bool) -> None:
    """Compare a file with its entry in the manifest; ``verify``: its checksum as well.

    Raises:
        DamagedIndex: It is missing or another.
    """
    if not path.is_file():
        raise DamagedIndex(f"{path} is missing; {REBUILD}")
    size = path.stat().st_size
    if size != entry["bytes"]:
        raise DamagedIndex(f"{path} has {size:,} bytes where {entry['bytes']:,} were written; {REBUILD}")
    if verify and _sha256(path) != entry["sha256"]:
        raise DamagedIndex(f"{path} fails its checksum; {REBUILD}")


def replace_file(path: Path, body: bytes) -> None:
    """Write a small file so that a reader, or a crash, sees the old content or the new, never a part."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:12]}.tmp")
    temporary.write_bytes(body)
    _fsync(temporary)
    os.replace(temporary, path)
    _fsync(path.parent)


def _fsync(path: Path) -> None:
    """Flush a file's bytes, or a folder's names, to the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no such call for folders
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the only right to save in this folder; the lock is on the folder itself, so no file is left behind."""
    if os.name == "nt":
        yield
        return
    with _turn(folder.resolve()):
        handle = os.open(folder, os.O_RDONLY)
        try:
            _claim(handle, folder)
            yield
        finally:
            os.close(handle)


def _claim(handle: int, folder: Path) -> None:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InvalidInput(f"another process is saving in {folder}; save again when it is done") from error


_turns: dict[Path, RLock] = {}


def _turn(folder: Path) -> RLock:
    """What threads of this process that save in the same folder wait for; ``setdefault`` gives all of them one."""
    return _turns.setdefault(folder, RLock())


if hasattr(os, "register_at_fork"):  # a lock that another thread held at the fork would never be freed in the child
    os.register_at_fork(after_in_child=_turns.clear)
