"""Where a tool's output says that something failed, or how a test run ended: those lines stay, whatever was asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragcompress.core.budget import Counter
from ragcompress.core.compressor import chain
from ragcompress.core.protocols import Compressor
from ragcompress.core.types import Passage, Span
from ragcompress.methods import DEFAULT, resolve
from ragcompress.pruners.protect import Protect

__all__ = ["failures", "keeping_failures"]

_SAYS = re.compile(
    r"^[^\n]*(?:"
    r"^(?:[\w$.]+\.)?[A-Z]\w*(?:Error|Exception|Failure|Exit)\b[: ]|^(?:[\w$.]+\.)?[A-Z]\w*(?:Error|Exception)$|"
    r"^E {2,}\S|^Caused by: |panicked at |^panic: |\bSegmentation fault|^npm ERR! |^(?:FAILED|FATAL|fatal)\b|"
    r"\berror(?:\[\w+\])?: |\bERROR: |command not found|No such file or directory|Permission denied|"
    r"[Ee]xit(?:ed with)? (?:code|status):? ?[1-9]|[1-9]\d* (?:failed|passed)\b"
    r")[^\n]*$",
    re.MULTILINE,
)
_FRAME = re.compile(
    r'^[ \t]+(?:File "[^"\n]+", line \d+[^\n]*(?:\n[ \t]{4,}[^\n]+)?|at [^\n]+:\d+[^\n]*)', re.MULTILINE
)
_LIBRARY = re.compile(r"(?:site|dist)-packages|node_modules|node:internal|/usr/lib|<frozen|\bat (?:java|sun|jdk)\.")
NEAR = 6_000  # characters on either side of a failure in which the frame of the caller's own code is looked for
MOST = 3  # lines: the last ones, where programs say what they died of, and the first
LONG = 300  # characters of a line that are kept


def keeping_failures(
    given: Compressor | str | None, passages: Sequence[Passage], count: Counter, limit: int, *, dynamic: bool = False
) -> Compressor | str | None:
    """``given`` as it is, or, where the passages tell a failure, followed by what puts those lines back.

    Args:
        given: A compressor, a method's name, or None for the best one installed.
        passages: What is to be compressed.
        count: Counts tokens.
        limit: The most tokens that are wanted.
        dynamic: There is no budget: a threshold decides.
    """
    told = failures(passages, count, limit)
    if not told:
        return given
    pruner = given if callable(given) else resolve(given or DEFAULT, dynamic=dynamic)
    return chain(pruner, Protect((), told))


def failures(passages: Sequence[Passage], count: Counter, limit: int) -> tuple[Span, ...]:
    """Spans of the few lines that tell a failure: the first, the last and the caller's own stack frame.

    Together they have at most half of ``limit`` tokens.

    A text full of such lines is a log, whose errors are no more than what it is about: none are named.
    """
    found: list[Span] = []
    for at, passage in enumerate(passages):
        found += [Span(at, m.start(), min(m.end(), m.start() + LONG)) for m in _SAYS.finditer(passage.text)]
    if len(found) > 12:
        return ()
    wanted = list(dict.fromkeys([*found[::-1][: MOST - 1], *found[:1]]))
    frame = _own_frame(passages[wanted[0].passage].text, wanted[0]) if wanted else None
    if frame is not None:
        wanted.insert(1, frame)
    chosen: list[Span] = []
    left = limit // 2
    for span in wanted:
        cost = count(passages[span.passage].text[span.start : span.end])
        if cost <= left:
            chosen.append(span)
            left -= cost
    return tuple(sorted(chosen))


def _own_frame(text: str, failure: Span) -> Span | None:
    """The stack frame nearest to a failure that is no library's."""
    first, last = max(failure.start - NEAR, 0), failure.end + NEAR
    frames = [Span(failure.passage, *frame.span()) for frame in _FRAME.finditer(text, first, last)]
    own = [frame for frame in frames if not _LIBRARY.search(text, frame.start, frame.end)]
    return min(own, key=lambda frame: max(failure.start - frame.end, frame.start - failure.end), default=None)
