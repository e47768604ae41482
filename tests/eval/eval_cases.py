"""Small questions and readers that many evaluation tests share."""

from __future__ import annotations

from eval.questions import Question
from eval.run import Read
from ragcompress.core.context import Context
from ragcompress.core.render import render
from ragcompress.core.types import Passage, Span

FILLER = "It rained all day in the old town. Nobody went out. The shops stayed closed until the evening."


def question(number: int, *, answer: str = "1815", dataset: str = "toy") -> Question:
    """A question whose answer stands in the second of three passages."""
    gold = f"Ada number {number} was born in {answer}. She wrote about machines."
    end = gold.index(".") + 1
    return Question(
        id=f"q{number}",
        question=f"When was Ada number {number} born?",
        answers=(answer,),
        passages=(
            Passage(FILLER, id="a"),
            Passage(gold, id="b", title="Ada"),
            Passage(FILLER + " Again.", id="c"),
        ),
        support=(Span(1, 0, end),),
        support_type="sentence",
        gold=(1,),
        dataset=dataset,
    )


def copying_reader(asked: str, context: Context) -> Read:
    """Answers with the word before the first full stop behind "born in"; abstains without one."""
    text = render(context)
    if "born in " not in text:
        return Read("", 0.0, True)
    return Read(text.split("born in ")[1].split(".")[0], 0.9, False)
