"""A real server under bad manners: slow clients, huge bodies, crashes, a full queue, its own end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

pytest.importorskip("httpx")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
import httpx
from service_helpers import LONG, serving, talk

from ragcompress.service.endpoints import Service
from ragcompress.service.server import make_server
from ragcompress.service.settings import Settings
from ragcompress.service.work import Work

QUERY = "Where is the pump made?"
BODY = {"query": QUERY, "passages": ["The pump is made in Tampere. It rained."]}


@pytest.fixture
def lines(capsys):
    """What the service logged while a test ran."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.fixture(scope="module")
def web():
    """One client for many connections."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    with httpx.Client(timeout=120, limits=limits) as client:
        yield client


@pytest.fixture
def gate(monkeypatch):
    """Compression that waits until it is let go."""
    entered, opened = threading.Semaphore(0), threading.Event()
    real = Work.compress

    def waiting(self, asked, waited):
        entered.release()
        assert opened.wait(30)
        return real(self, asked, waited)

    monkeypatch.setattr(Work, "compress", waiting)
    return entered, opened


def test_ready_has_loaded_the_model(monkeypatch, web):
    warmed = threading.Event()
    real = Work.warm
    monkeypatch.setattr(Work, "warm", lambda self: (real(self), warmed.set()))
    with serving() as base:
        assert web.get(f"{base}/ready").json() == {"status": "ready"}
        assert warmed.is_set()


def test_not_ready_when_the_model_can_not_be_used(monkeypatch, web):
    def fail(self):
        raise ValueError("weights")

    monkeypatch.setattr(Work, "warm", fail)
    with serving() as base:
        assert web.get(f"{base}/ready").status_code == 503
        assert web.get(f"{base}/health").status_code == 200


def test_a_full_queue_says_when_to_come_again_and_chat_still_gets_its_pins(gate, web):
    entered, opened = gate
    with serving(Settings(workers=1, queue=1)) as base, ThreadPoolExecutor(2) as threads:
        first = web.post(f"{base}/v1/compress", json={"messages": talk()}).json()
        held = [threads.submit(web.post, f"{base}/v1/compress", json=BODY) for _ in range(2)]
        assert entered.acquire(timeout=30)
        while web.get(f"{base}/metrics").text.find("ragcompress_inside 2.0") < 0:
            pass
        refused = web.post(f"{base}/v1/compress", json=BODY)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        more = [{"role": "assistant", "content": "There."}, {"role": "user", "content": "Sure?"}]
        busy = web.post(f"{base}/v1/compress", json={"messages": talk(*more)})
        assert busy.status_code == 200
        assert busy.json()["messages"][:3] == first["messages"]
        assert busy.json()["tokens_before"] > busy.json()["tokens_after"] > 0
        opened.set()
        assert [each.result().status_code for each in held] == [200, 200]


def test_all_in_flight_are_answered_at_the_end(gate, web):
    _, opened = gate
    server = make_server(Settings(workers=2), port=0)
    listening, startup = threading.Event(), server.startup

    async def noticed(sockets=None):
        await startup(sockets)
        listening.set()

    server.startup = noticed
    thread = threading.Thread(target=server.run)
    thread.start()
    assert listening.wait(30)
    base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    with ThreadPoolExecutor(200) as threads:
        held = [threads.submit(web.post, f"{base}/v1/compress", json=BODY) for _ in range(200)]
        while web.get(f"{base}/metrics").text.find("ragcompress_inside 200.0") < 0:
            pass
        server.should_exit = True  # what its handler of SIGTERM does
        opened.set()
        assert {each.result().status_code for each in held} == {200}
        assert len({each.result().json()["text"] for each in held}) == 1
    thread.join(30)
    assert not thread.is_alive()


def test_sigterm_is_obeyed_and_ends_with_zero(tmp_path):
    """A process of its own, as init systems have it: what is in flight is answered, and the end is no failure."""
    address = tmp_path / "s"
    command = [sys.executable, "-m", "ragcompress", "serve", "--uds", str(address)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any('"listening"' in line for line in process.stderr)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(address))
            body = json.dumps(BODY).encode()
            head = f"POST /v1/compress HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body[:-1])
            client.sendall(body[-1:])
            process.send_signal(signal.SIGTERM)
            heard = b""
            with suppress(ConnectionResetError):  # the signal may be quicker than the server's accept
                heard = b"".join(iter(lambda: client.recv(1 << 16), b""))
        assert process.wait(60) == 0
    assert not heard or heard.startswith(b"HTTP/1.1 200")


def test_the_wait_in_the_queue_counts(gate, web):
    entered, opened = gate
    with serving(Settings(workers=1)) as base, ThreadPoolExecutor(2) as threads:
        first = threads.submit(web.post, f"{base}/v1/compress", json=BODY)
        assert entered.acquire(timeout=30)
        late = threads.submit(web.post, f"{base}/v1/compress", json={**BODY, "timeout_ms": 1})
        while web.get(f"{base}/metrics").text.find("ragcompress_inside 2.0") < 0:
            pass
        opened.set()
        assert first.result().json()["warnings"] == []
        assert "waited" in late.result().json()["warnings"][0]
        assert "Tampere" in late.result().json()["text"]
        assert 'fallbacks_total{reason="queue"} 1.0' in web.get(f"{base}/metrics").text


def test_one_that_crashes_takes_no_other_s_answer_along(monkeypatch, lines, web):
    real = Work.compress

    def crash(self, asked, waited):
        if asked.query == "crash":
            raise SystemExit(3)
        return real(self, asked, waited)

    monkeypatch.setattr(Work, "compress", crash)
    with serving() as base, ThreadPoolExecutor(8) as threads:
        bodies = [{**BODY, "query": "crash" if at % 2 else QUERY} for at in range(8)]
        got = list(threads.map(lambda body: web.post(f"{base}/v1/compress", json=body), bodies))
    assert [each.status_code for each in got] == [200] * 8
    assert all("Tampere" in each.json()["text"] for each in got)
    assert any(row["event"] == "bug" for row in lines())


def test_a_huge_body_is_refused_while_it_comes():
    with serving(Settings(max_body=1 << 20)) as base:
        host, port = base.removeprefix("http://").split(":")
        for chunked in (False, True):
            connection = http.client.HTTPConnection(host, int(port), timeout=30)
            parts = (b"x" * (1 << 20) for _ in range(100))
            headers = {} if chunked else {"Content-Length": str(100 << 20)}
            connection.request("POST", "/v1/compress", parts, headers, encode_chunked=chunked)
            answer = connection.getresponse()
            assert (answer.status, "bytes" in json.loads(answer.read())["error"]) == (413, True)
            connection.close()


def test_slow_clients_are_shown_the_door_and_starve_nobody(web):
    with serving(Settings(read_s=0.3)) as base:
        host, port = base.removeprefix("http://").split(":")
        slow = [socket.create_connection((host, int(port)), timeout=30) for _ in range(100)]
        for at, each in enumerate(slow):
            half = b"POST /v1/compress HTTP/1.1\r\nHost: a\r\n"
            each.sendall(half if at % 2 else half + b"Content-Length: 9\r\n\r\n{")
        assert web.post(f"{base}/v1/compress", json=BODY).status_code == 200
        ends = [each.recv(1 << 16) for each in slow]
        for each in slow:
            each.close()
        assert all(end == b"" for end in ends[1::2])
        assert all(end.startswith(b"HTTP/1.1 408") for end in ends[::2])


def test_no_content_in_the_log(lines, web):
    key, id_ = "key-of-a-user", "content in the id"
    with serving(Settings(keys=(key,))) as base:
        header = {"Authorization": f"Bearer {key}", "X-Request-Id": id_}
        for body in (
            BODY,
            {"messages": talk()},
            {**BODY, "method": "Tampere"},
            {"query": "Tampere"},
            {**BODY, "query": ""},
        ):
            web.post(f"{base}/v1/compress", json=body, headers=header)
        web.get(f"{base}/v1/retrieve/Tampere?query=Tampere", headers=header)
        web.get(f"{base}/Tampere", headers={"Authorization": "Bearer Tampere"})
        web.post(f"{base}/rerank", content=b'{"Tampere', headers=header)
        with socket.create_connection(tuple(base.removeprefix("http://").split(":")), timeout=30) as raw:
            raw.sendall(b"Tampere / nonsense\r\n\r\n")
            assert raw.recv(100).startswith(b"HTTP/1.1 400")
    found = lines()
    assert sum(row["event"] == "request" for row in found) == 8
    assert all(len(row["id"]) == 32 for row in found if row["event"] == "request")
    assert {"tokens_in", "queue_ms", "ms", "route"} <= set(next(row for row in found if row.get("status") == 200))
    assert not any(word in json.dumps(row) for row in found for word in ("Tampere", "pump", key, id_))


def test_other_people_s_request_ids_are_kept_where_they_are_ids(web):
    with serving() as base:
        name = "0b9c2f4e-8a63-4d0e-9df0-ab2f0d6a1c11"
        assert web.get(f"{base}/health", headers={"x-request-id": name}).headers["x-request-id"] == name
        assert web.get(f"{base}/health", headers={"x-request-id": "../x"}).headers["x-request-id"] != "../x"


def test_answers_under_load_are_those_of_one_at_a_time(web):
    bodies = [
        {
            **BODY,
            "passages": [f"The valve {at} is made in Turku. {LONG[: at * 20]}", BODY["passages"][0]],
            "budget": {"tokens": 20 + at},
        }
        for at in range(12)
    ]
    with serving(Settings(workers=4, timeout_s=600)) as base:
        send = lambda body: web.post(f"{base}/v1/compress", json=body).json()  # noqa: E731
        with ThreadPoolExecutor(12) as threads:
            together = list(threads.map(send, bodies))
        for one, body in zip(together, bodies, strict=True):
            assert {**one, "timings": 0} == {**send(body), "timings": 0}


def test_the_retrieval_of_a_text_is_not_done_on_the_event_loop(monkeypatch):
    service = Service(Settings())
    seen = []
    monkeypatch.setattr(service.store, "original", lambda *_: seen.append(threading.current_thread().name))
    from starlette.testclient import TestClient

    import ragcompress.service.app as app

    monkeypatch.setattr(app, "Service", lambda _: service)
    TestClient(app.create_app()).get(f"/v1/retrieve/{'0' * 24}")
    assert seen[0].startswith("ragcompress-serve")
