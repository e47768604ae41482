"""A forked child finds every lock open, and what was half written refused by name."""

from __future__ import annotations

import os
import threading

import pytest

from ragcompress.core.errors import BadIndex
from ragcompress.core.forks import Lock, cached_property
from ragcompress.models.sessions import LateSession
from ragcompress.retriever.gate import Gate

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def in_child(work) -> bool:
    """Whether ``work`` ends, and without an error, in a forked child."""
    child = os.fork()
    if child == 0:
        try:
            ended = threading.Thread(target=work, daemon=True)
            ended.start()
            ended.join(20)
            os._exit(int(ended.is_alive()))
        except BaseException:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


def held_elsewhere(hold):
    """Run ``hold`` (a context manager) in another thread until the returned event is set."""
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with hold:
            inside.set()
            leave.wait(60)

    threading.Thread(target=stay, daemon=True).start()
    inside.wait(20)
    return leave


def test_a_lock_held_by_another_thread_is_open_in_the_child() -> None:
    lock = Lock()
    leave = held_elsewhere(lock)

    def enter() -> None:
        with lock:
            pass

    assert in_child(enter)
    leave.set()


def test_a_gate_that_others_read_through_lets_the_child_write() -> None:
    gate = Gate()
    leave = held_elsewhere(gate.reading())

    def write() -> None:
        with gate.writing(), gate.reading():
            pass

    assert in_child(write)
    leave.set()


def test_a_gate_that_another_thread_was_writing_through_is_refused_by_name() -> None:
    gate = Gate()
    leave = held_elsewhere(gate.writing())
    gate.renew()  # what a fork does in the child
    with pytest.raises(BadIndex, match="forked while another thread wrote"), gate.reading():
        pass
    with pytest.raises(BadIndex), gate.writing():
        pass
    leave.set()


def test_a_session_at_work_is_left_behind_and_made_anew(monkeypatch) -> None:
    made = []

    class Graph:
        def run(self, names, feeds):
            session.renew()  # as if the process were forked just now
            return names

    monkeypatch.setattr("ragcompress.models.sessions.session", lambda *_, **__: made.append(1) or Graph())
    session = LateSession(lambda: b"")
    assert session.run(["a"], {}) == ["a"]
    assert session.run(["b"], {}) == ["b"]
    assert len(made) == 2
    session.renew()  # nobody computes: what is loaded stays
    assert "_session" not in session.__dict__ or len(made) == 2


def test_a_cached_property_is_computed_once_and_holds_no_lock() -> None:
    class Thing:
        made = 0

        @cached_property
        def value(self) -> int:
            """How often it was made."""
            self.made += 1
            return self.made

    thing = Thing()
    assert (thing.value, thing.value, thing.made) == (1, 1, 1)
    assert Thing.value.__doc__ == "How often it was made."
