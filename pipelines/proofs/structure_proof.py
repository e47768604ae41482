"""Three promises of the units, shown in one run each.

python -m pipelines.proofs.structure_proof tile [--files 10000]      # files of installed packages: units tile them
python -m pipelines.proofs.structure_proof json [--draws 10000]      # what comes out of JSON parses
python -m pipelines.proofs.structure_proof cost [--limit 40]         # structure and selection, of the default's time
"""

from __future__ import annotations

import argparse
import json
import os
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

from eval.datasets import find, load
from pipelines.proofs.proof import must
from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.render import render
from ragcompress.pruners.extractive import SentencePruner
from ragcompress.pruners.labelling import LabellingPruner
from ragcompress.scorers import GuardedScorer
from ragcompress.scorers.labels import LabelScorer
from ragcompress.scorers.lexical import LexicalScorer
from ragcompress.structure import units
from ragcompress.testing import word_count

FOLDERS = (
    sysconfig.get_paths()["purelib"], "/usr/lib/node_modules", "/usr/local/lib/node_modules", "/usr/share", "/etc",
    sysconfig.get_paths()["stdlib"], "/usr/include",
)  # fmt: skip
LARGEST = 60_000  # bytes of a file
SAME_FOLDER = 12  # files that are read of one folder, so that many kinds come


def texts() -> Iterator[tuple[Path, str]]:
    """Files that are text, of Python, npm and Debian packages."""
    for parent, _, names in (step for folder in FOLDERS for step in os.walk(folder)):
        for name in sorted(names)[:SAME_FOLDER]:
            path = Path(parent, name)
            try:
                text = path.read_text("utf-8") if 0 < path.stat().st_size < LARGEST else ""
            except (OSError, UnicodeDecodeError):
                continue
            if text:
                yield path, text


def tile(number: int) -> None:
    """Units tile ``number`` files, and each need is a unit."""
    endings: Counter[str] = Counter()
    for path, text in islice(texts(), number):
        found = units(text)
        known = {unit[:2] for unit in found}
        whole = found[0].start == 0 and found[-1].end == len(text)
        joined = all(one.end == two.start for one, two in pairwise(found))
        if not (whole and joined and all(known.issuperset(unit.needs) for unit in found)):
            must(False, f"units tile {path}")
        endings[path.suffix or "none"] += 1
    must(sum(endings.values()) >= number, f"units tile {sum(endings.values()):,} files of {len(endings)} endings")
    print("  " + ", ".join(f"{ending} {count:,}" for ending, count in endings.most_common(12)))


def parses(number: int) -> None:
    """What is kept of JSON parses, in ``number`` draws of values, questions and budgets."""
    pruner, empty = SentencePruner(LexicalScorer()), 0
    for at in range(number):
        draw = Random(at)
        value = _value(draw, 0)
        text = json.dumps(value, indent=draw.choice((None, None, 1, 2)), ensure_ascii=draw.random() < 0.5)
        limit = draw.randint(1, max(2, word_count(text)))
        out = render(pruner(Context.of(draw.choice(WORDS), [text]), TokenBudget(limit, word_count)))
        empty += not out
        try:
            json.loads(out or "null")
        except ValueError:
            must(False, f"draw {at} parses: {out[:300]!r}")
    must(True, f"JSON out of JSON parses in {number:,} draws; {empty:,} of them empty")


WORDS = ("pump", "gate", 'hose "long"', "café", "boiler, small", "a\nb", "橋", "]}", "x" * 90, "")


def _value(draw: Random, depth: int) -> Any:
    """A list or an object, with more of them inside now and then."""
    size = draw.choice((0, 1, 2, 3, 6, 12))
    inner = [
        _value(draw, depth + 1) if depth < 3 and draw.random() < 0.35
        else draw.choice((draw.choice(WORDS), draw.randint(-9, 9999), draw.random(), None, True))
        for _ in range(size)
    ]  # fmt: skip
    if depth == 0 and draw.random() < 0.6:
        return [{"id": at, "name": draw.choice(WORDS), "more": one} for at, one in enumerate(inner)]
    return inner if draw.random() < 0.5 else {f"{draw.choice(WORDS)}{at}": one for at, one in enumerate(inner)}


def cost(limit: int) -> None:
    """Processor time of structure and selection in per cent of the default's whole time on nq_multi20_dev."""
    scored = 0.0
    judge: Callable[[GuardedScorer, Context], Context] = GuardedScorer.__call__

    def timed(self: GuardedScorer, context: Context) -> Context:
        nonlocal scored
        began = process_time()
        out = judge(self, context)
        scored += process_time() - began
        return out

    GuardedScorer.__call__ = timed  # type: ignore[method-assign]
    pruner = LabellingPruner(GuardedScorer(LabelScorer()))
    asked = [question for question in load(find("nq_multi20_dev")) if question.answerable][: limit + 3]
    whole = 0.0
    for number, question in enumerate(asked):
        context = Context.of(question.question, question.passages)
        if number == 3:  # the first ones load models
            scored = whole = 0.0
        began = process_time()
        pruner(context, TokenBudget(400, word_count))
        whole += process_time() - began
    GuardedScorer.__call__ = judge  # type: ignore[assignment, method-assign]
    share = 100 * (whole - scored) / whole
    print(
        f"  {limit} questions: {1000 * whole / limit:.0f} ms each, of them {1000 * scored / limit:.0f} ms in the scorer"
    )
    must(share <= 15, f"structure and selection take {share:.1f} % of the default's time")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("promise", choices=("tile", "json", "cost"))
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--limit", type=int, default=40, help="questions")
    options = parser.parse_args()
    if options.promise == "tile":
        tile(options.files)
    elif options.promise == "json":
        parses(options.draws)
    else:
        cost(options.limit)


if __name__ == "__main__":
    main()
