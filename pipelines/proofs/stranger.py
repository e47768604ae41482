"""A stranger's folder, indexed in one go and asked twenty questions, and ten that nothing in it answers.

    python -m pipelines.proofs.stranger --filler 400       # kilobytes of files beside those that are asked about

Right: the passage that holds the wanted line is among the first ten. Kept: that line is in the context.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from typer.testing import CliRunner

from pipelines.proofs.stranger_files import ASKED, UNANSWERED, Asked, write_folder
from ragcompress.cli.app import app
from ragcompress.core.types import Passage
from ragcompress.facade import compress
from ragcompress.retriever import HybridRetriever

__all__ = ["Found", "indexed", "looked_for"]

BUDGETS = (None, 200)


class Found(NamedTuple):
    """What became of one question."""

    asked: Asked
    passages: tuple[Passage, ...]
    kept: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether a passage with the wanted line, or whose title has it, is there."""
        return any(holds(passage.title + "\n" + passage.text, self.asked.wanted) for passage in self.passages)


def holds(text: str, wanted: str) -> bool:
    """Whether a line is in a text, whatever the spacing.

    >>> holds("opt-level  =\\n 0", "opt-level = 0")
    True
    """
    return " ".join(wanted.split()) in " ".join(text.split())


def indexed(folder: Path, out: Path) -> str:
    """Index a folder with one command; what it printed.

    Raises:
        SystemExit: It did not end with 0.
    """
    done = CliRunner().invoke(app, ["index", str(folder), "--out", str(out)])
    if done.exit_code:
        sys.exit(f"index ended with {done.exit_code}: {done.output}")
    return done.output


def looked_for(retriever: HybridRetriever, asked: Sequence[Asked]) -> Iterator[Found]:
    """Retrieve ten passages for each question, and compress them at every budget."""
    for each in asked:
        passages = tuple(retriever.retrieve(each.question, k=10))
        kept = tuple(compress(each.question, passages, budget).text for budget in BUDGETS)
        yield Found(each, passages, kept)


def main() -> None:
    """Print the account, and every miss with what was kept in its place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filler", type=int, default=400, help="kilobytes of files that answer nothing")
    options = parser.parse_args()
    started = perf_counter()
    with TemporaryDirectory() as scratch:
        folder, out = Path(scratch, "folder"), Path(scratch, "index")
        size = write_folder(folder, filler=options.filler)
        print(indexed(folder, out).replace(scratch + "/", ""))
        retriever = HybridRetriever.load(out)
        found = list(looked_for(retriever, ASKED))
        print(f"{size / 1e6:.1f} MB, {len(retriever):,} passages, {len(ASKED)} questions")
        _account(found)
        _unanswered(retriever)
    print(f"{perf_counter() - started:.0f} s")


def _account(found: Sequence[Found]) -> None:
    print(f"right passage in the first ten: {sum(each.right for each in found)} of {len(found)}")
    for at, budget in enumerate(BUDGETS):
        kept = sum(holds(each.kept[at], each.asked.wanted) for each in found)
        print(f"wanted line kept, {f'{budget} tokens' if budget else 'no budget'}: {kept} of {len(found)}")
    for each in found:
        for text, budget in zip(each.kept, BUDGETS, strict=True):
            if not (each.right and holds(text, each.asked.wanted)):
                said = "kept" if each.right else "not found; kept"
                print(f"\n{each.asked.question} ({each.asked.file}, {budget}) wants {each.asked.wanted!r}; {said}:")
                print(text[:600])


def _unanswered(retriever: HybridRetriever) -> None:
    """How often the result says that nothing is relevant, and how much is sent all the same."""
    outs = [compress(question, retriever.retrieve(question, k=10)) for question in UNANSWERED]
    said = sum(any("nothing" in warning for warning in out.warnings) for out in outs)
    tokens = sum(out.tokens_out for out in outs) / len(outs)
    print(
        f"\nwithout an answer: the result says so for {said} of {len(outs)}, and sends {tokens:.0f} tokens on average"
    )
    for question, out in zip(UNANSWERED, outs, strict=True):
        print(f"  {question} → {' '.join(out.text.split())[:100]!r}")


if __name__ == "__main__":
    main()
