"""What the command-line tests share."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

NOTES = (
    "Ada Lovelace wrote the first program in 1843. It rained that day. The cat slept until noon.\n\n"
    "Bob read it much later, in 1901, and kept bees. The bees did well.\n"
)
QUESTION = "When did Ada Lovelace write the first program?"


def process(*args: str, stdin: bytes | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """``python -m ragcompress`` in a process of its own; without ``stdin`` there is an empty one."""
    command = [sys.executable, "-m", "ragcompress", *args]
    return subprocess.run(command, input=stdin or b"", capture_output=True, cwd=cwd, timeout=300, check=False)


def start(*args: str) -> subprocess.Popen[bytes]:
    """The same, still running; with the interrupt that background jobs of a shell are started deaf to."""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    if sys.platform != "win32":
        pipes["preexec_fn"] = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen([sys.executable, "-m", "ragcompress", *args], **pipes)
