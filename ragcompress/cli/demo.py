"""``ragcompress demo``: index, retrieve, compress and answer, on the corpus in the package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Annotated, Any

from ragcompress.cli.answer import NO_READER, Answer, answer
from ragcompress.cli.options import AsJson, Html, Method, known
from ragcompress.cli.output import console, note, put_json, show_progress, write_file
from ragcompress.cli.survey import Asked, Survey, survey, survives
from ragcompress.core.errors import require
from ragcompress.demo import DemoQuestion, load_corpus, load_questions
from ragcompress.facade import compress
from ragcompress.results.result import Compressed
from ragcompress.results.show import pages, visible
from ragcompress.retriever import HybridRetriever

__all__ = ["demo"]

typer = require("typer", "cli")

SHOWN = ("q06", "q12", "q24", "q26")  # one of several dated rules, one over two passages, one French, one unanswerable

Budget = Annotated[int, typer.Option("--budget", "-b", help="The most tokens to keep per question.", metavar="N")]
Count = Annotated[int, typer.Option("--count", "-k", help="How many passages to retrieve.", metavar="N")]


@dataclass(frozen=True, slots=True)
class _Case:
    """One question from end to end."""

    question: DemoQuestion
    result: Compressed
    answer: Answer

    @property
    def verdict(self) -> str:
        """Whether the accepted answer was kept, in words."""
        if not self.question.answerable:
            return "the corpus holds no answer"
        kept = survives(self.question.answers, self.result.text)
        return f"expected {self.question.answers[0]}, which the context " + ("still holds" if kept else "has lost")


def demo(
    budget: Budget = 250, count: Count = 10, method: Method = None, as_json: AsJson = False, html: Html = None
) -> None:
    """Index the built-in corpus, ask it questions, and show what compression keeps and saves."""
    started = perf_counter()
    known(method, budget)
    corpus, questions = load_corpus(), load_questions()
    retriever = HybridRetriever.build(corpus, progress=show_progress())
    indexed = perf_counter() - started
    found = retriever.retrieve_many([question.question for question in questions], count)
    asked = list(zip(questions, found, strict=True))
    if not as_json:
        note(f"indexed in {indexed:.1f} s")  # times differ from run to run: standard output does not
        _print_index(len(corpus))
    cases = list(_cases([pair for pair in asked if pair[0].id in SHOWN], budget, method, quiet=as_json))
    rows = _account(asked, budget, method)
    if html is not None:
        write_file(html, pages("ragcompress demo", [(case.result, _remark(case)) for case in cases]))
    seconds = perf_counter() - started
    if as_json:
        put_json({"cases": [_row(case) for case in cases], "survey": [asdict(row) for row in rows], "seconds": seconds})
        return
    _print_savings(cases)
    _print_account(rows)
    note(f"{seconds:.0f} s in all")


def _cases(asked: Sequence[Asked], budget: int, method: str | None, *, quiet: bool) -> Iterator[_Case]:
    """Compress and answer one after the other, each shown as soon as it is there."""
    for question, passages in asked:
        result = compress(question.question, passages, budget, method)
        case = _Case(question, result, answer(result.context))
        if not quiet:
            _print_case(case)
        yield case


def _account(asked: Sequence[Asked], budget: int, method: str | None) -> list[Survey]:
    """Uncompressed, then cut off and compressed, at the budget and at half of it."""
    track = require("rich.progress", "cli").track
    options = {"console": console(stderr=True), "disable": not show_progress(), "transient": True}
    rows = [survey("all that was retrieved", asked, budget=None)]
    for limit in (budget, budget // 2):
        watched = track(asked, f"all questions at {limit} tokens", **options)
        rows.append(survey(f"cut off after {limit:,}", asked, budget=limit, method="truncate"))
        rows.append(survey(f"compressed to {limit:,}", watched, budget=limit, method=method))
    return rows


def _print_index(passages: int) -> None:
    console().print(
        f"[bold]The Tarnhorn line[/]: {passages} passages from the handbook and log of an invented mountain railway\n"
        "indexed with FAISS and BM25; the encoder (MiniLM) is in the package: no download, no key\n"
    )


def _print_case(case: _Case) -> None:
    out, text = console(), require("rich.text", "cli").Text
    out.print(require("rich.rule", "cli").Rule(text(case.question.question, style="bold cyan"), align="left"))
    out.print(case.result)
    said = (f"{_label(case.answer)}: ", "bold"), (visible(str(case.answer)), "bold green")
    out.print(text.assemble("\n", *said, f"\n{case.verdict}\n"))


def _print_savings(cases: Sequence[_Case]) -> None:
    table = _table("question", "tokens in", "out", "kept", "ratio", "answer in context")
    for case in cases:
        result = case.result
        kept = survives(case.question.answers, result.text)
        table.add_row(
            case.question.question,
            f"{result.tokens_in:,}",
            f"{result.tokens_out:,}",
            f"{result.kept_fraction:.0%}",
            f"{result.compression_ratio:.1f}×",
            ("yes" if kept else "[red]no[/]") if case.question.answerable else "[dim]there is none[/]",
        )
    console().print(table)


def _print_account(rows: Sequence[Survey]) -> None:
    whole = rows[0]
    table = _table("what the reader is sent", "tokens", "ratio", "answer in it", "answered right")
    for row in rows:
        right = "–" if row.right is None else f"{row.right} of {row.asked}"
        ratio = f"{whole.tokens / row.tokens:.1f}×" if row.tokens else "–"
        style = "bold" if row.name.startswith("compressed") else ""
        table.add_row(row.name, f"{row.tokens:,}", ratio, f"{row.survived} of {row.questions}", right, style=style)
    if all(row.right is None for row in rows):
        table.columns.pop()
    out = console()
    out.print(f"[bold]All {whole.asked} questions[/] ({whole.questions} have an answer in the corpus)")
    out.print(table)


def _table(first: str, *others: str) -> Any:
    table = require("rich.table", "cli").Table(box=require("rich.box", "cli").SIMPLE_HEAD)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _label(found: Answer) -> str:
    return NO_READER if found.reader == NO_READER else "answer"


def _remark(case: _Case) -> str:
    return f"{_label(case.answer)}: {case.answer}\n{case.verdict}"


def _row(case: _Case) -> dict[str, Any]:
    question = {"id": case.question.id, "expected": list(case.question.answers)}
    return {**question, "answer": case.answer.to_dict(), "context": case.result.to_dict()}
