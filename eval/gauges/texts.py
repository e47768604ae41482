"""Long text of four kinds, made from a seed, with one fact in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

__all__ = ["KINDS", "QUESTION", "long_text"]

QUESTION = "Who painted the lighthouse of Zanzibar in 1911?"
FACT = "Ada Lindqvist"
_NOUNS = ("tower", "bridge", "harbour", "museum", "garden", "station", "castle", "river", "market", "library", "school")
_VERBS = ("opened", "closed", "rebuilt", "extended", "sold", "founded", "painted", "moved", "renamed", "measured")
_NAMES = [f"{a}{b}{c}" for a in ("Bre", "Dor", "Fal", "Gri", "Hol", "Mar") for b in ("en", "ov", "il") for c in "dkmst"]


def _prose(pick: Random, at: int) -> str:
    told = (
        f"The {pick.choice(_NOUNS)} of {pick.choice(_NAMES)} was {pick.choice(_VERBS)} in {pick.randrange(1700, 2024)} "
        f"by the {pick.choice(_NOUNS)} and its {pick.choice(_NOUNS)}."
        for _ in range(5)
    )
    return " ".join(told) + "\n\n"


def _log(pick: Random, at: int) -> str:
    clock = f"{at // 3600 % 24:02d}:{at // 60 % 60:02d}:{at % 60:02d}"
    level = pick.choice(("INFO", "WARN", "ERROR"))
    said = f"request {pick.randrange(10**6)} from {pick.choice(_NAMES)} {pick.choice(_VERBS)}"
    return f"2024-05-{1 + at // 86400 % 28:02d} {clock} {level} [{pick.choice(_NOUNS)}] {said}\n"


def _json(pick: Random, at: int) -> str:
    record = {
        "id": at,
        "name": f"{pick.choice(_NOUNS)} of {pick.choice(_NAMES)}",
        "year": pick.randrange(1700, 2024),
        "tags": [pick.choice(_NOUNS), pick.choice(_VERBS)],
        "owner": {"name": pick.choice(_NAMES)},
    }
    return f"  {json.dumps(record)},\n"


def _csv(pick: Random, at: int) -> str:
    name = f"{pick.choice(_NOUNS)} {pick.choice(_VERBS)}"
    return f"{at},{name},{pick.choice(_NAMES)},{pick.randrange(1700, 2024)},{pick.randrange(10**6)}\n"


KINDS: dict[str, tuple[Callable[[Random, int], str], str, str, str]] = {
    "prose": (_prose, "", f"The lighthouse of Zanzibar was painted in 1911 by {FACT}.\n\n", ""),
    "log": (_log, "", f"2024-05-20 11:11:11 ERROR [lighthouse] Zanzibar painted in 1911 by {FACT}\n", ""),
    "json": (
        _json,
        "[\n",
        f'  {{"id": 0, "name": "lighthouse of Zanzibar", "year": 1911, "painted": "{FACT}"}},\n',
        '  {"id": -1}\n]\n',
    ),
    "csv": (_csv, "id,name,city,year,visitors\n", f"0,lighthouse painted by {FACT},Zanzibar,1911,4711\n", ""),
}
"""By name: what makes a piece, what stands at the beginning, the fact, and what stands at the end."""


def long_text(kind: str, size: int) -> str:
    """About ``size`` characters, the fact after three fifths of them."""
    make, begin, fact, end = KINDS[kind]
    pick, parts, length, told = Random(1), [begin], len(begin), False
    for at in range(1, size):
        parts.append(make(pick, at))
        length += len(parts[-1])
        if not told and length > 0.6 * size:
            parts.append(fact)
            told = True
        if length >= size:
            break
    return "".join([*parts, end])
