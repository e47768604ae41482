"""Which files are meant: names, folders with what lies below them, and what is left out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ragcompress.core.errors import InvalidInput, require

__all__ = ["IGNORE", "Skipped", "Source", "expand"]

IGNORE = ".ragcompressignore"
"""A file of this name at the top of a folder lists what to leave out, in the patterns of ``.gitignore``."""

_NEVER = {"__pycache__", "node_modules", "venv", "site-packages"}


@dataclass(frozen=True, slots=True)
class Source:
    """Where passages come from.

    Attributes:
        name: Goes into their ids: relative to the folder that was named.
        where: Goes into messages and ``metadata["source"]``: the path.
        path: The file; None is standard input, or a file inside another.
        named: Whether the user named it, and not only a folder that it lies in.
        outside: Whether it is a link in a folder to a file that lies elsewhere.
    """

    name: str
    where: str
    path: Path | None = None
    named: bool = False
    outside: bool = False

    @property
    def kind(self) -> str:
        """The ending in small letters, ``".pdf"``; ``""`` without one."""
        return os.path.splitext(self.name)[1].lower() if self.name != "stdin" else ""

    @property
    def stem(self) -> str:
        """The file's name without folders and ending; ``""`` for standard input."""
        return os.path.splitext(os.path.basename(self.name))[0] if self.name != "stdin" else ""

    def inside(self, member: str) -> Source:
        """A file inside this one, such as a member of an archive."""
        return Source(f"{self.name}/{member}", f"{self.where}/{member}")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not read, and why."""

    where: str
    why: str


def expand(paths: Sequence[str], exclude: Sequence[str] = ()) -> list[Source]:
    """All files meant by ``paths``, in order, each once.

    Args:
        paths: Files, folders, or ``"-"`` for standard input.
        exclude: Patterns as in ``.gitignore``; they hold below folders, not for files named outright.

    Raises:
        InvalidInput: A path does not exist, or a folder can't be listed.
    """
    found: dict[str, Source] = {}
    names: set[str] = set()
    for given in paths:
        for source in _expand(given, exclude):
            key = str(source.path.resolve()) if source.path else "-"
            if key in found:
                continue
            if source.name in names:  # a/notes.md beside b/notes.md: only the whole path tells them apart
                source = replace(source, name=source.where)
            names.add(source.name)
            found[key] = source
    return list(found.values())


def _expand(given: str, exclude: Sequence[str]) -> Iterator[Source]:
    if given == "-":
        return iter([Source("stdin", "standard input", named=True)])
    path = Path(given)
    try:
        if path.is_dir():
            return _folder(path, exclude)
        there = path.exists()
    except (OSError, ValueError):  # too long for a file's name, or a NUL in it
        there = False
    if not there:
        raise InvalidInput(
            f"there is no file or folder {given!r} (looked from {Path.cwd()}); check the spelling, or use - for "
            f"standard input"
        )
    return iter([Source(path.name, path.as_posix(), path, named=True)])


def _folder(folder: Path, exclude: Sequence[str]) -> Iterator[Source]:
    def refuse(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise InvalidInput(f"cannot list {error.filename!r}: {error.strerror}; check its permissions") from error

    left_out = _patterns(folder, exclude)
    for parent, folders, names in os.walk(folder, onerror=refuse):
        here = Path(parent).relative_to(folder)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _NEVER and not left_out((here / name).as_posix() + "/")
        )
        for name in sorted(names):
            path, relative = Path(parent, name), (here / name).as_posix()
            if not name.startswith(".") and not left_out(relative) and path.is_file():
                outside = path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())
                yield Source(relative, path.as_posix(), path, outside=outside)


def _patterns(folder: Path, exclude: Sequence[str]):  # type: ignore[no-untyped-def]
    own = folder / IGNORE
    lines = [*exclude, *(own.read_text(encoding="utf-8", errors="replace").splitlines() if own.is_file() else ())]
    if not lines:
        return lambda path: False
    try:
        return require("pathspec", "cli").GitIgnoreSpec.from_lines(lines).match_file
    except ValueError as error:
        raise InvalidInput(f"--exclude or {own}: {error}; patterns are those of .gitignore") from error
