"""Every file operation failed once: what is on disk must then be what was there before, or what was to be.

Python announces its file operations to audit hooks, and a hook that raises makes the operation fail: so each open,
rename, mkdir, listing and removal of a piece of work is failed in turn, whoever asks for it. ``fsync`` is not
announced and is replaced. Writes are torn by the system itself: beyond a limit on the size of files (RLIMIT_FSIZE)
it refuses the rest of a write, to C code as well (FAISS, SQLite, NumPy).
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from .figures import Figure

__all__ = ["Scenario", "faults", "torn"]

_ANNOUNCED = frozenset((
    "open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir", "os.truncate", "os.link",
    "sqlite3.connect",
))  # fmt: skip
_ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EINTR)
_SIZES = (0, 1, 40, 200, 1_000, 3_000, 10_000, 30_000)  # bytes that a file may have


@dataclass(frozen=True)
class Scenario:
    """A piece of work on a folder.

    Attributes:
        name: What it is called.
        prepare: Makes what is there before.
        act: What is disturbed.
        state: Opens what is there anew and reads all of it.
        between: Also lawful, beside the states before and after, from (before, state, after); None: nothing is.
    """

    name: str
    prepare: Callable[[Path], Any]
    act: Callable[[Path], Any]
    state: Callable[[Path], Any]
    between: Callable[[Any, Any, Any], bool] | None = None


class _Shim:
    """Counts the operations under a folder, and fails number ``at``."""

    def __init__(self, folder: Path, at: int) -> None:
        self.folder, self.at, self.seen = str(folder), at, 0

    def meet(self, path: object) -> None:
        if self.folder in str(path):
            self.seen += 1
            if self.seen - 1 == self.at:
                number = _ERRORS[self.at % len(_ERRORS)]
                raise OSError(number, os.strerror(number), str(path))


_active: list[_Shim] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _active and event in _ANNOUNCED and arguments:
        path = arguments[0]
        _active[0].meet(os.fsdecode(path) if isinstance(path, bytes) else path)


@cache
def _install() -> None:
    sys.addaudithook(_hook)  # for good: hooks can't be taken out again


@contextmanager
def _shimmed(folder: Path, at: int) -> Iterator[_Shim]:
    _install()
    shim, fsync = _Shim(folder, at), os.fsync

    def flush(handle: Any) -> None:
        shim.meet(folder)
        fsync(handle)

    _active.append(shim)
    try:
        with patch.object(os, "fsync", flush):
            yield shim
    finally:
        _active.clear()


@contextmanager
def _limited(size: int) -> Iterator[None]:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def faults(scenario: Scenario, *, every: int = 1) -> Figure:
    """Fail every ``every``-th operation of a scenario, each time on a folder as it was before."""
    with tempfile.TemporaryDirectory() as folder:
        trial = _Trial(scenario, Path(folder))
        with _shimmed(Path(folder), -1) as counting:
            scenario.act(trial.fresh())
        for at in range(0, counting.seen, every):
            with trial.disturbed(f"operation {at}") as home, _shimmed(Path(folder), at), suppress(Exception):
                scenario.act(home)
    return trial.figure(f"{scenario.name}: file operations failed")


def torn(scenario: Scenario) -> Figure:
    """Let the system refuse writes beyond several sizes."""
    if sys.platform == "win32":
        return Figure(f"{scenario.name}: writes torn", 0, 0, "not on Windows")
    with tempfile.TemporaryDirectory() as folder:
        trial = _Trial(scenario, Path(folder))
        for size in _SIZES:
            with trial.disturbed(f"files of {size} bytes") as home, _limited(size), suppress(Exception):
                scenario.act(home)
    return trial.figure(f"{scenario.name}: writes torn")


class _Trial:
    """A scenario's folder as it was before, and what came of each disturbance."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario, self.folder = scenario, folder
        (folder / "before").mkdir()
        scenario.prepare(folder / "before")
        self.before = scenario.state(self.fresh())
        home = self.fresh()
        scenario.act(home)
        self.after = scenario.state(home)
        self.tried, self.bad = 0, list[str]()

    def fresh(self) -> Path:
        home = self.folder / "now"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.folder / "before", home)
        return home

    @contextmanager
    def disturbed(self, what: str) -> Iterator[Path]:
        """Afterwards it must be as before or after, and the same work, undisturbed, must then come to its end."""
        home = self.fresh()
        yield home
        self.tried += 1
        try:
            found = self.scenario.state(home)
            between = self.scenario.between
            if found not in (self.before, self.after) and not (between and between(self.before, found, self.after)):
                self.bad.append(f"{what}: {str(found)[:80]}")
            self.scenario.act(home)
            if self.scenario.state(home) != self.after:
                self.bad.append(f"{what}: done again, it is not as it should be")
        except Exception as error:
            self.bad.append(f"{what}: {type(error).__name__}: {str(error)[:80]}")

    def figure(self, name: str) -> Figure:
        return Figure(name, self.tried, len(self.bad), "; ".join(self.bad[:2]))
