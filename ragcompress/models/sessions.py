"""onnxruntime sessions on the CPU: how the shipped graphs are loaded and run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any, Self

from ragcompress.core.clock import checking

__all__ = ["LateSession", "Shared", "cpu_gains_from_bfloat16", "cpu_gains_from_int8", "run_all", "session"]


def session(graph: bytes | str, *, threads: int | None = None) -> Any:
    """A thread-safe onnxruntime session on the CPU."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or min(_cores(), 8)
    options.log_severity_level = 3
    if not cpu_gains_from_int8():  # products of eight by eight bits overflow there; slower, and the same numbers
        options.add_session_config_entry("session.x64quantprecision", "1")
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run_all(graph: Any, names: list[str], feeds: Sequence[dict[str, Any]]) -> list[Any]:
    """What ``graph`` gives for each of several inputs, in order, run side by side on all cores.

    Short texts are read faster by one core each than by all cores one after another, and without padding. The threads
    live as long as the call: a server may fork afterwards.
    """
    workers, look = min(_cores(), 8, len(feeds)), checking()

    def run(feed: dict[str, Any]) -> Any:
        look()
        return graph.run(names, feed)

    if workers < 2:
        return [run(feed) for feed in feeds]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, feeds))


def _cores() -> int:
    """How many cores this process may use, which in a container or under taskset are fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def cpu_gains_from_int8() -> bool:
    """Whether int8 matrix products are native here (VNNI, AMX, ARM dot products); plain AVX2 gains little."""
    flags = _cpu_flags()  # none, where this is no Linux: recent Macs and Windows machines have dot products
    return not flags or bool(flags & {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"})


def cpu_gains_from_bfloat16() -> bool:
    """Whether bfloat16 matrix products are native here; where they are not, torch trains 60 times slower with them."""
    return bool(_cpu_flags() & {"avx512_bf16", "amx_bf16", "bf16"})


@lru_cache(maxsize=1)
def _cpu_flags() -> frozenset[str]:
    """What the kernel says of the processor; nothing where there is no ``/proc``."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return frozenset(file.read(20_000).split())
    except OSError:
        return frozenset()


class Shared:
    """What is loaded once, never changes and is shared: a copy is itself, and a pickle names where it comes from."""

    _origin: tuple[Callable[..., Any], tuple[Any, ...]] | None = None

    def of(self, make: Callable[..., Any], *args: Any) -> Self:
        """The same, knowing that ``make(*args)`` gives it in any process."""
        self._origin = (make, args)
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._origin or super().__reduce_ex__(protocol)


class LateSession(Shared):
    """A session that is made when it first runs, so that importing or building a pruner loads no model.

    It computes in the thread that calls it; see `run_all`.
    """

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._lock = Lock()
        self.of(LateSession, read)

    @cached_property
    def _session(self) -> Any:
        return session(self._read(), threads=1)

    @cached_property
    def checksum(self) -> str:
        """Of the graph's file."""
        return hashlib.sha256(self._read()).hexdigest()[:16]

    def run(self, names: list[str], feeds: dict[str, Any]) -> Any:
        """As onnxruntime's ``InferenceSession.run``."""
        with self._lock:  # two threads that come first would each load the model
            made = self._session
        return made.run(names, feeds)
