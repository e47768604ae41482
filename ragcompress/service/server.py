"""uvicorn with our habits: JSON logs, slow clients shown the door, what is in flight answered before the end."""

from __future__ import annotations

import asyncio
import ctypes
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ragcompress.models.encoders import OnnxEncoder
from ragcompress.service.app import create_app
from ragcompress.service.logs import event, log_config
from ragcompress.service.settings import Settings

__all__ = ["Server", "make_server"]


class Server(uvicorn.Server):
    """Says in the log where it listens, and ends well when it is asked to."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM asks for an end, and gets one: the exit status is 0, where uvicorn's would be the signal's."""
        if sig == signal.SIGTERM:
            self.should_exit = True
        else:
            super().handle_exit(sig, frame)

    async def startup(self, sockets: Any = None) -> None:
        """Open the sockets."""
        await super().startup(sockets)
        if self.started:
            found = [sock.getsockname() for server in self.servers for sock in server.sockets]
            event("listening", at=[f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name) for name in found])


def make_server(
    settings: Settings, *, host: str = "127.0.0.1", port: int = 8787, uds: Path | None = None, level: str = "info"
) -> Server:
    """A server to ``run()``; SIGTERM and SIGINT end it when all that is in flight has been answered.

    Args:
        settings: Limits and habits.
        host: Address to listen at.
        port: Port; 0: any free one.
        uds: A Unix socket instead.
        level: Of its own log.
    """
    _few_arenas()
    OnnxEncoder.embedded().cache_bytes = (
        3072 * settings.cache_tokens
    )  # middle and last states; this process is the server's own
    config = uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        uds=str(uds) if uds else None,
        http=_patient(settings.read_s),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=log_config(level),
        server_header=False,
        timeout_keep_alive=75,
    )
    return Server(config)


def _few_arenas() -> None:
    """Have glibc keep freed memory in few places: with one for every thread that ever ran, a server's memory creeps."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(-8, 2)  # M_ARENA_MAX


def _patient(read_s: float) -> type[H11Protocol]:
    """uvicorn's protocol, ending connections whose headers are not whole after ``read_s``."""

    class Patient(H11Protocol):
        _watch: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._look()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._look()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self._watch is not None:
                self._watch.cancel()

        def _look(self) -> None:
            """Have a timer run for as long as a request is on its way."""
            is_waiting = self.conn.their_state is h11.IDLE
            if is_waiting and self._watch is None:
                self._watch = self.loop.call_later(read_s, self.transport.close)
            elif not is_waiting and self._watch is not None:
                self._watch.cancel()
                self._watch = None

    return Patient
