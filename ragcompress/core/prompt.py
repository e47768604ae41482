"""From a rendered context to the prompt a generator reads, and the budget that leaves room for both."""

from __future__ import annotations

from ragcompress.core.budget import Counter, TokenBudget
from ragcompress.core.untrusted import DATA, fenced, inert

__all__ = ["INSTRUCTIONS", "prompt", "prompt_budget"]

INSTRUCTIONS = (
    "Answer the question from the passages below, as briefly as you can. "
    f"If they do not hold the answer, say that you do not know. {DATA}"
)

MARKS = " 0" * 10  # by so much the marks around one text may count more than those around another


def prompt(question: str, rendered: str, instructions: str = INSTRUCTIONS) -> str:
    """Instructions, the rendered context between marks that it can't forge, the question.

    >>> print(prompt("Who?", "Ada wrote it.", "Answer."))
    Answer.
    <BLANKLINE>
    <passages fedc8f0e>
    Ada wrote it.
    </passages fedc8f0e>
    <BLANKLINE>
    Question: Who?
    Answer:
    """
    passages = fenced(inert(rendered), question) if rendered else ""
    return "\n\n".join(part for part in (instructions, passages, f"Question: {question}\nAnswer:") if part)


def prompt_budget(
    question: str, window: int, *, count: Counter, answer_reserve: int = 256, instructions: str = INSTRUCTIONS
) -> TokenBudget:
    """What `prompt` leaves for the context in a window of ``window`` tokens.

    Raises:
        InvalidInput: Instructions, question and answer reserve alone exceed the window.
    """
    frame = prompt(question, "\n\n", instructions) + MARKS
    return TokenBudget.for_prompt(window, frame, answer_reserve=answer_reserve, count=count)
