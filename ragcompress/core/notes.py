"""What a user should be told, as a value: a text to read, and a code for programs to act on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

__all__ = ["CODES", "Code", "Warning", "typed"]

Code = Literal[
    "failed",  # a method, model, counter or renderer failed, and something simpler answered
    "out-of-time",  # the deadline came first, and something simpler answered
    "language",  # the model can't read this language; words decided
    "size",  # too much text for a model or for reading closely; words decided, or chose what was read
    "nothing-relevant",  # nothing was relevant enough; what stands in for it is what `when_nothing` says
    "does-not-fit",  # the best unit, something protected, or even the empty text is over the budget
    "whole-question",  # the question is about the whole text, so relevance did not decide
    "unfaithful",  # what a model wrote was not in its source, and was left out
    "queue",  # a server was too busy to do more than look for words
    "shadow",  # a server only watched, and took nothing out
    "other",
]
CODES: tuple[str, ...] = get_args(Code)


class Warning(str):
    """A str with a code; equal to, printed and stored as its text.

    Attributes:
        code: What happened, one of `CODES`.

    >>> told = Warning("dense failed: OSError; words decided instead", "failed")
    >>> told.code, told == "dense failed: OSError; words decided instead"
    ('failed', True)
    """

    code: str

    def __new__(cls, message: str, code: str = "other") -> Warning:
        """A text and its code; one that is not in `CODES`, from a newer server perhaps, is ``"other"``."""
        made = super().__new__(cls, message)
        made.code = code if code in CODES else "other"
        return made

    @property
    def message(self) -> str:
        """The text alone."""
        return str(self)


def typed(notes: Iterable[str]) -> tuple[Warning, ...]:
    """Notes as warnings; a plain str, from someone's own compressor, gets the code ``"other"``."""
    return tuple(note if isinstance(note, Warning) else Warning(note) for note in notes)
