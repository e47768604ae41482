"""Input made to be slow: what it costs must grow with its length and not faster, and every answer be lawful."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import ragcompress as rc

from .figures import Figure

__all__ = ["LOADS", "broken", "hostile"]

Load = Callable[[int], tuple[str, list[str]]]
GROWTH = 3.0  # times the work for twice the input; twice is linear, four times is quadratic
LEAST = 0.2  # seconds below which a ratio says nothing

LOADS: dict[str, Load] = {
    "units of one character": lambda n: ("What is b?", ["\n".join("ab"[at % 7 == 0] for at in range(n // 2))]),
    "sentences of one letter": lambda n: ("What is A?", ["A. " * (n // 3)]),
    "no space": lambda n: ("What is xyz?", ["x" * n]),
    "no space, Chinese": lambda n: ("什么?", ["一" * n]),
    "passages": lambda n: ("What is 17?", [f"Passage {at} says {at * 7}." for at in range(n // 25)]),
    "duplicates": lambda n: ("What is said?", ["The same is said again, and it is no shorter for it."] * (n // 50)),
    "words of a question": lambda n: ("why " * (n // 4) + "?", ["It rained. Why it is so nobody knows."]),
    "scripts in turn": lambda n: ("什么 tower?", ["aб α一 あ가 अ" * (n // 10)]),
    "brackets": lambda n: ("What is it?", ["[" * (n // 2) + "]" * (n // 2)]),
    "objects": lambda n: ("What is it?", ['{"a":' * (n // 6) + "1" + "}" * (n // 6)]),
    "tags": lambda n: ("What is it?", ["<div>" * (n // 11) + "x" + "</div>" * (n // 11)]),
    "quotes": lambda n: ("What is it?", ['"' * n]),
    "escapes": lambda n: ("What is it?", ['["' + '\\"' * (n // 2) + '"]']),
    "dots": lambda n: ("What is it?", ["." * n]),
    "lines": lambda n: ("What is it?", ["\n" * n]),
    "spaces": lambda n: ("What is it?", [" " * n]),
    "bars": lambda n: ("What is it?", ["|" * n]),
    "rows": lambda n: ("What is it?", ["| a | b |\n" * (n // 10)]),
    "commas": lambda n: ("What is it?", [("a," * 50 + "\n") * (n // 101)]),
    "pairs": lambda n: ("What is key 3?", ["".join(f"key{at}: value {at}\n" for at in range(n // 18))]),
    "items": lambda n: ("What is it?", ["- a\n" * (n // 4)]),
    "steps inward": lambda n: ("What is it?", ["".join(" " * (at % 60) + "- a\n" for at in range(n // 34))]),
    "headings": lambda n: ("What is it?", ["".join("#" * (at % 6 + 1) + " Head\n" for at in range(n // 9))]),
    "quoted mail": lambda n: ("What is it?", [">" * n]),
    "turns": lambda n: ("What is it?", ["A: yes\nB: no\n" * (n // 13)]),
    "code": lambda n: ("What is it?", ["def f():\n    return 1\n" * (n // 22)]),
    "fences": lambda n: ("What is it?", ["```\n" * (n // 4)]),
    "log lines": lambda n: ("What failed?", ["".join(f"2024-06-01 12:00 INFO {at}\n" for at in range(n // 30))]),
    "entities": lambda n: ("What?", ["&lt;" * (n // 4)]),
    "marks on a letter": lambda n: ("What?", ["a" + "\u0301" * n]),
    "lone surrogates": lambda n: ("What?", ["\ud800" * n]),
    "abbreviations": lambda n: ("What?", ["Dr. " * (n // 4)]),
    "exceptions": lambda n: ("What is allowed?", ["It is allowed except if not. " * (n // 29)]),
}  # fmt: skip


def hostile(size: int, *, method: str = "lexical", names: tuple[str, ...] = tuple(LOADS)) -> Figure:
    """Compress each load at ``size`` characters and at twice as many."""
    bad, slowest = [], (0.0, "")
    for name in names:
        once, wrong = _timed(LOADS[name](size), method)
        twice, wrong_too = _timed(LOADS[name](2 * size), method)
        if wrong or wrong_too:
            bad.append(f"{name}: {wrong or wrong_too}")
        elif twice > max(GROWTH * once, LEAST):
            bad.append(f"{name}: {once:.2f} s, twice as much {twice:.2f} s")
        slowest = max(slowest, (twice, name))
    told = f"{2 * size:,} characters; slowest: {slowest[1]}, {slowest[0]:.1f} s of processor time"
    return Figure(f"hostile loads, {method}", 2 * len(names), len(bad), "; ".join(bad[:4]) or told)


def _timed(load: tuple[str, list[str]], method: str) -> tuple[float, str]:
    began = process_time()
    out = rc.compress(*load, 100, method)
    return process_time() - began, broken(out)


def broken(out: rc.Compressed) -> str:
    """What is unlawful in an answer; "" if nothing is."""
    if out.tokens_out > out.limit:
        return f"{out.tokens_out} tokens, {out.limit} allowed"
    if out.tokens_out > out.tokens_in:
        return f"{out.tokens_out} tokens out of {out.tokens_in}"
    if not all(out.context.is_verbatim(at) for at in range(len(out.context.segments))):
        return "what is kept is not what stands there"
    if any(warning.code in ("failed", "out-of-time") for warning in out.warnings):
        return str(next(warning for warning in out.warnings if warning.code in ("failed", "out-of-time")))[:100]
    return ""
