"""langchain-classic's compressors and ours on the same questions, with the same MiniLM, in one run.

pip install -c constraints.txt '.[peers,faiss]'          (only for this comparison)
python -m pipelines.proofs.versus_langchain --limit 300                              (--minutes 12: stop by then)

Every question is answered by every system before the next question comes, so that a busy machine slows all alike.
No system sees what another left in a cache: each gets its own number of blanks behind every text. Ours runs at the
very number of tokens that the other kept of that question, and at half of it. Titles are given to nobody.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from typing import Any

import numpy as np
from langchain_core.documents import Document

from eval.datasets import find, load
from eval.metrics import holds_answer
from eval.questions import Question
from eval.stats import difference, mean_interval
from ragcompress.core.budget import embedded_count
from ragcompress.core.errors import require
from ragcompress.integrations.langchain import RagCompressor
from ragcompress.integrations.langchain.embeddings import EncoderEmbeddings
from ragcompress.methods import default
from ragcompress.retriever.embed import default_encoder

CALLS = 100  # concurrent calls in the test of the event loop


@dataclass(slots=True)
class System:
    """One way to compress, and what it did so far.

    Attributes:
        name: For the table.
        make: Makes the compressor for a number of tokens (which peers ignore).
        after: The system whose tokens are the budget, and the share of them; None: no budget.
        hits: 1.0 for every question whose answer survived.
        tokens: Tokens handed to the reader, per question.
        seconds: Time taken, per question.
    """

    name: str
    make: Callable[[int], Any]
    after: tuple[str, float] | None = None
    hits: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def systems() -> list[System]:
    """Two of langchain-classic, set up as in its documentation (but by number: cosines differ by model), and ours.

    Raises:
        MissingExtra: langchain-classic or langchain-community is not installed.
    """
    classic = require("langchain_classic.retrievers.document_compressors", "peers")
    community = require("langchain_community.document_transformers", "peers")
    splitters = require("langchain_text_splitters", "peers")
    embeddings = EncoderEmbeddings(default_encoder())
    passages = classic.EmbeddingsFilter(embeddings=embeddings, k=3)
    pipeline = classic.DocumentCompressorPipeline(
        transformers=[
            splitters.CharacterTextSplitter(chunk_size=300, chunk_overlap=0, separator=". "),
            community.EmbeddingsRedundantFilter(embeddings=embeddings),
            classic.EmbeddingsFilter(embeddings=embeddings, k=8),
        ]
    )
    one, two = "EmbeddingsFilter(k=3)", "DocumentCompressorPipeline(k=8)"
    return [
        System(one, lambda tokens: passages),
        System("ragcompress, same tokens", _ours, (one, 1.0)),
        System("ragcompress, half of them", _ours, (one, 0.5)),
        System(two, lambda tokens: pipeline),
        System("ragcompress, same tokens ", _ours, (two, 1.0)),
        System("ragcompress, half of them ", _ours, (two, 0.5)),
    ]


def _ours(tokens: int) -> RagCompressor:
    return RagCompressor(budget=tokens)


def documents(question: Question, salt: int = 0, most: int | None = None) -> list[Document]:
    """The passages as documents, with blanks behind them that make every system's texts its own."""
    return [Document(p.text + " " * (2 * salt + 1), id=p.id) for p in question.passages[:most]]


def run(found: Sequence[System], questions: Sequence[Question]) -> Iterator[int]:
    """Let every system answer every question; yields after each question."""
    by_name = {system.name: system for system in found}
    for system in found:  # a warm-up on other text
        system.make(50).compress_documents([Document("Warm. Up.")] * 3, "warm?")
    for at, question in enumerate(questions):
        for salt, system in enumerate(found):
            name, share = system.after or ("", 0.0)
            budget = int(share * by_name[name].tokens[at]) if system.after else 0
            given, compressor = documents(question, salt), system.make(budget)
            began = perf_counter()
            out = compressor.compress_documents(given, question.question + " " * salt)
            system.seconds.append(perf_counter() - began)
            text = "\n\n".join(document.page_content.strip() for document in out)
            system.tokens.append(embedded_count(text))
            system.hits.append(float(holds_answer(text, question.answers)))
        yield at + 1


def table(found: Sequence[System], questions: Sequence[Question]) -> Iterator[str]:
    """The lines of a Markdown table, then the differences at equal questions."""
    whole = [embedded_count("\n\n".join(d.page_content.strip() for d in documents(q))) for q in questions]
    yield "| system | answer recall [95 %] | tokens | kept fraction | ms, median | ms, p95 |"
    yield "|---|---|---|---|---|---|"
    yield f"| (all passages) | 100 % | {np.mean(whole):.0f} | 100 % | | |"
    for system in found:
        recall, ms = mean_interval(system.hits), np.array(system.seconds) * 1000
        kept = float(np.mean([out / all_ for out, all_ in zip(system.tokens, whole, strict=True)]))
        yield (
            f"| {system.name.strip()} | {recall.value:.1%} [{recall.low:.1%}, {recall.high:.1%}] | "
            f"{np.mean(system.tokens):.0f} | {kept:.1%} | {np.median(ms):.0f} | {np.percentile(ms, 95):.0f} |"
        )
    yield ""
    by_name = {system.name: system for system in found}
    for system in found:
        if system.after is not None:
            other = by_name[system.after[0]]
            gain = difference(system.hits, other.hits)
            yield (
                f"{system.name.strip()} minus {other.name}: answer recall {100 * gain.value:+.1f} points "
                f"[{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
            )


async def longest_stall(compressor: Any, questions: Sequence[Question], salt: int) -> tuple[float, float]:
    """Run ``CALLS`` calls at once over five passages each; seconds taken in all, and the loop's longest stall."""
    longest, done = 0.0, asyncio.Event()

    async def beat() -> None:
        nonlocal longest
        while not done.is_set():
            began = perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, perf_counter() - began - 0.001)

    async def one(at: int) -> None:
        question = questions[at % len(questions)]
        given = documents(question, salt + at // len(questions), most=5)
        await compressor.acompress_documents(given, question.question)

    beating, began = asyncio.create_task(beat()), perf_counter()
    await asyncio.gather(*(one(at) for at in range(CALLS)))
    took = perf_counter() - began
    done.set()
    await beating
    return took, longest


def main() -> None:
    """Run, with a line of progress, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="nq_multi20_dev")
    parser.add_argument("--limit", type=int, default=300, help="questions, evenly spread over the file")
    parser.add_argument("--minutes", type=float, default=60, help="stop after so long, with what is done")
    options = parser.parse_args()
    questions = [question for question in load(find(options.data), limit=options.limit) if question.answer_present]
    Random(0).shuffle(questions)  # so that a run that is stopped has seen questions from all over the file
    found, began, done = systems(), perf_counter(), 0
    for done in run(found, questions):
        if done % 25 == 0:
            print(f"  {done}/{len(questions)}", flush=True)
        if perf_counter() - began > 60 * options.minutes:
            break
    print(f"{done} questions of {options.data} whose answer stands in the passages, MiniLM for all")
    print(f"ragcompress is {default()!r}")
    print("\n".join(table(found, questions[:done])))
    for name, compressor in (("EmbeddingsFilter", found[0].make(0)), ("ragcompress", _ours(100))):
        took, longest = asyncio.run(longest_stall(compressor, questions, salt=50))
        print(
            f"{CALLS} concurrent calls, {name}: {took:.1f} s, longest stall of the event loop {longest * 1000:.0f} ms"
        )


if __name__ == "__main__":
    main()
