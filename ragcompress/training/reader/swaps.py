"""Questions turned into ones that their paragraph no longer answers: a name, number or key word is exchanged."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

__all__ = ["swap_question"]

_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'-]*(?: (?:of |the |de )?[A-Z][\w'-]*)*")
_NUMBER = re.compile(r"\b\d[\d,.]*\b")
_OPPOSITES = (
    ("most", "least"), ("first", "last"), ("before", "after"), ("largest", "smallest"), ("highest", "lowest"),
    ("oldest", "newest"), ("more", "less"), ("began", "ended"), ("start", "end"), ("started", "ended"),
    ("increase", "decrease"), ("increased", "decreased"), ("north", "south"), ("east", "west"),
    ("northern", "southern"), ("eastern", "western"), ("won", "lost"), ("male", "female"), ("men", "women"),
    ("best", "worst"), ("early", "late"), ("inside", "outside"), ("allowed", "forbidden"), ("can", "cannot"),
    ("is", "isn't"), ("was", "wasn't"), ("did", "didn't"), ("does", "doesn't"),
)  # fmt: skip
_EXCHANGE = dict(_OPPOSITES) | {b: a for a, b in _OPPOSITES}
_NEGATIONS = frozenset({"is", "was", "did", "does", "can"})


def swap_question(question: str, others: Sequence[str], rng: random.Random) -> str | None:
    """The question with one name or number taken from another question of the article, or one word reversed.

    Args:
        question: A question that its paragraph answers.
        others: Questions on the same article, the source of names and numbers.
        rng: Decides which part goes and what comes.

    Returns:
        The changed question; None when it has nothing to exchange.
    """
    attempts = [_swap_match, _swap_word]
    rng.shuffle(attempts)
    for attempt in attempts:
        changed = attempt(question, others, rng)
        if changed:
            return changed
    return None


def _swap_match(question: str, others: Sequence[str], rng: random.Random) -> str | None:
    found = [(m, _NUMBER) for m in _NUMBER.finditer(question)] + [(m, _NAME) for m in _NAME.finditer(question)]
    if not found:
        return None
    match, pattern = rng.choice(found)
    sample = rng.sample(others, min(len(others), 12))
    pool: list[str] = [
        other for text in sample for other in pattern.findall(text) if other.lower() not in question.lower()
    ]
    if not pool:
        return None
    return question[: match.start()] + rng.choice(pool) + question[match.end() :]


def _swap_word(question: str, _: Sequence[str], rng: random.Random) -> str | None:
    words = question.split(" ")
    strong = [at for at, word in enumerate(words) if word in _EXCHANGE and word not in _NEGATIONS]
    weak = [at for at, word in enumerate(words) if word in _NEGATIONS]
    places = strong or (weak if rng.random() < 0.3 else [])
    if not places:
        return None
    at = rng.choice(places)
    words[at] = _EXCHANGE[words[at]]
    return " ".join(words)
