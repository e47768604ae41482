"""`compress`: the one call most programs need. Nothing that goes wrong inside keeps the caller from a context."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from math import isfinite
from time import monotonic
from typing import Any, Literal

from ragcompress import structure
from ragcompress.attempt import Attempt, Budget, Failure, check_budget
from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.clock import Clock, OutOfTime, carried, check, running
from ragcompress.core.compressor import is_compressor
from ragcompress.core.context import Context
from ragcompress.core.errors import CompressionFailed, InvalidInput, MissingExtra, require
from ragcompress.core.protocols import Compressor
from ragcompress.core.segment import Segmenter, bounds
from ragcompress.core.threads import in_thread
from ragcompress.core.types import Passage
from ragcompress.methods import DEFAULT, deciding, default, resolve
from ragcompress.pruners.ahead import encode_ahead
from ragcompress.pruners.nothing import WHEN_NOTHING, WhenNothing
from ragcompress.results.result import Compressed, brief
from ragcompress.telemetry import spanned

__all__ = ["acompress", "compress", "compress_many", "units"]

OnError = Literal["fallback", "raise"]
GRACE = 0.03  # seconds that words alone may take when the time is up, before a mere glance answers
TOGETHER = 8  # questions of a list whose passages are encoded side by side
SMALL = 50_000  # characters that they can be expected to read in that time


@spanned
def compress(
    query: str,
    passages: Iterable[str | Passage],
    budget: Budget = None,
    compressor: Compressor | str | None = None,
    timeout_s: float | None = None,
    on_error: OnError = "fallback",
    when_nothing: WhenNothing = "best",
) -> Compressed:
    """Shrink retrieved passages to what the query needs.

    Args:
        query: What is asked.
        passages: Retrieved passages, best first, as str or `Passage`.
        budget: A `TokenBudget`; an int (tokens of the embedded tokenizer); a float in (0, 1], the kept fraction; or
            None: the method decides how much to keep, if it is one that can.
        compressor: Any ``(Context, TokenBudget) -> Context``, or a method's name (see ``ragcompress methods``).
        timeout_s: Seconds after which a fast fallback answers instead.
        on_error: ``"fallback"``: where the method, the counter or the renderer fails at run time, something simpler
            answers (`ragcompress.ladder`), with a warning and a log line; ``"raise"``: it raises `CompressionFailed`.
        when_nothing: What to give where nothing is relevant enough or fits: ``"best"``, a few best units and a
            warning; ``"all"``, as much as the budget holds; ``"empty"``, nothing (selective augmentation).

    Returns:
        The compressed context; no passages give an empty one.

    Raises:
        InvalidInput: Blank query, wrong types, a budget that can't be or is missing, an unknown method.
        MissingExtra: The method needs a package that is not installed.
        CompressionFailed: Only with ``on_error="raise"``.
        MemoryError, KeyboardInterrupt: Are nobody's fallback and pass through.
    """
    started = monotonic()
    context = Context.unopened(query, passages)
    _check(context.query, budget, timeout_s=timeout_s, on_error=on_error, when_nothing=when_nothing)
    method = _method(compressor, dynamic=budget is None)
    attempt = Attempt(context, method, _label(compressor, method), budget, when_nothing)
    clock = Clock.of(timeout_s, began=started)
    out = _answer(attempt, clock, timeout_s, on_error)
    return replace(out, timings={**out.timings, "total": monotonic() - started})


async def acompress(query: str, passages: Iterable[str | Passage], *args: Any, **options: Any) -> Compressed:
    """`compress` in a thread; the event loop goes on, and a task that is cancelled frees its thread.

    Takes what `compress` takes, and raises what it raises.
    """
    return await in_thread(compress, query, passages, *args, **options)


def compress_many(
    items: Iterable[tuple[str, Iterable[str | Passage]]],
    budget: Budget = None,
    compressor: Compressor | str | None = None,
    progress: bool = False,
    **options: Any,
) -> Iterator[Compressed]:
    """Compress many ``(query, passages)`` pairs lazily and in order; ``options`` as in `compress`.

    Of a list some questions are looked at together: their passages are encoded side by side, each once. From any other
    iterable one is taken when its turn comes.

    Raises:
        InvalidInput: At once for what is wrong with the settings; for an item when its turn comes.
        MissingExtra: ``progress=True`` without rich.
    """
    unknown = sorted(options.keys() - {"timeout_s", "on_error", "when_nothing"})
    if unknown:
        raise InvalidInput(f"compress_many takes no {unknown[0]!r}; its options are those of compress")
    _check("?", budget, **options)
    method = _method(compressor, dynamic=budget is None)
    together = TOGETHER if isinstance(items, list | tuple) and options.get("timeout_s") is None else 1
    if progress:
        track = require("rich.progress", "cli").track
        items = track(items if hasattr(items, "__len__") else list(items), description="compress")
    done = partial(compress, budget=budget, compressor=method, **options)
    label = _label(compressor, method)
    return (replace(out, method=label) for out in _each(items, done, partial(encode_ahead, method), together))


def units(text: str, kind: str | Segmenter | None = None) -> list[tuple[int, int]]:
    """How a passage falls into units, as half-open ``str`` offsets that tile it; `ragcompress.structure` has the rest.

    ``kind`` says what the text is where you know better: a key of `ragcompress.structure.KINDS`, or a function of your
    own from text to units.

    >>> units("Ada wrote it. It rained.")
    [(0, 14), (14, 24)]
    """
    return bounds(structure.units(text, kind))


def _each(
    items: Iterable[Any],
    done: Callable[[str, Iterable[str | Passage]], Compressed],
    ahead: Callable[[list[Any]], None],
    together: int,
) -> Iterator[Compressed]:
    """Items done one by one; ``ahead`` is told ``together`` of them before the first of these is begun."""
    turns = enumerate(items)
    while group := list(islice(turns, together)):
        if len(group) > 1:
            ahead([item for _, item in group])
        for at, item in group:
            if not isinstance(item, tuple | list) or len(item) != 2:
                raise InvalidInput(f"item {at} must be a pair (query, passages), not {type(item).__name__}")
            yield done(*item)


def _check(
    query: str,
    budget: Budget,
    *,
    timeout_s: float | None = None,
    on_error: str = "fallback",
    when_nothing: str = "best",
) -> None:
    if not query.strip():
        raise InvalidInput("query is empty; compression keeps what answers a question, so ask one")
    check_budget(budget)
    if timeout_s is not None:
        if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not isfinite(timeout_s):
            raise InvalidInput(f"timeout_s is a number of seconds, not {timeout_s!r}; None waits as long as it takes")
        if timeout_s <= 0:
            raise InvalidInput(f"timeout_s must be above zero, not {timeout_s}; None waits as long as it takes")
    if on_error not in ("fallback", "raise"):
        raise InvalidInput(f"on_error must be 'fallback' or 'raise', not {on_error!r}")
    if when_nothing not in WHEN_NOTHING:
        raise InvalidInput(f"when_nothing must be 'best', 'all' or 'empty', not {when_nothing!r}")


def _method(compressor: Compressor | str | None, *, dynamic: bool) -> Compressor:
    if compressor is None:
        return default(dynamic=dynamic)
    if isinstance(compressor, str):
        return resolve(compressor, dynamic=dynamic)
    if not is_compressor(compressor):
        raise InvalidInput(
            f"compressor must be (Context, TokenBudget) -> Context or a method's name, not {compressor!r}"
        )
    return deciding(compressor) if dynamic else compressor


def _answer(attempt: Attempt, clock: Clock, timeout_s: float | None, on_error: OnError) -> Compressed:
    """The method's answer, or what takes its place, with the reason."""
    outcome = _tried(attempt.run, clock)
    if isinstance(outcome, Compressed):
        return outcome
    check()  # nobody waits any more: no fallback either
    late = isinstance(outcome, OutOfTime)
    reason = f"no answer within {timeout_s} s" if late else f"{type(outcome).__name__}: {outcome}"
    failure = Failure(brief(attempt.name), reason, type(outcome).__name__, "out-of-time" if late else "failed")
    if on_error == "raise":
        raise CompressionFailed(str(failure)) from outcome
    small = sum([len(passage.text) for passage in attempt.context.passages]) <= SMALL
    if not late or small:
        found = _tried(partial(attempt.instead, failure, quick=late), Clock.of(GRACE) if late else clock)
        if isinstance(found, Compressed):
            return found
    if not isinstance(attempt.budget, TokenBudget) or attempt.budget.count is embedded_count:
        return attempt.glance(failure, embedded=True)
    found = _tried(partial(attempt.glance, failure), Clock.of(None if timeout_s is None else 3 * GRACE))
    return found if isinstance(found, Compressed) else attempt.glance(failure, embedded=True)


def _tried(work: Callable[[], Compressed], clock: Clock) -> Compressed | Exception:
    """What ``work`` returns or raises in the time that the clock gives it, in its own thread if there is a hurry.

    Raises:
        MissingExtra, MemoryError, KeyboardInterrupt: No fallback mends or may hide these.
    """
    box: list[Compressed | BaseException] = []

    def fill_box() -> None:
        try:
            with running(clock):
                box.append(work())
        except BaseException as error:  # fail-open is this function's purpose: the caller decides what to do with it
            box.append(error)

    if not isfinite(clock.until):
        fill_box()
    else:
        worker = threading.Thread(target=carried(fill_box), daemon=True, name="ragcompress-compress")
        worker.start()
        worker.join(max(clock.left, 0))
        clock.stopped.set()  # whatever comes now is not wanted any more: the worker stops computing
    found = box[0] if box else OutOfTime("the time is up")
    if isinstance(found, MissingExtra | MemoryError) or not isinstance(found, Compressed | Exception):
        raise found
    return found


def _label(given: Compressor | str | None, method: Compressor) -> str:
    """What a result calls its method: the name it was chosen by, where it was."""
    return DEFAULT if given is None else given if isinstance(given, str) else _name(method)


def _name(compressor: Compressor) -> str:
    return getattr(compressor, "__name__", None) or repr(compressor)
