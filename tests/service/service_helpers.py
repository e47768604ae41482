"""A real server on a free port, and conversations to send it."""

from __future__ import annotations

import contextlib
import json
import threading

from ragcompress.service.server import make_server
from ragcompress.service.settings import Settings

LONG = " ".join(f"Room {n} was painted in the spring of that year." for n in range(80))
TOOL = f"{LONG} The pump is made in Tampere by Virta. {LONG}"


def call(name, **arguments):
    """An assistant message with one tool call."""
    function = {"name": "find", "arguments": json.dumps(arguments)}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": name, "type": "function", "function": function}],
    }


def talk(*more, text=TOOL):
    """A user's question, a tool call, the tool's answer, and what follows."""
    return [
        {"role": "user", "content": "Where is the pump made?"},
        call("c1", q="pump"),
        {"role": "tool", "tool_call_id": "c1", "content": text},
        *more,
    ]


@contextlib.contextmanager
def serving(settings=None, **options):
    """The base address of a server in a thread of this process; its end is waited for."""
    with running(make_server(settings or Settings(), port=0, **options)) as name:
        yield f"http://127.0.0.1:{name[1]}" if isinstance(name, tuple) else name


@contextlib.contextmanager
def running(server):
    """The socket's name of a uvicorn server in a thread of this process; its end is waited for."""
    listening, startup = threading.Event(), server.startup

    async def noticed(sockets=None):
        await startup(sockets)
        listening.set()

    server.startup = noticed
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert listening.wait(30)
    try:
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
        assert not thread.is_alive()
