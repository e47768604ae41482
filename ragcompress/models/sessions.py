"""onnxruntime sessions on the CPU: how the shipped graphs are loaded and run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from threading import get_ident
from typing import Any, Self

from ragcompress.core.clock import checking
from ragcompress.core.errors import InvalidInput
from ragcompress.core.forks import Lock, after_fork, cached_property

__all__ = [
    "LateSession",
    "Shared",
    "cores",
    "cpu_gains_from_bfloat16",
    "cpu_gains_from_int8",
    "limit_threads",
    "run_all",
    "session",
]


def session(graph: bytes | str, *, threads: int | None = None) -> Any:
    """A thread-safe onnxruntime session on the CPU."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or min(cores(), 8)
    options.log_severity_level = 3
    if not cpu_gains_from_int8():  # products of eight by eight bits overflow there; slower, and the same numbers
        options.add_session_config_entry("session.x64quantprecision", "1")
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run_all(graph: Any, names: list[str], feeds: Sequence[dict[str, Any]]) -> list[Any]:
    """What ``graph`` gives for each of several inputs, in order, run side by side on all cores.

    Short texts are read faster by one core each than by all cores one after another, and without padding. The longest
    come first, so that none is begun when the others are done. The threads stay; a process that forks makes its own.
    """
    workers, look = min(cores(), 8), checking()

    def run(at: int) -> Any:
        look()
        return graph.run(names, feeds[at])

    if workers < 2 or len(feeds) < 2:
        return [run(at) for at in range(len(feeds))]
    order = sorted(range(len(feeds)), key=lambda at: (-_size(feeds[at]), at))
    found = dict(zip(order, _pool(workers).map(run, order), strict=True))
    return [found[at] for at in range(len(feeds))]


def _size(feed: dict[str, Any]) -> int:
    return max((getattr(value, "size", 0) for value in feed.values()), default=0)


@lru_cache(maxsize=1)
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="ragcompress-model")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads don't survive a fork


_threads: int | None = None


def limit_threads(threads: int | None) -> None:
    """Let models of this process compute in at most so many threads; None: in as many as `cores` finds.

    Raises:
        InvalidInput: Less than one.
    """
    global _threads
    if threads is not None and threads < 1:
        raise InvalidInput(f"threads must be at least 1, not {threads}; None leaves it to the package")
    _threads = threads


def cores() -> int:
    """How many cores this process is to use: those it may run on, its container's share, and what it was told."""
    if _threads is not None:
        return _threads
    affinity = getattr(os, "sched_getaffinity", None)
    found = len(affinity(0)) if affinity else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    limits = [found, _share(), int(asked) if asked.isdecimal() and int(asked) else found]
    return max(1, min(limits))


@lru_cache(maxsize=1)
def _share() -> int:
    """Cores that the container's quota amounts to, rounded up; many where there is none."""
    try:
        quota, _, period = Path("/sys/fs/cgroup/cpu.max").read_text().partition(" ")
        return max(1, -(-int(quota) // int(period)))
    except (OSError, ValueError):  # no cgroup of version 2, or "max"
        return 1024


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
        self._busy: set[int] = set()  # threads that compute now
        self.of(LateSession, read)
        after_fork(self)

    def renew(self) -> None:
        """In a forked child: a session that was computing has locks inside that nobody opens; make another."""
        if self._busy and "_session" in self.__dict__:
            _left_behind.append(self.__dict__.pop("_session"))
        self._busy.clear()

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
        me = get_ident()
        self._busy.add(me)
        try:
            return made.run(names, feeds)
        finally:
            self._busy.discard(me)


_left_behind: list[Any] = []
"""Sessions that can't even be deleted in this process."""
