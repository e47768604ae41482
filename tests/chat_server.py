"""A server in a thread that speaks the OpenAI chat protocol, answers from a list, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Turn:
    """One answer: pieces of text with a status, or lines sent as they are."""

    pieces: Sequence[str] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None
    usage: dict[str, Any] | None = None
    breaks_off: bool = False


@dataclass
class Talk:
    """What the server will say, and what was asked of it."""

    turns: list[Turn]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@contextmanager
def serving(*turns: Turn) -> Iterator[Talk]:
    """The server, answering with one turn after the other."""
    talk = Talk(list(turns))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            talk.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            talk.keys.append(self.headers.get("authorization"))
            turn = talk.turns.pop(0)
            self.send_response(turn.status)
            for name, value in turn.headers.items():
                self.send_header(name, value)
            if turn.breaks_off:
                self.send_header("content-length", "100000")
            self.end_headers()
            self.wfile.write(_body(turn).encode())

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    talk.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield talk
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _body(turn: Turn) -> str:
    if turn.raw is not None:
        return turn.raw
    events: list[Any] = [{"choices": [{"delta": {"content": piece}}]} for piece in turn.pieces]
    if turn.usage:
        events.append({"choices": [], "usage": turn.usage})
    lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return ": hello\n\n" + lines + ("" if turn.breaks_off else "data: [DONE]\n\n")
