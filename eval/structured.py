"""Questions over structured text whose right answer is known by construction: tables, records, logs, chats, contracts.

    python -m eval structured --seeds 5,6 --budgets 0.1,0.2,0.3

Every kind makes a text of its own, with a question about one unit of it. What must be kept is that unit and what it
can't be understood without (header, heading, key path, speaker, question, condition), each a string of the text.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import made_records as records
from . import made_texts as texts
from .made_records import Text

__all__ = ["KINDS", "Asked", "questions"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question.

    Attributes:
        kind: Of the text that answers.
        question: What is asked.
        passages: The answering text among others.
        wanted: Strings that must all be kept, white space aside.
    """

    kind: str
    question: str
    passages: tuple[str, ...]
    wanted: tuple[str, ...]

    def held(self, text: str) -> bool:
        """Whether ``text`` holds all that is wanted."""
        flat = " ".join(text.split())
        return all(" ".join(want.split()) in flat for want in self.wanted)


KINDS: dict[str, Callable[[random.Random], Text]] = {
    make.__name__: make
    for make in (
        records.markdown_table, records.csv_table, records.tsv_table, records.fixed_width, records.html_table,
        records.data_sheet, records.opening_hours, records.invoice, records.ini, records.yaml, records.json_array,
        records.json_lines, records.log, records.trace, texts.chat, texts.subtitles, texts.email, texts.bullets,
        texts.sections, texts.clauses, texts.faq, texts.definitions, texts.code, texts.terminal, texts.exception,
        texts.pronoun, texts.transcript,
    )
}  # fmt: skip
"""Every kind of text by name."""


def questions(seeds: Sequence[int], per_kind: int = 4) -> list[Asked]:
    """The questions of all kinds; the same ones for the same seeds.

    The answering text stands among one more of its kind and two of other kinds.
    """
    found = []
    for seed in seeds:
        for kind, make in KINDS.items():
            rng = random.Random(f"{seed} {kind}")
            for _ in range(per_kind):
                text, ask, wanted = make(rng)
                others = [make(rng)[0], *(KINDS[other](rng)[0] for other in rng.sample(sorted(set(KINDS) - {kind}), 2))]
                passages = [text, *others]
                rng.shuffle(passages)
                found.append(Asked(kind, ask, tuple(passages), tuple(wanted)))
    return found
