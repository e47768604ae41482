"""From a rendered context to the prompt a generator reads, and the budget that leaves room for both."""

from __future__ import annotations

from ragcompress.core.budget import Counter, TokenBudget

__all__ = ["INSTRUCTIONS", "prompt", "prompt_budget"]

INSTRUCTIONS = (
    "Answer the question from the passages below, as briefly as you can. "
    "If they do not hold the answer, say that you do not know."
)


def prompt(question: str, rendered: str, instructions: str = INSTRUCTIONS) -> str:
    """Instructions, the rendered context, the question.

    >>> print(prompt("Who?", "Ada wrote it.", "Answer."))
    Answer.
    <BLANKLINE>
    Ada wrote it.
    <BLANKLINE>
    Question: Who?
    Answer:
    """
    return "\n\n".join(part for part in (instructions, rendered, f"Question: {question}\nAnswer:") if part)


def prompt_budget(
    question: str, window: int, *, count: Counter, answer_reserve: int = 256, instructions: str = INSTRUCTIONS
) -> TokenBudget:
    """What `prompt` leaves for the context in a window of ``window`` tokens.

    Raises:
        InvalidInput: Instructions, question and answer reserve alone exceed the window.
    """
    frame = prompt(question, "\n\n", instructions)
    return TokenBudget.for_prompt(window, frame, answer_reserve=answer_reserve, count=count)
