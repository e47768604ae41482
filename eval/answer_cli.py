"""``python -m eval answers``: a language model answers; the table of its answers."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ragcompress.core.errors import InvalidInput
from ragcompress.generators.chat import Chat
from ragcompress.generators.endpoint import OpenAIChat
from ragcompress.generators.llama import LlamaChat
from ragcompress.generators.named import chat_named
from ragcompress.generators.remembered import Remembered

from .answer_table import answer_table
from .answers import FILE, Shown, answer_questions, read_answers
from .prices import PRICES, read_prices
from .questions import Question
from .rows import write_header
from .run import versions

__all__ = ["answer", "language_model", "table"]

TABLE = "answers.md"


def answer(options: argparse.Namespace, questions: Sequence[Question], header: dict[str, object]) -> int:
    """Ask what is not answered yet, then print the table; the number of new rows is returned."""
    shown = [Shown.named(name.strip()) for name in options.contexts.split(",") if name.strip()]
    chat = language_model(options)
    write_header(
        options.out,
        header
        | {
            "commands": [shlex.join(["python", "-m", "eval", *sys.argv[1:]])],
            "methods": {one.name: one.name for one in shown},
            "reader": repr(chat),
            "renderer": "numbered, between marks",
            "versions": versions(),
        },
    )

    def progress(at: int) -> None:
        print(f"question {at} of {len(questions)}", file=sys.stderr, flush=True)

    return answer_questions(questions, shown, chat, options.out, progress=progress)


def table(folder: Path, *, prices: Path | None, margin: float) -> str:
    """The table of a folder's answers, also written to its ``answers.md``.

    Raises:
        InvalidInput: The folder holds no answers.
    """
    if not (folder / FILE).is_file():
        raise InvalidInput(f"{folder} holds no answers (no {FILE}); name the --out of `eval answers`")
    text = answer_table(read_answers(folder), read_prices(prices) if prices else PRICES, margin=margin)
    (folder / TABLE).write_text(text, encoding="utf-8")
    return text


def language_model(options: argparse.Namespace) -> Chat:
    """The model of ``--reader``, its answers kept beside the rows, so that what was asked once is not asked again."""
    chat = chat_named(options.reader, options.base_url)
    if isinstance(chat, LlamaChat):
        chat = LlamaChat(chat.path, window=options.window, threads=options.threads, max_tokens=options.max_tokens)
    elif isinstance(chat, OpenAIChat):
        chat = replace(chat, max_tokens=options.max_tokens)
    return Remembered(chat, options.out / "answers.sqlite")
