"""A language model answers from what each way of shortening leaves: resumable, every prompt and reply kept.

The loop goes question by question, so that a run that is stopped has the same questions under every context.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from time import perf_counter
from typing import Any

from ragcompress import methods
from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import fill, render, whole
from ragcompress.generators.chat import Chat
from ragcompress.generators.grounded import Grounded, sent
from ragcompress.generators.prompting import CLOSED_BOOK, Prompt
from ragcompress.scorers import DenseScorer

from .bounds import Oracle, full
from .metrics import exact_match, f1, holds_answer
from .questions import Question
from .rows import RowWriter, whole_lines

__all__ = ["CONTEXTS", "FILE", "AnswerRow", "Shown", "answer_questions", "read_answers"]

FILE = "answers.jsonl"
NONE = "none"
CONTEXTS = (
    "full,none,labeller@0.05,labeller@0.1,labeller@0.2,labeller,truncate@0.1,passages@0.1,embeddings@0.1,"
    "labelled-words@0.1,oracle@0.1"
)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One question answered from one context.

    Attributes:
        dataset: Name of the data set.
        id: The question's id in it.
        context: How it was made: ``full``, ``none``, or a method, with ``@`` and the fraction kept.
        question: What was asked.
        answers: What is right; empty: the passages do not answer.
        prompt: The user's message as it was sent.
        reply: What the model said, whole.
        answer: Its answer without citations; "" when it abstained.
        citations: Passages cited and sent, from 1.
        unsent: Passages cited and not sent.
        abstained: The model says that the context does not answer.
        kept: 1.0 if an answer stands in what was sent.
        em: Exact match of the answer's first line; of an unanswerable question 1.0 if the model abstained.
        f1: Likewise.
        contained: 1.0 if an answer stands in the model's answer; of an unanswerable one 1.0 if it abstained.
        cited_gold: Share of its citations that name a passage with the answer; None without citations.
        prompt_tokens: Tokens read, as the model counts.
        completion_tokens: Tokens written.
        cached_tokens: Of those read, from the server's prompt cache.
        compress_s: Seconds to shorten.
        first_s: Seconds from there to the first text.
        seconds: Seconds from there to the end.
        error: Why there is no answer; it then counts as zero.
    """

    dataset: str
    id: str
    context: str
    question: str = ""
    answers: tuple[str, ...] = ()
    prompt: str = ""
    reply: str = ""
    answer: str = ""
    citations: tuple[int, ...] = ()
    unsent: tuple[int, ...] = ()
    abstained: bool = False
    kept: float = 0.0
    em: float = 0.0
    f1: float = 0.0
    contained: float = 0.0
    cited_gold: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    compress_s: float = 0.0
    first_s: float = 0.0
    seconds: float = 0.0
    error: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it in a run."""
        return self.dataset, self.id, self.context

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown to the model.

    Attributes:
        name: As in the rows.
        make: Makes the compressor of a question; None: no passages at all.
        fraction: Of the whole context's tokens; None: the method decides.
    """

    name: str
    make: Callable[[Question], Compressor] | None
    fraction: float | None

    @classmethod
    def named(cls, name: str) -> Shown:
        """From ``full``, ``none``, ``METHOD`` or ``METHOD@FRACTION``; beside ``ragcompress methods`` there are
        ``oracle`` (gold sentences first) and ``embeddings`` (whole passages by cosine, as LangChain's filter does).

        Raises:
            InvalidInput: The method or the fraction is none.
        """
        method, _, after = name.partition("@")
        try:
            fraction = float(after) if after else None
        except ValueError:
            raise InvalidInput(f"{name!r}: after @ stands the fraction to keep, such as labeller@0.1") from None
        if fraction is not None and not 0 < fraction <= 1:
            raise InvalidInput(f"{name!r}: the fraction to keep is above 0 and up to 1, not {fraction:g}")
        if method == NONE:
            return cls(name, None, None)
        if method == "oracle":
            return cls(name, Oracle.of, fraction)
        special = {"full": full, "embeddings": by_cosine}.get(method)
        compressor = special or methods.resolve(method, dynamic=fraction is None)
        return cls(name, lambda question: compressor, fraction)


def by_cosine(context: Context, budget: TokenBudget) -> Context:
    """Whole passages, the nearest to the question first, as far as they fit."""
    return fill(DenseScorer()(context), budget)  # a context is split by passages until it is split otherwise


def answer_questions(
    questions: Sequence[Question], shown: Sequence[Shown], chat: Chat, folder: Path, *, progress: Any = None
) -> int:
    """Answer what ``folder`` does not hold yet; the number of new rows is returned.

    Args:
        questions: What to ask.
        shown: Under which contexts.
        chat: What answers.
        folder: Where ``answers.jsonl`` is.
        progress: Called after every question with its number from 1.
    """
    done = {row.key for row in read_answers(folder)}
    written = 0
    with RowWriter(folder, FILE) as writer:
        for number, question in enumerate(questions, start=1):
            for one in shown:
                if (question.dataset, question.id, one.name) not in done:
                    writer.write([_answer(question, one, chat)])
                    written += 1
            if progress is not None:
                progress(number)
    return written


def read_answers(folder: Path) -> Iterator[AnswerRow]:
    """The rows of a run; a last line cut short by a kill is passed over."""
    path = folder / FILE
    if not path.exists():
        return
    names = {field.name for field in fields(AnswerRow)}
    for number, line in enumerate(whole_lines(path), start=1):
        try:
            record = {name: value for name, value in json.loads(line).items() if name in names}
            lists = {name: tuple(record[name]) for name in ("answers", "citations", "unsent")}
            yield AnswerRow(**record | lists)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise InvalidInput(f"{path}, line {number} is no row of answers: {error}") from error


def _answer(question: Question, shown: Shown, chat: Chat) -> AnswerRow:
    base: dict[str, Any] = {
        "dataset": question.dataset,
        "id": question.id,
        "context": shown.name,
        "question": question.question,
        "answers": question.answers,
    }
    try:
        began = perf_counter()
        kept = _shorten(question, shown)
        took = perf_counter() - began
        return AnswerRow(**base | _ask(question, kept, chat), compress_s=round(took, 4))
    except Exception as error:  # a failure is a result: it is recorded and counts as zero
        return AnswerRow(**base, error=f"{type(error).__name__}: {error}")


def _shorten(question: Question, shown: Shown) -> Context | None:
    if shown.make is None:
        return None
    context = Context.of(question.question, question.passages)
    size = whole(context, TokenBudget(0, embedded_count, Prompt().render))[1]
    limit = size if shown.fraction is None else int(shown.fraction * size + 1e-9)
    return shown.make(question)(context, TokenBudget(limit, embedded_count, Prompt().render))


def _ask(question: Question, kept: Context | None, chat: Chat) -> dict[str, Any]:
    prompt = CLOSED_BOOK if kept is None else Prompt()
    text = "" if kept is None else render(kept, TokenBudget(0, embedded_count, prompt.render))
    messages = prompt.messages(question.question, text)
    said = Grounded.of(chat.reply(messages), sent(kept) if kept else [])
    usage = said.reply.usage
    return _judged(question, said) | {
        "prompt": messages[-1]["content"],
        "reply": said.reply.text,
        "kept": float(holds_answer(text, question.answers)),
        "prompt_tokens": usage.prompt if usage else 0,
        "completion_tokens": usage.completion if usage else 0,
        "cached_tokens": usage.cached if usage else 0,
        "first_s": round(said.reply.first_s or said.reply.seconds, 3),
        "seconds": round(said.reply.seconds, 3),
    }


def _judged(question: Question, said: Grounded) -> dict[str, Any]:
    right = [n for n in said.citations if _tells(question, n - 1)]
    cited = len(said.citations) + len(said.unsent)
    contained = holds_answer(said.text, question.answers) if question.answerable else said.abstained
    return {
        "answer": said.text,
        "citations": said.citations,
        "unsent": said.unsent,
        "abstained": said.abstained,
        "em": exact_match(said.short, question.answers),
        "f1": f1(said.short, question.answers),
        "contained": float(contained),
        "cited_gold": len(right) / cited if cited else None,
    }


def _tells(question: Question, at: int) -> bool:
    return at in question.gold or holds_answer(question.passages[at].text, question.answers)
