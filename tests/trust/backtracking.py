"""How many steps a regular expression takes: a matcher that backtracks as Python's does, and counts.

Timings lie on a busy machine; counted steps don't. `cost` tries a pattern at every place of a text, as ``findall``
does, or at its beginning alone, as ``match`` does. `attacks` makes texts that are hard for a pattern, from its parts.
Bounded repeats are shortened, ``x{0,80}`` to ``x{0,4}``: they cost a constant, and short texts then tell the growth.
"""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Callable, Iterator
from functools import cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST = 60_000  # steps after which a text is given up as too hard
_BOUND = 4
_ALPHABET = string.ascii_letters + string.digits + string.punctuation + " \t\n\r\x00\u00e9\u4e00\u2026\u201d\u2028"
End = int | None
Then = Callable[[int], End]
Node = Callable[[int, Then], End]
_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    sre.CATEGORY_DIGIT: str.isdecimal,
    sre.CATEGORY_NOT_DIGIT: lambda c: not c.isdecimal(),
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    sre.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    sre.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}


class TooMany(Exception):
    """More than `MOST` steps."""


class Counting:
    """One pattern, ready to be run on texts."""

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        self.flags = pattern.flags
        self.parsed = parser.parse(
            pattern.pattern,
            pattern.flags & ~re.DEBUG & ~sre.SRE_FLAG_UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags,
        )
        self.text, self.steps = "", 0
        self.groups: dict[int, tuple[int, int]] = {}
        self.singles: list[Callable[[str], bool]] = []  # every place that takes one character
        self.run = self._sequence(self.parsed)

    def cost(self, text: str, *, everywhere: bool) -> int:
        """Steps over a text; `MOST` where they are more."""
        self.text, self.steps, at = text, 0, 0
        deepest = sys.getrecursionlimit()
        sys.setrecursionlimit(50_000)
        try:
            while at <= len(text):
                self.groups = {}
                self._step()
                end = self.run(at, lambda stop: stop)
                if not everywhere:
                    break
                at = end if end is not None and end > at else at + 1
        except TooMany:
            return MOST
        finally:
            sys.setrecursionlimit(deepest)
        return self.steps

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MOST:
            raise TooMany

    def _sequence(self, items: Any) -> Node:
        nodes = [self._node(op, value) for op, value in items]

        def run(start: int, then: Then, at: int = 0) -> End:
            if at == len(nodes):
                return then(start)
            return nodes[at](start, lambda stop: run(stop, then, at + 1))

        return run

    def _node(self, op: Any, value: Any) -> Node:
        takes = self._taking(op, value)
        if takes is not None:
            takes = cache(takes)
            self.singles.append(takes)

            def one(at: int, then: Then) -> End:
                self._step()
                return then(at + 1) if at < len(self.text) and takes(self.text[at]) else None

            return one
        makers: dict[Any, Callable[[Any], Node]] = {
            sre.BRANCH: self._branch, sre.SUBPATTERN: self._group, sre.AT: self._place, sre.ASSERT: self._look,
            sre.ASSERT_NOT: lambda v: self._look(v, wanted=False), sre.GROUPREF: self._again,
            sre.MAX_REPEAT: lambda v: self._repeat(v, greedy=True),
            sre.MIN_REPEAT: lambda v: self._repeat(v, greedy=False),
            sre.ATOMIC_GROUP: self._atomic, sre.POSSESSIVE_REPEAT: self._possessive,
        }  # fmt: skip
        return makers[op](value)

    def _taking(self, op: Any, value: Any) -> Callable[[str], bool] | None:
        """What a node that reads one character accepts."""
        if op is sre.LITERAL:
            return self._folding(lambda c: ord(c) == value)
        if op is sre.NOT_LITERAL:
            return lambda c: ord(c) != value
        if op is sre.ANY:
            return (lambda c: True) if self.flags & re.DOTALL else (lambda c: c != "\n")
        if op is not sre.IN:
            return None
        tests = [self._item(*item) for item in value if item[0] is not sre.NEGATE]
        found = self._folding(lambda c: any(test(c) for test in tests))
        return (lambda c: not found(c)) if value[0][0] is sre.NEGATE else found

    def _item(self, op: Any, value: Any) -> Callable[[str], bool]:
        if op is sre.LITERAL:
            return lambda c: ord(c) == value
        if op is sre.RANGE:
            return lambda c: value[0] <= ord(c) <= value[1]
        return _CATEGORIES[value]

    def _folding(self, takes: Callable[[str], bool]) -> Callable[[str], bool]:
        if not self.flags & re.IGNORECASE:
            return takes
        return lambda c: takes(c) or any(len(d) == 1 and takes(d) for d in (c.lower(), c.upper()))

    def _branch(self, value: Any) -> Node:
        ways = [self._sequence(items) for items in value[1]]

        def run(at: int, then: Then) -> End:
            for way in ways:
                self._step()
                stop = way(at, then)
                if stop is not None:
                    return stop
            return None

        return run

    def _group(self, value: Any) -> Node:
        number, _, _, items = value
        inner = self._sequence(items)
        if number is None:
            return inner

        def run(at: int, then: Then) -> End:
            def closed(stop: int) -> End:
                before = self.groups.get(number)
                self.groups[number] = (at, stop)
                found = then(stop)
                if found is None and before is not None:
                    self.groups[number] = before
                return found

            return inner(at, closed)

        return run

    def _again(self, number: int) -> Node:
        def run(at: int, then: Then) -> End:
            start, stop = self.groups.get(number, (0, -1))
            same = stop >= start and self.text.startswith(self.text[start:stop], at)
            self._step()
            return then(at + stop - start) if same else None

        return run

    def _place(self, where: Any) -> Node:
        lines = bool(self.flags & re.MULTILINE)

        def word(at: int) -> bool:
            return 0 <= at < len(self.text) and _CATEGORIES[sre.CATEGORY_WORD](self.text[at])

        def holds(at: int) -> bool:
            if where is sre.AT_BEGINNING_STRING or (where is sre.AT_BEGINNING and not lines):
                return at == 0
            if where is sre.AT_BEGINNING:
                return at == 0 or self.text[at - 1] == "\n"
            if where is sre.AT_END_STRING:
                return at == len(self.text)
            if where is sre.AT_END:
                return at == len(self.text) or (self.text[at] == "\n" and (lines or at == len(self.text) - 1))
            return (word(at - 1) != word(at)) is (where is sre.AT_BOUNDARY)

        def run(at: int, then: Then) -> End:
            self._step()
            return then(at) if holds(at) else None

        return run

    def _look(self, value: Any, *, wanted: bool = True) -> Node:
        direction, items = value
        inner, width = self._sequence(items), items.getwidth()[0]

        def run(at: int, then: Then) -> End:
            self._step()
            start = at if direction > 0 else at - width
            met = start >= 0 and inner(start, lambda stop: stop) is not None
            return then(at) if met is wanted else None

        return run

    def _atomic(self, items: Any) -> Node:
        inner = self._sequence(items)

        def run(at: int, then: Then) -> End:
            stop = inner(at, lambda stop: stop)
            return None if stop is None else then(stop)

        return run

    def _bounds(self, value: Any) -> tuple[int, float, Node]:
        least, most, items = value
        most = float("inf") if most is sre.MAXREPEAT else most if most <= _BOUND else _BOUND
        return min(least, _BOUND), most, self._sequence(items)

    def _run_of(self, value: Any) -> Node:
        """A greedy repeat of one character."""
        least, most, _ = self._bounds(value)
        takes = self.singles[-1]

        def run(at: int, then: Then) -> End:
            stop, text = at, self.text
            last = min(len(text), at + most)
            while stop < last and takes(text[stop]):
                stop += 1
            self.steps += stop - at
            for end in range(stop, at + least - 1, -1):
                self._step()
                found = then(end)
                if found is not None:
                    return found
            return None

        return run

    def _possessive(self, value: Any) -> Node:
        least, most, inner = self._bounds(value)

        def run(at: int, then: Then) -> End:
            count = 0
            while count < most:
                stop = inner(at, lambda stop: stop)
                if stop is None:
                    break
                count += 1
                if stop == at:
                    break
                at = stop
            return then(at) if count >= least else None

        return run

    def _repeat(self, value: Any, *, greedy: bool) -> Node:
        if greedy and len(value[2]) == 1 and self._taking(*value[2][0]) is not None:
            return self._run_of(value)
        least, most, inner = self._bounds(value)

        def more(at: int, then: Then, count: int) -> End:
            if count >= most:
                return None
            return inner(at, lambda stop: None if stop == at and count >= least else go(stop, then, count + 1))

        def go(at: int, then: Then, count: int) -> End:
            self._step()
            if count < least:
                return more(at, then, count)
            if greedy:
                stop = more(at, then, count)
                return then(at) if stop is None else stop
            stop = then(at)
            return more(at, then, count) if stop is None else stop

        return lambda at, then: go(at, then, 0)


def attacks(pattern: Counting, size: int, times: int = 1) -> Iterator[str]:
    """Texts of about ``size`` characters: what leads up to a repeat, much of what it takes, a bad end."""
    kinds: dict[tuple[bool, ...], str] = {}
    for char in _ALPHABET:
        kinds.setdefault(tuple(takes(char) for takes in pattern.singles), char)
    letters = list(kinds.values())
    heads, bodies = [""], letters[:10]
    for before, body in _repeats(pattern, list(pattern.parsed), ""):
        heads.append(before)
        bodies.append(body)
    bodies.append(_witness(pattern, pattern.parsed))
    for head in list(dict.fromkeys(heads))[:6]:
        for body in dict.fromkeys(filter(None, bodies)):
            for tail in ("\n!", "\x00") if head else ("", "\x00"):
                yield head + body * (max(size // len(body), 3) * times) + tail
    for pair in (a + b for a in letters[:5] for b in letters[:5] if a != b):
        yield pair * (size // 2 * times)


def _repeats(pattern: Counting, items: list[Any], before: str) -> Iterator[tuple[str, str]]:
    """For each repeat: a text that leads up to it, and one that it takes."""
    for op, value in items:
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            yield before, _witness(pattern, value[2])
            yield from _repeats(pattern, list(value[2]), before)
        elif op is sre.SUBPATTERN:
            yield from _repeats(pattern, list(value[3]), before)
        elif op is sre.ATOMIC_GROUP:
            yield from _repeats(pattern, list(value), before)
        elif op is sre.BRANCH:
            for way in value[1]:
                yield from _repeats(pattern, list(way), before)
        elif op in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _repeats(pattern, list(value[1]), before)
        before += _witness(pattern, [(op, value)])


def _witness(pattern: Counting, items: Any) -> str:
    """A short text that these nodes take."""
    out = ""
    for op, value in items:
        takes = pattern._taking(op, value)
        if takes is not None:
            out += next((c for c in _ALPHABET if takes(c)), chr(value) if op is sre.LITERAL else "x")
        elif op is sre.BRANCH:
            out += _witness(pattern, value[1][0])
        elif op is sre.SUBPATTERN:
            out += _witness(pattern, value[3])
        elif op is sre.ATOMIC_GROUP:
            out += _witness(pattern, value)
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            out += _witness(pattern, value[2]) * min(max(value[0], 1), _BOUND)
    return out


def growth(pattern: re.Pattern[Any], *, everywhere: bool, size: int = 24) -> tuple[float, str]:
    """How the steps grow when a text doubles, at worst, and the text: 2 is linear, 4 quadratic, `MOST` far beyond."""
    counting = Counting(pattern)
    worst, shown = 0.0, ""
    for short, long in zip(attacks(counting, size), attacks(counting, size, 2), strict=True):
        steps = counting.cost(long, everywhere=everywhere)
        if steps < 12 * size:  # a few steps a character: whatever they grow by, they are few
            continue
        factor = float(MOST) if steps >= MOST else steps / counting.cost(short, everywhere=everywhere)
        if factor > worst:
            worst, shown = factor, short
    return worst, shown
