"""Random structured text: tables, records, logs, chats, lists, code and mixtures of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

__all__ = ["MAKERS", "structured_text", "structured_texts"]

_NAMES = ("Ada", "Bob", "Ines", "Wen", "Paulo", "Marek", "Zoë", "李雷")
_THINGS = ("pump", "gate", "ladder", "Rotor X4", "bridge", "café", "boiler, small", 'hose "long"', "Tür", "橋")
_SAID = (
    "Where is the key?", "It is under the mat.", "ok", "No, unless it rains.", "We have S, M and L.", "Thanks!",
    "The gate closes at 5 p.m. and opens at 8.", "However, this does not apply in August.", "Es kostet 3,50 EUR.",
)  # fmt: skip


def _rows(draw: Random) -> list[tuple[str, int, str]]:
    return [(draw.choice(_THINGS), draw.randint(0, 999), draw.choice(_NAMES)) for _ in range(draw.choice((1, 2, 4, 7)))]


def _records(draw: Random) -> list[dict[str, Any]]:
    return [
        {"id": at, "name": a, "stock": b, "by": {"who": c, "tags": ["x", c]}}
        for at, (a, b, c) in enumerate(_rows(draw))
    ]


def _markdown(draw: Random) -> str:
    return "| Thing | Stock | By |\n|---|---|---|\n" + "".join(f"| {a} | {b} | {c} |\n" for a, b, c in _rows(draw))


def _csv(draw: Random) -> str:
    mark = draw.choice(",;\t")
    quoted = (('"' + a.replace('"', '""') + '"', b, c) for a, b, c in _rows(draw))
    return mark.join(("thing", "stock", "by")) + "\n" + "".join(f"{a}{mark}{b}{mark}{c}\n" for a, b, c in quoted)


def _aligned(draw: Random) -> str:
    return f"{'NAME':16}{'STOCK':8}BY\n" + "".join(f"{a:16}{b:<8}{c}\n" for a, b, c in _rows(draw))


def _pairs(draw: Random) -> str:
    return "".join(f"Product: {a}\nStock: {b}\nContact: {c}\n\n" for a, b, c in _rows(draw))


def _json(draw: Random) -> str:
    value: Any = _records(draw)
    value = draw.choice((value, {"total": len(value), "results": value, "next": None}))
    return json.dumps(value, indent=draw.choice((None, 1, 2)), ensure_ascii=draw.random() < 0.5) + "\n"


def _json_lines(draw: Random) -> str:
    return "".join(json.dumps(record) + "\n" for record in _records(draw))


def _yaml(draw: Random) -> str:
    return "stock:\n" + "".join(
        f"  item{at}:\n    count: {b}\n    by: {c}\n" for at, (_, b, c) in enumerate(_rows(draw))
    )


def _settings(draw: Random) -> str:
    return "".join(f"[item{at}]\n; of {c}\ncount = {b}\n\n" for at, (_, b, c) in enumerate(_rows(draw)))


def _html(draw: Random) -> str:
    line = draw.choice(("", "\n"))
    rows = line.join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b, _ in _rows(draw))
    head = f"<h1>Stock</h1>{line}<p>All of it. Prices exclude VAT.</p>{line}"
    return f"{head}<table><tr><th>Thing</th><th>Count</th></tr>{rows}</table>\n"


def _xml(draw: Random) -> str:
    return (
        "<stock>\n" + "".join(f'  <item by="{c}"><count>{b}</count></item>\n' for _, b, c in _rows(draw)) + "</stock>\n"
    )


def _log(draw: Random) -> str:
    levels = ("INFO", "WARN", "ERROR")
    rows = enumerate(_rows(draw))
    return "".join(
        f"2024-06-01 12:00:{at:02} {draw.choice(levels)} {c}: {a} at {b}\n" + "  more\n" * (b % 3)
        for at, (a, b, c) in rows
    )


def _trace(draw: Random) -> str:
    frames = "".join(f'  File "app/{c}.py", line {b}, in run\n    go({a!r})\n' for a, b, c in _rows(draw))
    return f"Traceback (most recent call last):\n{frames}ValueError: {draw.choice(_SAID)}\n"


def _chat(draw: Random) -> str:
    time = draw.choice(("", "[12:03] ", "2024-06-01 12:03 - "))
    return "".join(f"{time}{draw.choice(_NAMES[:3])}: {draw.choice(_SAID)}\n" for _ in range(draw.choice((2, 4, 8))))


def _list(draw: Random) -> str:
    mark = draw.choice(("- {}", "* {}", "{n}. {}", "({l}) {}"))
    items = ""
    for at, (thing, count, who) in enumerate(_rows(draw)):
        below = f"  - {who}\n" if count % 2 else ""
        items += mark.format(f"{thing}: {count}", n=at + 1, l="abcdefg"[at]) + "\n" + below
    return f"{draw.choice(('Bring all of the following:', 'In stock:', '# Stock'))}\n{items}"


def _faq(draw: Random) -> str:
    return "".join(f"Q: How many of {a}?\nA: {b}. {draw.choice(_SAID)}\n\n" for a, b, _ in _rows(draw))


def _code(draw: Random) -> str:
    fence = draw.choice(("", "```python\n"))
    body = "".join(
        f"def count{at}(by={c!r}):\n    # of things\n    if not by:\n        return {b}\n    return 0\n\n\n"
        for at, (_, b, c) in enumerate(_rows(draw))
    )
    return f"{fence}import math\n\n{body}" + ("```\n" if fence else "")


def _mail(draw: Random) -> str:
    head = f"From: {draw.choice(_NAMES)} <a@example.org>\nDate: 3 June 2024\nSubject: {draw.choice(_THINGS)}\n"
    return f"{head}\nHi,\n\n{draw.choice(_SAID)} {draw.choice(_SAID)}\n> {draw.choice(_SAID)}\n"


def _cues(draw: Random) -> str:
    return "".join(
        f"{at}\n00:00:0{at},000 --> 00:00:0{at},900\n{draw.choice(_SAID)}\n\n"
        for at in range(1, draw.choice((2, 4, 8)))
    )


def _diff(draw: Random) -> str:
    return "".join(f"--- a/{c}\n+++ b/{c}\n@@ -1,2 +1,2 @@\n same\n-{b}\n+{b + 1}\n" for _, b, c in _rows(draw))


def _terminal(draw: Random) -> str:
    return "".join(f"$ ls {c}\n{b} {a}\n" for a, b, c in _rows(draw))


def _prose(draw: Random) -> str:
    lead = draw.choice(("# Opening\n\n", "Opening\n=======\n\n", "", "**Scope.** "))
    return lead + " ".join(draw.choice(_SAID[3:]) for _ in range(draw.choice((1, 3, 6)))) + "\n"


MAKERS: dict[str, Callable[[Random], str]] = {
    "table": _markdown, "csv": _csv, "aligned": _aligned, "pairs": _pairs, "json": _json, "jsonl": _json_lines,
    "yaml": _yaml, "settings": _settings, "html": _html, "xml": _xml, "log": _log, "trace": _trace, "chat": _chat,
    "list": _list, "faq": _faq, "code": _code, "mail": _mail, "subtitles": _cues, "diff": _diff,
    "terminal": _terminal, "prose": _prose,
}  # fmt: skip
"""For every kind a function that makes a text of it."""


def structured_text(draw: Random) -> str:
    """A text of one kind, now and then of several or cut off; the same for the same state of ``draw``."""
    makers = tuple(MAKERS.values())
    text = "\n".join(draw.choice(makers)(draw) for _ in range(draw.choice((1, 1, 1, 2, 3))))
    return text[: draw.randint(0, len(text))] if draw.random() < 0.15 else text


def structured_texts() -> Any:
    """The same as a strategy for hypothesis."""
    from hypothesis import strategies

    return strategies.integers(0, 2**32).map(lambda seed: structured_text(Random(seed)))
