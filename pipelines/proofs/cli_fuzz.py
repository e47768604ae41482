"""The command line under thousands of made-up calls: no traceback, and only the exit codes that are documented.

python -m pipelines.proofs.cli_fuzz --calls 5000

Calls are drawn by hypothesis from commands, options, values and files of many kinds, whole and broken, and from
garbage. They run in this process, in a folder of their own that is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ragcompress.cli.app import app

__all__ = ["calls", "check", "playground"]

CODES = {0, 2, 130, 141}
WORKERS = ("compress", "ask", "retrieve", "index", "info", "add", "delete", "methods", "tune", "eval")
STANDING = ("serve", "mcp", "demo", "bulk")  # these run on or take long: only with options that are refused
OPTIONS: dict[str, tuple[str, ...]] = {
    "--budget": ("10", "0", "-1", "1e9", "many", ""),
    "--keep": ("0.2", "0", "1", "1.5", "nan", "inf", "x"),
    "--method": ("lexical", "labeller", "truncate", "late", "nothing", "labeller:none.json", "abstractive", "x:y", ":"),
    "--query": ("When?", "", " ", "\ud800", "Wann fährt der Zug?", "?" * 3000),
    "--index": ("idx", "none", "notes.md", "docs", ""),
    "--out": ("idx2", "new", "docs", "notes.md", ""),
    "--count": ("1", "0", "-1", "99999999999", "x"),
    "--html": ("page.html", "no/such/page.html", "docs", ""),
    "--exclude": ("*.md", "[", "!", "**", ""),
    "--text-column": ("text", "body", ""),
    "--limit": ("1", "0", "-3"),
    "--answer-recall": ("0.5", "2", "x"),
    "--compressors": ("lexical", "nothing", ","),
    "--data": ("questions.jsonl", "notes.md", "docs", "none"),
}
FLAGS = (
    "--json",
    "--text",
    "--all",
    "--jsonl",
    "--update",
    "--strict",
    "--precompute",
    "--help",
    "--no-such-option",
    "--",
)
ACTIONS = ("choose", "run", "report", "compare", "retrieval", "speed", "trust", "nothing", "--help")
FILES: dict[str, bytes] = {
    "notes.md": b"# Notes\n\nAda wrote it in 1843. It rained.\n",
    "blank.txt": b" \n",
    "empty.txt": b"",
    "latin.txt": "Käse für den Zug".encode("latin-1"),
    "wide.txt": "No mark.".encode("utf-16-le"),
    "binary.bin": bytes(range(256)),
    "rows.csv": b"name,salary\nMarguerite,5400\nOle\n",
    "text.csv": b'text,id\n"one\ntwo",1\nthree\n',
    "rows.jsonl": b'{"text": "The lake is deep.", "id": "a"}\n{"text": "x", "score": "high"}\n',
    "bad.jsonl": b'{"text": "cut\n',
    "deep.json": b"[" * 3000 + b"]" * 3000,
    "data.json": b'{"a": [1, 2, {"b": "c"}], "t": "x"}',
    "page.html": b"<html><body><p>The tower is 333 m high.</p></body></html>",
    "broken.html": b"<<<>>\0<p",
    "cut.pdf": b"%PDF-1.4\n1 0 obj<</Type",
    "fake.docx": b"PK\x03\x04no",
    "fake.zip": b"PK\x05\x06" + bytes(18),
    "x.eml": b"Subject: =?utf-8?q?=ff?=\nContent-Type: text/plain; charset=nothing\n\nHi.",
    "x.ipynb": b'{"cells": [{"source": 3}]}',
    "x.parquet": b"PAR1garbagePAR1",
    "x.tar": b"not a tar",
    "x.gz": b"\x1f\x8bnope",
    "code.py": b"# not a heading\ndef f():\n    return 1\n",
    "questions.jsonl": b"".join(
        json.dumps({"question": f"weight of {n}", "passages": [f"It is {n} kg."], "answers": [f"{n} kg"]}).encode()
        + b"\n"
        for n in range(6)
    ),
    "wrong.jsonl": b'{"question": 3, "passages": {}, "answers": 1}\n',
}
Call = tuple[list[str], bytes]


def calls() -> st.SearchStrategy[Call]:
    """Command lines with what is piped in: half of the words make sense."""
    names = st.sampled_from([*FILES, "docs", "docs/sub", "none.md", "-", "."])
    garbage = st.text(max_size=20).filter(lambda word: not {"/", "\\", "\0"} & set(word) and ".." not in word)
    option = st.sampled_from(list(OPTIONS)).flatmap(
        lambda name: st.tuples(st.just(name), st.one_of(st.sampled_from(OPTIONS[name]), garbage))
    )
    words = st.lists(
        st.one_of(
            names.map(lambda name: (name,)),
            option,
            st.sampled_from(FLAGS).map(lambda flag: (flag,)),
            st.sampled_from(["When did Ada write it?", "x", ""]).map(lambda word: (word,)),
            garbage.map(lambda word: (word,)),
        ),
        max_size=7,
    ).map(lambda groups: [word for group in groups for word in group])
    command = st.one_of(
        st.sampled_from(WORKERS).map(lambda name: [name]),
        # without data trust tries everything, for minutes
        st.sampled_from(ACTIONS).map(lambda name: ["eval", name, *(("--data", "none") if name == "trust" else ())]),
        st.sampled_from(STANDING).map(lambda name: [name, "--no-such-option"]),
        garbage.map(lambda word: [word]),
    )
    piped = st.one_of(st.sampled_from([b"", *FILES.values()]), st.binary(max_size=200))
    return st.tuples(st.builds(lambda first, rest: [*first, *rest], command, words), piped)


def check(call: Call) -> int:
    """Run one call; its exit code.

    Raises:
        AssertionError: It ended with an exception, a traceback or a code that is not documented.
    """
    arguments, piped = call
    done = CliRunner().invoke(app, arguments, input=piped)
    raised = None if isinstance(done.exception, SystemExit | None) else done.exception
    assert raised is None, (arguments, piped, repr(raised))
    assert "Traceback" not in done.output, (arguments, piped)
    allowed = CODES | ({1} if arguments[:1] == ["eval"] and "This is a mistake" not in done.output else set())
    assert done.exit_code in allowed, (arguments, piped, done.exit_code, done.output[-300:])
    return done.exit_code


@contextmanager
def playground() -> Iterator[Path]:
    """A folder of files of many kinds, with an index, to be in while calls run."""
    nowhere = patch.dict(os.environ, {"RAGCOMPRESS_DATA": "none"})  # or benchmarks run
    with TemporaryDirectory() as name, chdir(name), nowhere:
        folder = Path(name)
        (folder / "docs" / "sub").mkdir(parents=True)
        for at, (file, data) in enumerate(FILES.items()):
            (folder / file).write_bytes(data)
            if at % 2:
                (folder / "docs" / "sub" / file).write_bytes(data)
        (folder / "docs" / "notes.md").write_bytes(FILES["notes.md"])
        assert CliRunner().invoke(app, ["index", "docs", "--out", "idx"]).exit_code == 0
        yield folder


def main() -> None:
    """Print how many calls ended how; stop at the first that breaks the promise, made as small as can be."""
    parser = argparse.ArgumentParser(description="Fuzz the command line.")
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    codes: Counter[int] = Counter()
    commands: Counter[str] = Counter()
    started = perf_counter()

    def one(call: Call) -> None:
        codes[check(call)] += 1
        commands[call[0][0] if call[0][0] in {*WORKERS, *STANDING} else "(garbage)"] += 1
        if sum(codes.values()) % 250 == 0:
            print(f"{sum(codes.values()):,} calls, {perf_counter() - started:.0f} s", file=sys.stderr, flush=True)

    given_calls: Any = given(calls())(one)
    given_calls._hypothesis_internal_use_seed = options.seed
    quiet: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
    os.environ["OMP_NUM_THREADS"] = "1"
    with playground():
        settings(max_examples=options.calls, **quiet)(given_calls)()
    print(f"{sum(codes.values()):,} calls, no traceback; exit codes {dict(sorted(codes.items()))}")
    print(dict(commands.most_common()))


if __name__ == "__main__":
    main()
