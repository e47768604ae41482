"""Small tools for scripts that show promises kept: processes, their results, their memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


class ProofFailed(Exception):
    """A promise did not hold."""


def must(held: bool, promise: str) -> None:
    """Print a promise that held; stop at one that did not."""
    if not held:
        raise ProofFailed(promise)
    print(f"  ok: {promise}", flush=True)


def child(step: str, folder: Path, *arguments: object) -> subprocess.Popen[str]:
    """Run one step of this script in a process of its own, its standard output piped."""
    command = [
        sys.executable,
        "-m",
        "pipelines.proofs.index_proof",
        step,
        "--folder",
        str(folder),
        *map(str, arguments),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The JSON object a step printed last."""
    out, _ = process.communicate()
    if process.returncode:
        raise ProofFailed(f"a step ended with {process.returncode}")
    return dict(json.loads(out.splitlines()[-1]))


def peak_gb() -> float:
    """This process's peak resident memory, mapped pages included (VmHWM: unlike ru_maxrss, its own)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20
