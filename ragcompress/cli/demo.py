"""``ragcompress demo``: three questions at once, then all of them over an index, on the corpus in the package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Annotated, Any

from ragcompress.cli.answer import answer, load_reader
from ragcompress.cli.options import AsJson, Html, Method, known
from ragcompress.cli.output import console, note, put_json, show, show_progress, write_file
from ragcompress.cli.readers import BaseUrl, MaybeReader, chat_of
from ragcompress.cli.survey import Asked, Read, Survey, survey, survives
from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.demo import DemoQuestion, load_corpus, load_questions
from ragcompress.facade import compress
from ragcompress.generators.chat import Chat
from ragcompress.results.page import pages
from ragcompress.results.result import Compressed
from ragcompress.retriever import HybridRetriever
from ragcompress.retriever.embed import passage_text
from ragcompress.retriever.lexical import LexicalIndex

__all__ = ["demo"]

typer = require("typer", "cli")

SHOWN = ("q03", "q12", "q26")  # one of two timetables, one whose answer is over two passages, one without an answer
WHY = {
    "q03": "Two timetables were found. Each kept time comes with the sentence that says which summer it is for.",
    "q12": "No passage answers alone: one names the morning, another the guard. Both are kept.",
    "q26": "The corpus holds no answer. The model is unsure of every passage, and keeps what comes closest.",
}

Budget = Annotated[
    int | None,
    typer.Option(
        "--budget", "-b", help="The most tokens per question; in those shown, the model decides.", metavar="N"
    ),
]
Count = Annotated[int, typer.Option("--count", "-k", help="How many passages to retrieve.", metavar="N")]
_BUDGET = 250


@dataclass(frozen=True, slots=True)
class _Case:
    """One question from end to end."""

    question: DemoQuestion
    result: Compressed

    @property
    def verdict(self) -> str:
        """Whether the accepted answer was kept, in words."""
        if not self.question.answerable:
            return "the corpus holds no answer"
        kept = survives(self.question.answers, self.result.text)
        return f"expected {self.question.answers[0]}, which the context " + ("still holds" if kept else "has lost")


def demo(
    budget: Budget = None,
    count: Count = 10,
    method: Method = None,
    as_json: AsJson = False,
    html: Html = None,
    reader: MaybeReader = None,
    base_url: BaseUrl = None,
) -> None:
    """Ask the built-in corpus questions, and show what compression keeps and saves."""
    started = perf_counter()
    if count < 1 or (budget is not None and budget < 0):
        raise InvalidInput(f"--count is {count} and --budget {budget}; give at least 1 and at least 0")
    known(method, budget)
    chat = chat_of(reader, base_url)
    corpus, questions = load_corpus(), load_questions()
    if not as_json:
        _say(_WELCOME.format(passages=len(corpus)))
    cases = list(_cases(_at_once(corpus, questions, count), budget, method, quiet=as_json))
    if not as_json:
        note(f"three questions in {perf_counter() - started:.1f} s; now the corpus is indexed")
    read = _reading(chat)
    rows = _account(_retrieved(corpus, questions, count), budget or _BUDGET, method, read)
    if html is not None:
        write_file(html, pages("ragcompress demo", [(case.result, _remark(case)) for case in cases], _as_html(rows)))
    seconds = perf_counter() - started
    if as_json:
        put_json({"cases": [_row(case) for case in cases], "survey": [asdict(row) for row in rows], "seconds": seconds})
        return
    _print_account(rows, budget or _BUDGET, count, by_model=chat is not None)
    _say(_YOURS)
    note(f"{seconds:.0f} s in all")


_WELCOME = """[bold]The Tarnhorn line[/]: {passages} passages from the handbook and log of an invented mountain railway.
For each of three questions, ten passages are found by their words (BM25). Then the labeller, a small model in this
package, reads them with the question and says what is worth sending. Nothing is downloaded, and no key is needed.
[dim]Yellow is kept, grey is dropped; the numbers behind titles say how likely a passage answers.[/]
"""
_YOURS = """[bold]Your own files[/]
  ragcompress ask "Your question?" notes.md report.pdf              straight from files
  ragcompress index folder/ --out my.index                          once, for many questions
  ragcompress ask "Your question?" --index my.index --budget 300
In Python:  import ragcompress as rc; rc.compress(question, passages, budget=300).text
"""


def _at_once(corpus: Sequence[Passage], questions: Sequence[DemoQuestion], count: int) -> Iterator[Asked]:
    """The questions that are shown, with passages found without an index: within a second."""
    words = LexicalIndex.build(passage_text(passage) for passage in corpus)
    for question in questions:
        if question.id in SHOWN:
            yield question, [corpus[int(row)] for row in words.top(question.question, count)]


def _cases(asked: Iterator[Asked], budget: int | None, method: str | None, *, quiet: bool) -> Iterator[_Case]:
    """Compress one after the other, each shown as soon as it is there."""
    for question, passages in asked:
        result = compress(question.question, passages, budget, method)
        case = _Case(question, result)
        if not quiet:
            _print_case(case)
        yield case


def _retrieved(corpus: Sequence[Passage], questions: Sequence[DemoQuestion], count: int) -> list[Asked]:
    retriever = HybridRetriever.build(corpus, progress=show_progress())
    found = retriever.retrieve_many([question.question for question in questions], count)
    return list(zip(questions, found, strict=True))


def _reading(chat: Chat | None) -> Read | None:
    """What answers all questions: the model that was named, else the embedded reader, where there is one."""
    if chat is None and load_reader() is None:
        return None
    return lambda context: answer(context, chat).text


def _account(asked: Sequence[Asked], budget: int, method: str | None, read: Read | None) -> list[Survey]:
    """Uncompressed, then cut off and compressed, at the budget and at half of it."""
    track = require("rich.progress", "cli").track
    options = {"console": console(stderr=True), "disable": not show_progress(), "transient": True}
    rows = [survey("all that was retrieved", asked, budget=None, read=read)]
    for limit in (budget, budget // 2):
        watched = track(asked, f"all questions at {limit} tokens", **options)
        rows.append(survey(f"cut off after {limit:,}", asked, budget=limit, method="truncate", read=read))
        rows.append(survey(f"compressed to at most {limit:,}", watched, budget=limit, method=method, read=read))
    return rows


def _say(text: str) -> None:
    console().print(text, soft_wrap=True)


def _print_case(case: _Case) -> None:
    out, text = console(), require("rich.text", "cli").Text
    out.print(require("rich.rule", "cli").Rule(text(case.question.question, style="bold cyan"), align="left"))
    out.print(WHY.get(case.question.id, ""), style="dim", markup=False)
    show(case.result)
    out.print(text(f"\n{case.verdict}\n", style="bold green"))


def _print_account(rows: Sequence[Survey], budget: int, count: int, *, by_model: bool) -> None:
    whole, out = rows[0], console()
    out.print(require("rich.rule", "cli").Rule(f"all {whole.questions} questions that have an answer", align="left"))
    out.print(_explained(budget, count), soft_wrap=True, markup=False)
    if whole.right is not None:
        out.print(_BY_MODEL if by_model else _BY_READER, soft_wrap=True, markup=False)
    table = _table(*_head(rows))
    for cells, bold in _cells(rows):
        table.add_row(*cells, style="bold" if bold else "")
    out.print(table)


def _explained(budget: int, count: int) -> str:
    return (
        f"All start from the same {count} passages a question, found by FAISS and BM25 together.\n"
        f"'Cut off' sends them from the first on until {budget:,} (then {budget // 2:,}) tokens are full.\n"
        "'Compressed' may send as much, and sends less where the rest is not worth it."
    )


_BY_READER = """The reader in this package copies one short span and knows nothing else: it can't count, compare
dates or tell which rule is in force, and half of this corpus is about that. For more: --reader openai:MODEL or
llama:FILE.gguf."""
_BY_MODEL = "The language model that you named answers; of the rest it says that it is not in the context."


def _head(rows: Sequence[Survey]) -> list[str]:
    names = ["what is sent", "tokens", "ratio", "answer is in it"]
    return names if rows[0].right is None else [*names, "right", "wrong", "not sure", "seconds"]


def _cells(rows: Sequence[Survey]) -> Iterator[tuple[tuple[str, ...], bool]]:
    for row in rows:
        ratio = f"{rows[0].tokens / row.tokens:.1f}×" if row.tokens else "–"
        found = f"{row.survived} of {row.questions}"
        cells = [row.name, f"{row.tokens:,}", ratio, found]
        if row.right is not None and row.wrong is not None:
            unsure = row.questions - row.right - row.wrong
            cells += [str(row.right), str(row.wrong), str(unsure), f"{row.seconds:.1f}"]
        yield tuple(cells), row.name.startswith("compressed")


def _as_html(rows: Sequence[Survey]) -> str:
    head = "<tr>" + "".join(f"<th>{name}</th>" for name in _head(rows)) + "</tr>"
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells, _ in _cells(rows))
    return f'<div class="rc"><table>{head}{body}</table></div>'


def _table(first: str, *others: str) -> Any:
    table = require("rich.table", "cli").Table(box=require("rich.box", "cli").SIMPLE_HEAD)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _remark(case: _Case) -> str:
    return case.verdict


def _row(case: _Case) -> dict[str, Any]:
    question = {"id": case.question.id, "expected": list(case.question.answers)}
    return {**question, "context": case.result.to_dict()}
