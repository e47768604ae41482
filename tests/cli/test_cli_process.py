"""The command line as a process: streams, exit codes, missing packages."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from cli_helpers import NOTES, QUESTION, process, start

WITHOUT = (  # what an import finds where a package is not installed
    "import runpy, sys; sys.modules[{!r}] = None; sys.argv = ['ragcompress', 'methods'];"
    "runpy.run_module('ragcompress', run_name='__main__')"
)


@pytest.mark.parametrize("module", ["typer", "rich"])
def test_without_its_packages_the_command_names_the_pip_line(module: str) -> None:
    code = WITHOUT.format(module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "pip install" in done.stderr
    assert ".[cli]" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_standard_input_to_json_and_nothing_else() -> None:
    done = process("compress", "-q", QUESTION, "--budget", "14", "--json", stdin=NOTES.encode())
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert "1843" in told["text"]
    assert told["tokens_out"] <= 14 < told["tokens_in"]
    for segment in told["segments"]:
        (support,) = segment["support"]
        assert NOTES[support["start"] : support["end"]] == segment["text"]


def test_warnings_go_to_standard_error() -> None:
    done = process("compress", "-q", "What is this text about?", "--json", stdin=NOTES.encode())
    assert done.returncode == 0
    assert json.loads(done.stdout)["warnings"]
    assert "warning:" in done.stderr.decode()


def test_text_alone_can_be_piped_on() -> None:
    done = process("compress", "-q", QUESTION, "--budget", "14", "--text", stdin=NOTES.encode())
    assert done.returncode == 0
    assert done.stdout.decode().startswith("Ada Lovelace wrote the first program in 1843.")
    assert "tokens" not in done.stdout.decode()


def test_empty_standard_input_is_bad_input() -> None:
    done = process("compress", "-q", QUESTION)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"no text in standard input" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_closed_pipe_is_silent() -> None:
    running = start("methods", "--json")
    assert running.stdin
    assert running.stdout
    assert running.stderr
    running.stdout.close()
    running.stdin.close()
    assert running.stderr.read() == b""
    assert running.wait(60) == 141
    running.stderr.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process there")
def test_an_interrupt_ends_with_130() -> None:
    with start("compress", "-q", QUESTION) as running:
        assert running.stdin
        running.stdin.write(b"Words. " * 100_000)  # more than a pipe holds: comes back once the command is reading
        running.stdin.flush()
        for _ in range(20):  # a signal between two reads only counts at the next one
            running.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                running.wait(3)
                break
        assert running.returncode == 130
        assert running.stderr
        assert b"Traceback" not in running.stderr.read()


def test_bare_command_shows_help() -> None:
    done = process()
    assert b"compress" in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr
    assert process("--version").stdout.startswith(b"ragcompress ")


HEAVY = ("faiss", "torch", "transformers", "sentence_transformers", "bm25s", "trafilatura")


def test_compress_needs_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(NOTES, encoding="utf-8")
    code = (
        f"import runpy, sys; sys.modules.update(dict.fromkeys({HEAVY!r}))\n"
        f"sys.argv = ['ragcompress', 'compress', '-q', {QUESTION!r}, '-b', '14', '--text', 'notes.md']\n"
        "runpy.run_module('ragcompress', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"1843" in done.stdout


def test_help_loads_no_model_and_no_index() -> None:
    code = (
        "import sys; from ragcompress.cli import app\n"
        f"print([name for name in {(*HEAVY, 'onnxruntime')!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "[]\n"
